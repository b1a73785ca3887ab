"""Tables of the Glue catalog: created, replaced and deleted by boto3, or by a crawler.

One call replaces a table's whole definition, so a reader sees either the old one or the new one. Glue keeps earlier
versions. The meaning of tables and columns is in contracts/ and sql/.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from refi_assets import aws
from refi_assets.engines.base import Descriptions, text_table_comment
from refi_assets.engines.types import from_dialect, to_dialect
from refi_assets.errors import EngineError
from refi_assets.specs.file_formats import FileFormat

MAX_COMMENT = 255
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}


class GlueTables:
    """The tables of one database. Methods raise EngineError with AWS's message."""

    def __init__(self, database: str) -> None:
        self.database = database
        self._client = aws.client("glue")

    def create_database(self) -> None:
        """Create the database unless it exists."""
        with aws.readable_errors(f"Glue, {self.database}", EngineError):
            try:
                self._client.create_database(DatabaseInput={"Name": self.database})
            except self._client.exceptions.AlreadyExistsException:
                return

    def create(self, name: str, columns: Mapping[str, str], location: str) -> None:
        """Create a table of Parquet files unless it exists."""
        with self._readable_errors(name):
            try:
                self._client.create_table(DatabaseName=self.database, TableInput=_parquet(name, columns, location, {}))
            except self._client.exceptions.AlreadyExistsException:
                return

    def show(self, name: str, columns: Mapping[str, str], location: str, comments: Descriptions) -> None:
        """Point a table at these Parquet files."""
        self._put(_parquet(name, columns, location, comments))

    def show_csv(
        self,
        name: str,
        columns: Sequence[str],
        location: str,
        first_day: date,
        comments: Descriptions,
        file_format: FileFormat,
    ) -> None:
        """Point a table of text at a source's text files. It includes the files of new days automatically."""
        table = _csv(name, columns, location, first_day, comments, file_format)
        with self._readable_errors(name):
            existing = self._find(name)
        if existing is None or _definition(existing) != _definition(table):
            self._put(table)

    def location_and_columns(self, name: str) -> tuple[str, dict[str, str]]:
        """The URL of a table's folder, and its columns: name -> type."""
        with self._readable_errors(name):
            storage = self._client.get_table(DatabaseName=self.database, Name=name)["Table"]["StorageDescriptor"]
        columns = {column["Name"]: from_dialect(column["Type"], "hive") for column in storage["Columns"]}
        return storage["Location"], columns

    def names(self, prefix: str) -> list[str]:
        """Names of the tables with this prefix."""
        return [table["Name"] for table in self._tables(f"{prefix}*")]

    def delete(self, names: Sequence[str]) -> None:
        """Delete tables; their files stay."""
        with self._readable_errors(", ".join(names[:3])):
            for start in range(0, len(names), 100):  # the most that one call takes
                batch = list(names[start : start + 100])
                self._client.batch_delete_table(DatabaseName=self.database, TablesToDelete=batch)

    def crawled(self) -> dict[str, dict[str, str]]:
        """Crawled tables: URL of the folder -> columns, name -> Hive type."""
        tables: dict[str, dict[str, str]] = {}
        for table in self._tables("*"):
            if "UPDATED_BY_CRAWLER" in table.get("Parameters", {}):
                columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
                tables.setdefault(table["StorageDescriptor"]["Location"].rstrip("/") + "/", columns)
        return tables

    def _tables(self, expression: str) -> list[dict[str, Any]]:
        with self._readable_errors(expression):
            pages = self._client.get_paginator("get_tables").paginate(DatabaseName=self.database, Expression=expression)
            return [table for page in pages for table in page["TableList"]]

    def _find(self, name: str) -> dict[str, Any] | None:
        try:
            table: dict[str, Any] = self._client.get_table(DatabaseName=self.database, Name=name)["Table"]
        except self._client.exceptions.EntityNotFoundException:
            return None
        return table

    def _put(self, table: dict[str, Any]) -> None:
        with self._readable_errors(table["Name"]):
            try:
                self._client.update_table(DatabaseName=self.database, TableInput=table)
            except self._client.exceptions.EntityNotFoundException:
                self._client.create_table(DatabaseName=self.database, TableInput=table)

    def _readable_errors(self, name: str) -> Any:
        return aws.readable_errors(f"Glue, {self.database}.{name}", EngineError)


def run_crawler(name: str, minutes: float) -> None:
    """Run a crawler and wait until it ends. Raises EngineError if it fails or takes longer than `minutes`."""
    client = aws.client("glue")
    deadline = time.monotonic() + minutes * 60
    with aws.readable_errors(f"Glue, crawler {name}", EngineError):
        _wait_until_ready(client, name, deadline)  # a crawl that is already running began before our files arrived
        client.start_crawler(Name=name)
        crawler = _wait_until_ready(client, name, deadline)
    last = crawler.get("LastCrawl", {})
    if last.get("Status") != "SUCCEEDED":
        reason = last.get("ErrorMessage", "no reason was given")
        log = f"{last.get('LogGroup', '')}/{last.get('LogStream', '')}"
        raise EngineError(f"Glue, crawler {name}: the crawl ended as {last.get('Status')}: {reason}. Its log: {log}")


def _wait_until_ready(client: Any, name: str, deadline: float) -> dict[str, Any]:
    pause = 1.0
    while True:
        crawler: dict[str, Any] = client.get_crawler(Name=name)["Crawler"]
        if crawler["State"] == "READY":
            return crawler
        if time.monotonic() > deadline:
            state = crawler["State"]
            raise EngineError(
                f"Glue, crawler {name}: still {state} after REFI_CRAWLER_MINUTES; raise it if a crawl takes longer."
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 30)


def _definition(table: dict[str, Any]) -> tuple[Any, Any, Any]:
    storage = table["StorageDescriptor"]
    return table.get("Parameters"), storage["Columns"], storage.get("SerdeInfo")


def _parquet(name: str, columns: Mapping[str, str], location: str, comments: Descriptions) -> dict[str, Any]:
    types = {column: to_dialect(sql_type, "hive") for column, sql_type in columns.items()}
    return _table(name, types, location, comments, _PARQUET, {"classification": "parquet"})


def _csv(
    name: str,
    columns: Sequence[str],
    location: str,
    first_day: date,
    comments: Descriptions,
    file_format: FileFormat,
) -> dict[str, Any]:
    serde = {"separatorChar": file_format.delimiter, "quoteChar": file_format.quote or "\0", "escapeChar": "\0"}
    stored_as = {
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
            "Parameters": serde,
        },
    }
    projection = {
        "classification": "csv",
        **({"skip.header.line.count": "1"} if file_format.header else {}),
        "projection.enabled": "true",
        "projection.load_date.type": "date",
        "projection.load_date.format": "yyyy-MM-dd",
        "projection.load_date.range": f"{first_day},NOW+1DAYS",
        "projection.load_date.interval": "1",
        "projection.load_date.interval.unit": "DAYS",
        "storage.location.template": f"{location}load_date=${{load_date}}/",
    }
    table = _table(name, dict.fromkeys(columns, "string"), location, comments, stored_as, projection)
    described = {"Description": comment} if (comment := text_table_comment(file_format)) else {}
    return table | described | {"PartitionKeys": [{"Name": "load_date", "Type": "string"}]}


def _table(
    name: str,
    types: Mapping[str, str],
    location: str,
    comments: Descriptions,
    stored_as: dict[str, Any],
    parameters: dict[str, str],
) -> dict[str, Any]:
    columns = [{"Name": column, "Type": hive_type} for column, hive_type in types.items()]
    for column in columns:
        if comment := comments.get(column["Name"]):
            column["Comment"] = comment[:MAX_COMMENT]
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **parameters},
        "PartitionKeys": [],
        "StorageDescriptor": {"Columns": columns, "Location": location, "Compressed": False, **stored_as},
    }
