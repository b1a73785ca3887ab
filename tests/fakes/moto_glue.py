"""Parts of Glue that moto lacks, added by complete_glue().

Column statistics (Trino requests them; there are none), fields that Glue always returns, an UpdateTable that refuses a
stale VersionId, and working crawlers (the crawl itself is in glue_crawl.py).
"""

import json
import threading
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.glue import models
from moto.glue import urls as glue_urls
from moto.glue.exceptions import CrawlerNotRunningException, CrawlerRunningException
from moto.glue.responses import GlueResponse

from tests.fakes.glue_crawl import crawl
from tests.fakes.recording import FAULT

UPDATING = threading.Lock()
SESSION = boto3.Session("CRAWLER", "crawler", region_name="us-east-1")


class Crawler(models.FakeCrawler):
    """A crawler that crawls when it starts, then reports RUNNING once and STOPPING once before it is READY."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._states: list[str] = []
        self._last_crawl: dict[str, Any] = {}

    @property
    def status(self) -> str:
        return self._states[0] if self._states else "READY"

    def as_dict(self) -> dict[str, Any]:
        answer = super().as_dict() | ({"LastCrawl": self._last_crawl} if self._last_crawl else {})
        if self._states != ["RUNNING"]:  # RUNNING alone lasts forever
            self._states = self._states[1:]
        return answer

    def start_crawler(self) -> None:
        if self._states:
            raise CrawlerRunningException(f"Crawler with name {self.name} has already started")
        fault = FAULT.get()
        if fault and fault.outcome == "RUNNING":
            self._states = ["RUNNING"]
            return
        self._states = ["RUNNING", "STOPPING"]
        self._last_crawl = {"Status": "SUCCEEDED", "LogGroup": "/aws-glue/crawlers", "LogStream": self.name}
        self._last_crawl |= {"MessagePrefix": self.name, "StartTime": utcnow()}
        try:
            if fault and fault.outcome == "FAILED":
                raise ValueError(fault.message)
            crawl(super().as_dict(), SESSION)
        except (ClientError, ValueError) as error:
            self._last_crawl |= {"Status": "FAILED", "ErrorMessage": str(error)}

    def stop_crawler(self) -> None:
        if not self._states:
            raise CrawlerNotRunningException(f"Crawler with name {self.name} isn't running")
        self._states = ["STOPPING"]
        self._last_crawl = {"Status": "CANCELLED", "StartTime": utcnow()}


class Table(models.FakeTable):
    """A table with the fields that Glue always returns."""

    def as_dict(self, version: str | None = None) -> dict[str, Any]:
        return _with_glue_fields(super().as_dict(version))


class Partition(models.FakePartition):
    """A partition with the fields that Glue always returns."""

    def as_dict(self) -> dict[str, Any]:
        return _with_glue_fields(super().as_dict())


def _with_glue_fields(table: dict[str, Any]) -> dict[str, Any]:
    if storage := table.get("StorageDescriptor"):
        always = {"NumberOfBuckets": 0, "BucketColumns": [], "SortColumns": []}
        table = table | {"StorageDescriptor": always | storage}
    return table


class Glue(GlueResponse):
    """The calls of Glue that moto lacks, or does not check."""

    def get_column_statistics_for_table(self) -> str:
        return json.dumps({"ColumnStatisticsList": [], "Errors": []})

    def update_column_statistics_for_table(self) -> str:
        return json.dumps({"Errors": []})

    def delete_column_statistics_for_table(self) -> str:
        return "{}"

    get_column_statistics_for_partition = get_column_statistics_for_table
    update_column_statistics_for_partition = update_column_statistics_for_table
    delete_column_statistics_for_partition = delete_column_statistics_for_table

    def get_user_defined_functions(self) -> str:
        return json.dumps({"UserDefinedFunctions": []})

    def batch_get_partition(self) -> ActionResult:
        answer: Any = super().batch_get_partition()
        return ActionResult({"UnprocessedKeys": []} | answer.result)

    def update_table(self) -> ActionResult:
        database, table = self.parameters["DatabaseName"], self.parameters["TableInput"]["Name"]
        version = self.parameters.get("VersionId")
        with UPDATING:
            if version not in (None, self.glue_backend.get_table(database, table).as_dict()["VersionId"]):
                raise JsonRESTError("ConcurrentModificationException", f"Update table failed: {version} is not current")
            return super().update_table()


def complete_glue() -> None:
    """Replace moto's classes by those above, in this process."""
    models.FakeCrawler = Crawler  # type: ignore[misc]
    models.FakeTable = Table  # type: ignore[misc]
    models.FakePartition = Partition  # type: ignore[misc]
    glue_urls.url_paths["{0}/$"] = Glue.dispatch
