"""Reads a lake on S3 by boto3 alone, as a program that knows nothing about the platform would."""

import csv
import io
import json
from typing import Any

from tests.fakes.aws import Aws


class S3Reader:
    """Reads below s3://bucket/prefix with the test's own credentials, so the pipeline's faults do not affect it."""

    def __init__(self, aws: Aws, lake_url: str) -> None:
        self._client = aws.client("s3")
        self._bucket, _, self._prefix = lake_url.removeprefix("s3://").partition("/")

    def read(self, key: str) -> bytes:
        """An object's bytes."""
        body: bytes = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}/{key}")["Body"].read()
        return body

    def has(self, key: str) -> bool:
        """Whether an object exists, or, for a key that ends in /, any object below it."""
        return any(existing == key or key.endswith("/") for existing in self.keys(key))

    def keys(self, prefix: str) -> list[str]:
        """The keys with this prefix, sorted."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{self._prefix}/{prefix}"
        )
        return [item["Key"].removeprefix(f"{self._prefix}/") for page in pages for item in page.get("Contents", [])]

    def latest(self) -> Any:
        """The content of output/latest.json."""
        return json.loads(self.read("output/latest.json"))

    def borrowers(self) -> list[str]:
        """The borrowers of the latest audience, sorted."""
        rows = csv.DictReader(io.StringIO(self.read(self.latest()["audience"]).decode(), newline=""))
        return sorted(row["borrower_id"] for row in rows)
