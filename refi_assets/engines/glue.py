"""Tables of the Glue catalog: registered, swapped and deleted by boto3, or filled by a crawler.

A table's definition is replaced as a whole, by one call, so that a reader sees the old or the new. Glue keeps the
versions before. What the tables mean is in contracts/ and sql/.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from refi_assets import aws
from refi_assets.engines.base import Descriptions
from refi_assets.engines.types import from_dialect, to_dialect
from refi_assets.errors import EngineError

MAX_COMMENT = 255
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
_CSV = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\0"},
    },
}


class GlueTables:
    """The tables of one database. Methods raise EngineError in AWS's words."""

    def __init__(self, database: str) -> None:
        self.database = database
        self._client = aws.client("glue")

    def create_database(self) -> None:
        """Create the database, unless it is there."""
        with aws.asked_of(f"Glue, {self.database}", EngineError):
            try:
                self._client.create_database(DatabaseInput={"Name": self.database})
            except self._client.exceptions.AlreadyExistsException:
                return

    def create(self, name: str, columns: Mapping[str, str], location: str) -> None:
        """Register Parquet files as a table, unless it is there."""
        with self._asked_of(name):
            try:
                self._client.create_table(DatabaseName=self.database, TableInput=_parquet(name, columns, location, {}))
            except self._client.exceptions.AlreadyExistsException:
                return

    def show(self, name: str, columns: Mapping[str, str], location: str, comments: Descriptions) -> None:
        """Let a table show these Parquet files from now on."""
        self._put(_parquet(name, columns, location, comments))

    def show_csv(
        self, name: str, columns: Sequence[str], location: str, first_day: date, comments: Descriptions
    ) -> None:
        """Let a table of text show a source's CSV files, a new day's without being told of it."""
        table = _csv(name, columns, location, first_day, comments)
        with self._asked_of(name):
            there = self._find(name) or {"StorageDescriptor": {}}
        stored, wanted = there["StorageDescriptor"], table["StorageDescriptor"]
        if there.get("Parameters") != table["Parameters"] or stored["Columns"] != wanted["Columns"]:
            self._put(table)

    def location_and_columns(self, name: str) -> tuple[str, dict[str, str]]:
        """Where a table's files lie, and its columns with their types."""
        with self._asked_of(name):
            found = self._client.get_table(DatabaseName=self.database, Name=name)["Table"]["StorageDescriptor"]
        return found["Location"], {one["Name"]: from_dialect(one["Type"], "hive") for one in found["Columns"]}

    def names(self, prefix: str) -> list[str]:
        """Names of the tables that begin so."""
        return [table["Name"] for table in self._tables(f"{prefix}*")]

    def delete(self, names: Sequence[str]) -> None:
        """Delete tables; their files stay."""
        with self._asked_of(", ".join(names[:3])):
            for first in range(0, len(names), 100):  # as many as one call takes
                some = list(names[first : first + 100])
                self._client.batch_delete_table(DatabaseName=self.database, TablesToDelete=some)

    def crawled(self) -> dict[str, dict[str, str]]:
        """Folder -> columns and Hive types of the table that a crawler made of it."""
        found: dict[str, dict[str, str]] = {}
        for table in self._tables("*"):
            if "UPDATED_BY_CRAWLER" in table.get("Parameters", {}):
                columns = {one["Name"]: one["Type"] for one in table["StorageDescriptor"]["Columns"]}
                found.setdefault(table["StorageDescriptor"]["Location"].rstrip("/") + "/", columns)
        return found

    def _tables(self, expression: str) -> list[dict[str, Any]]:
        with self._asked_of(expression):
            pages = self._client.get_paginator("get_tables").paginate(DatabaseName=self.database, Expression=expression)
            return [table for page in pages for table in page["TableList"]]

    def _find(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.get_table(DatabaseName=self.database, Name=name)["Table"]
        except self._client.exceptions.EntityNotFoundException:
            return None
        return found

    def _put(self, table: dict[str, Any]) -> None:
        with self._asked_of(table["Name"]):
            try:
                self._client.update_table(DatabaseName=self.database, TableInput=table)
            except self._client.exceptions.EntityNotFoundException:
                self._client.create_table(DatabaseName=self.database, TableInput=table)

    def _asked_of(self, name: str) -> Any:
        return aws.asked_of(f"Glue, {self.database}.{name}", EngineError)


def crawl(name: str, minutes: float) -> None:
    """Run a crawler and wait for its end. Raises EngineError where it fails or takes longer than that."""
    client = aws.client("glue")
    deadline, pause = time.monotonic() + minutes * 60, 1.0
    with aws.asked_of(f"Glue, crawler {name}", EngineError):
        _wait_until_ready(client, name, deadline, pause)  # a crawl that is under way began before our files came
        client.start_crawler(Name=name)
        crawler = _wait_until_ready(client, name, deadline, pause)
    last = crawler.get("LastCrawl", {})
    if last.get("Status") != "SUCCEEDED":
        why = last.get("ErrorMessage", "it says no more")
        log = f"{last.get('LogGroup', '')}/{last.get('LogStream', '')}"
        raise EngineError(f"Glue, crawler {name}: the crawl ended as {last.get('Status')}: {why}. Its log: {log}")


def _wait_until_ready(client: Any, name: str, deadline: float, pause: float) -> dict[str, Any]:
    while True:
        crawler: dict[str, Any] = client.get_crawler(Name=name)["Crawler"]
        if crawler["State"] == "READY":
            return crawler
        if time.monotonic() > deadline:
            raise EngineError(f"Glue, crawler {name}: still {crawler['State']}; REFI_CRAWLER_MINUTES allow no more.")
        time.sleep(pause)
        pause = min(pause * 1.5, 30)


def _parquet(name: str, columns: Mapping[str, str], location: str, comments: Descriptions) -> dict[str, Any]:
    types = {column: to_dialect(sql_type, "hive") for column, sql_type in columns.items()}
    return _table(name, types, location, comments, _PARQUET, {"classification": "parquet"})


def _csv(name: str, columns: Sequence[str], location: str, first_day: date, comments: Descriptions) -> dict[str, Any]:
    projection = {
        "classification": "csv",
        "skip.header.line.count": "1",
        "projection.enabled": "true",
        "projection.load_date.type": "date",
        "projection.load_date.format": "yyyy-MM-dd",
        "projection.load_date.range": f"{first_day},NOW+1DAYS",
        "projection.load_date.interval": "1",
        "projection.load_date.interval.unit": "DAYS",
        "storage.location.template": f"{location}load_date=${{load_date}}/",
    }
    table = _table(name, dict.fromkeys(columns, "string"), location, comments, _CSV, projection)
    return table | {"PartitionKeys": [{"Name": "load_date", "Type": "string"}]}


def _table(
    name: str,
    types: Mapping[str, str],
    location: str,
    comments: Descriptions,
    stored_as: dict[str, Any],
    parameters: dict[str, str],
) -> dict[str, Any]:
    columns = [
        {"Name": column, "Type": kind, **({"Comment": comments[column][:MAX_COMMENT]} if column in comments else {})}
        for column, kind in types.items()
    ]
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **parameters},
        "PartitionKeys": [],
        "StorageDescriptor": {"Columns": columns, "Location": location, "Compressed": False, **stored_as},
    }
