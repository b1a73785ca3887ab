"""AWS for one test: endpoints, its own keys, new buckets and databases, its requests and its faults.

Tests run at the same time against the same servers. So each test has its own access key ids, which identify its
requests and limit its faults to them.
"""

import json
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from tests.fakes.faults import Fault
from tests.fakes.recording import FAULTS_PATH

REGION = "us-east-1"
SESSION = boto3.Session()  # shared, because each session reads the service models again


def _unique() -> str:
    return uuid.uuid4().hex[:10]


@dataclass(frozen=True)
class Aws:
    """One test's AWS. url: of moto; trino_port and athena_url: set if the test uses them."""

    url: str
    record_file: Path
    trino_port: int = 0
    athena_url: str = ""
    unique: str = field(default_factory=_unique)

    @property
    def access_key(self) -> str:
        """The access key id of the pipeline under test."""
        return f"PIPELINE{self.unique.upper()}"

    @property
    def env(self) -> dict[str, str]:
        """The standard AWS variables of the pipeline under test, and nothing from this machine's AWS configuration."""
        variables = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": "pipeline",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        return variables | ({"AWS_ENDPOINT_URL_ATHENA": self.athena_url} if self.athena_url else {})

    def trino_url(self, database: str) -> str:
        """The value of REFI_TRINO_URL."""
        return f"http://refi@127.0.0.1:{self.trino_port}/awsdatacatalog/{database}"

    def client(self, service: str) -> Any:
        """A boto3 client for the test's own requests, with another key than the pipeline's."""
        return self._client(service, f"SETUP{self.unique.upper()}")

    def pipeline_client(self, service: str) -> Any:
        """A boto3 client with the pipeline's key, which retries nothing."""
        return self._client(service, self.access_key, config=Config(retries={"total_max_attempts": 1}))

    def _client(self, service: str, access_key: str, **options: Any) -> Any:
        return SESSION.client(
            service,
            region_name=REGION,
            endpoint_url=self._endpoint(service),
            aws_access_key_id=access_key,
            aws_secret_access_key="secret",
            **options,
        )

    def _endpoint(self, service: str) -> str:
        return self.athena_url if service == "athena" and self.athena_url else self.url

    def new_name(self, prefix: str) -> str:
        """A name that no other test uses, of a queue, a topic or a key."""
        return f"{prefix}-{_unique()}"

    def new_bucket(self) -> str:
        """The name of a new, empty bucket."""
        name = self.new_name("lake")
        self.client("s3").create_bucket(Bucket=name)
        return name

    def new_database(self, bucket: str) -> str:
        """The name of a new, empty Glue database, whose tables are below s3://bucket/<name>/ by default."""
        name = f"refi_{_unique()}"
        database = {"Name": name, "LocationUri": f"s3://{bucket}/{name}/"}
        self.client("glue").create_database(DatabaseInput=database)
        return name

    def requests(self, access_key: str | None = None) -> list[dict[str, Any]]:
        """The recorded requests of a key id (by default this test's pipeline's), oldest first. See recording.py."""
        if not self.record_file.exists():
            return []
        key = access_key or self.access_key
        with self.record_file.open(encoding="utf-8") as lines:  # the whole session's: most lines are not parsed
            requests = [json.loads(line) for line in lines if key in line]
        return [request for request in requests if request["access_key"] == key]

    def faults(self, *faults: Fault) -> None:
        """Add faults for requests of this test's pipeline. They are removed when the test ends."""
        rules = [asdict(fault) | {"access_key": self.access_key} for fault in faults]
        for url in filter(None, (self.url, self.athena_url)):
            httpx.put(url + FAULTS_PATH, json=rules).raise_for_status()

    def faults_met(self) -> int:
        """The number of requests that have met a fault of this test, including those still waiting for an answer."""
        urls = filter(None, (self.url, self.athena_url))
        return sum(int(httpx.get(url + FAULTS_PATH, params={"access_key": self.access_key}).text) for url in urls)

    def clear_faults(self) -> None:
        """Remove this test's faults."""
        for url in filter(None, (self.url, self.athena_url)):
            httpx.delete(url + FAULTS_PATH, params={"access_key": self.access_key}).raise_for_status()
