"""A small version of Glue's crawl: CSV files below S3 targets become tables with inferred types and partitions.

It recognizes only comma-separated text with a header line, plain or .gz, and ignores other files. The states of
crawlers belong to moto_glue.py.
"""

import csv
import gzip
import io
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import boto3

SAMPLE_ROWS = 1000
PARTITION_FOLDER = re.compile(r"([^=/]+)=([^/]*)")


def crawl(crawler: dict[str, Any], session: boto3.Session) -> None:
    """Create or update a table in the crawler's database for each folder of CSV files below its S3 targets.

    crawler: in the form of GetCrawler. Raises botocore's ClientError if a bucket or the database is missing.
    """
    s3, glue = session.client("s3"), session.client("glue")
    for target in crawler["Targets"].get("S3Targets", []):
        bucket, _, prefix = target["Path"].removeprefix("s3://").partition("/")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        for folder, files in _tables(bucket, prefix, keys).items():
            newest = files[-1]
            text = _text(newest, s3.get_object(Bucket=bucket, Key=newest)["Body"].read())
            name = re.sub(r"\W", "_", (crawler.get("TablePrefix") or "") + PurePosixPath(folder).name).lower()
            _register(glue, crawler["DatabaseName"], _table_input(crawler["Name"], name, folder, files, text))
            _register_partitions(glue, crawler["DatabaseName"], name, folder, bucket, files)


def _tables(bucket: str, prefix: str, keys: Iterable[str]) -> dict[str, list[str]]:
    """The files of each table by its folder's URL: the folder below the target, or the target itself if partitioned."""
    tables: dict[str, list[str]] = {}
    for key in sorted(keys):
        if not key.endswith((".csv", ".csv.gz")):
            continue
        below = key.removeprefix(prefix).lstrip("/").split("/")[:-1]
        folder = f"s3://{bucket}/{prefix}".rstrip("/")
        if below and not PARTITION_FOLDER.fullmatch(below[0]):
            folder += f"/{below[0]}"
        tables.setdefault(folder, []).append(key)
    return tables


def _text(key: str, content: bytes) -> str:
    return (gzip.decompress(content) if key.endswith(".gz") else content).decode("utf-8-sig", "replace")


def _table_input(crawler: str, name: str, folder: str, files: list[str], text: str) -> dict[str, Any]:
    rows = csv.reader(io.StringIO(text))
    header = next(rows, [])
    sample = [row for row, _ in zip(rows, range(SAMPLE_ROWS), strict=False)]
    columns = [
        {"Name": column.strip().lower(), "Type": inferred_type(row[at] for row in sample if at < len(row))}
        for at, column in enumerate(header)
    ]
    properties = {"classification": "csv", "delimiter": ",", "skip.header.line.count": "1", "typeOfData": "file"}
    properties["UPDATED_BY_CRAWLER"] = crawler
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": properties,
        "PartitionKeys": [{"Name": key, "Type": "string"} for key, _ in PARTITION_FOLDER.findall(files[0])],
        "StorageDescriptor": _storage(f"{folder}/", columns),
    }


def _storage(location: str, columns: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "Columns": columns,
        "Location": location,
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            "Parameters": {"field.delim": ","},
        },
        "StoredAsSubDirectories": False,
    }


def inferred_type(values: Iterable[str]) -> str:
    """The first of bigint, double and boolean that fits all values, else string. A date is a string, as in Glue."""
    filled = [value.strip() for value in values if value.strip()]
    for name, pattern in (
        ("bigint", r"[+-]?\d{1,18}"),
        ("double", r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"),
        ("boolean", r"(?i:true|false)"),
    ):
        if filled and all(re.fullmatch(pattern, value, re.ASCII) for value in filled):
            return name
    return "string"


def _register(glue: Any, database: str, table: dict[str, Any]) -> None:
    try:
        glue.create_table(DatabaseName=database, TableInput=table)
    except glue.exceptions.AlreadyExistsException:
        existing = glue.get_table(DatabaseName=database, Name=table["Name"])["Table"]
        if existing["StorageDescriptor"]["Columns"] != table["StorageDescriptor"]["Columns"]:
            glue.update_table(DatabaseName=database, TableInput=table)


def _register_partitions(glue: Any, database: str, table: str, folder: str, bucket: str, files: list[str]) -> None:
    columns = glue.get_table(DatabaseName=database, Name=table)["Table"]["StorageDescriptor"]["Columns"]
    for location in sorted({f"s3://{bucket}/{key.rpartition('/')[0]}/" for key in files}):
        values = [value for _, value in PARTITION_FOLDER.findall(location.removeprefix(folder))]
        if values:
            partition = {"Values": values, "StorageDescriptor": _storage(location, columns)}
            glue.batch_create_partition(DatabaseName=database, TableName=table, PartitionInputList=[partition])
