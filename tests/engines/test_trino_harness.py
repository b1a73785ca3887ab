"""The tests' Trino reads and writes tables in their Glue and S3."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from tests.fakes import trino as trino_server
from tests.fakes.aws import Aws

pytestmark = pytest.mark.long

OPEN_CSV = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"},
    },
}


def test_partition_projection_reads_a_new_day_without_registration(trino: Aws) -> None:
    bucket = trino.new_bucket()
    database = trino.new_database(bucket)
    storage = OPEN_CSV | {"Columns": [{"Name": "name", "Type": "string"}], "Location": f"s3://{bucket}/raw/"}
    projection = {
        "skip.header.line.count": "1",
        "projection.enabled": "true",
        "projection.load_date.type": "date",
        "projection.load_date.format": "yyyy-MM-dd",
        "projection.load_date.range": "2026-02-18,2026-02-21",  # Trino lists each day of it
        "storage.location.template": f"s3://{bucket}/raw/load_date=${{load_date}}/",
    }
    table = {
        "Name": "borrowers",
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": storage,
        "PartitionKeys": [{"Name": "load_date", "Type": "string"}],
        "Parameters": projection,
    }
    trino.client("glue").create_table(DatabaseName=database, TableInput=table)
    for day, name in (("2026-02-19", "Ann"), ("2026-02-20", '"Bob, Jr"')):
        trino.client("s3").put_object(Bucket=bucket, Key=f"raw/load_date={day}/b.csv", Body=f"name\n{name}\n".encode())

    rows = trino_server.rows(trino.trino_port, f"SELECT load_date, name FROM {database}.borrowers ORDER BY 1")
    assert rows == [["2026-02-19", "Ann"], ["2026-02-20", "Bob, Jr"]]


def test_a_table_written_by_trino_is_read_through_its_view(trino: Aws) -> None:
    database = trino.new_database(trino.new_bucket())

    def rows(sql: str) -> list[list[object]]:
        return trino_server.rows(trino.trino_port, sql, database)

    rows("CREATE TABLE loans AS SELECT 'L1' AS loan_id, DECIMAL '6.500000' AS rate UNION ALL SELECT 'L2', NULL")
    rows("CREATE VIEW published AS SELECT loans.rate, loans.loan_id FROM loans")
    assert rows("SELECT * FROM published ORDER BY loan_id") == [[Decimal("6.500000"), "L1"], [None, "L2"]]


def test_missing_requirements_of_trino_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REFI_TEST_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", os.devnull)
    if trino_server.java_home() is None:
        assert "Java 25" in (trino_server.missing_requirement() or "")
    else:
        assert "Maven" in (trino_server.missing_requirement() or "")
