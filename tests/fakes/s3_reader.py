"""A lake on S3 as a program reads it that knows nothing of the platform: by boto3 alone."""

import csv
import io
import json
from typing import Any

from tests.fakes.aws import Aws


class S3Reader:
    """Reads below s3://bucket/prefix, with the test's own credentials: no fault of the pipeline's meets it."""

    def __init__(self, aws: Aws, lake_url: str) -> None:
        self._client = aws.client("s3")
        self._bucket, _, self._prefix = lake_url.removeprefix("s3://").partition("/")

    def read(self, key: str) -> bytes:
        """An object's bytes."""
        body: bytes = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}/{key}")["Body"].read()
        return body

    def has(self, key: str) -> bool:
        """Whether there is an object, or below a key that ends in / one at least."""
        return any(found == key or key.endswith("/") for found in self.keys(key))

    def keys(self, prefix: str) -> list[str]:
        """Keys that begin so, sorted."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{self._prefix}/{prefix}"
        )
        return [one["Key"].removeprefix(f"{self._prefix}/") for page in pages for one in page.get("Contents", [])]

    def latest(self) -> Any:
        """What output/latest.json says."""
        return json.loads(self.read("output/latest.json"))

    def borrowers(self) -> list[str]:
        """The borrowers of the latest audience, sorted."""
        rows = csv.DictReader(io.StringIO(self.read(self.latest()["audience"]).decode(), newline=""))
        return sorted(row["borrower_id"] for row in rows)
