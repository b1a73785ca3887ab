"""The tests' Athena answers as Athena does: through PyAthena, or through boto3 if PyAthena hides the answer."""

import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import duckdb_extension_httpfs
import httpx
import pytest
from botocore.exceptions import ClientError
from pyathena import connect
from pyathena.error import OperationalError

from tests.fakes.aws import Aws
from tests.fakes.faults import Fault

START = "athena:StartQueryExecution"
THOUSANDS = "UNNEST(sequence(1, 9000))"
ENDLESS_QUERY = f"SELECT count(*) FROM {THOUSANDS} AS a (x), {THOUSANDS} AS b (y), {THOUSANDS} AS c (z)"
ENDS = ("SUCCEEDED", "FAILED", "CANCELLED")
CUTOFF = 10_000_000  # the lowest that Athena accepts

pytestmark = [pytest.mark.long, pytest.mark.not_the_pipeline]


@pytest.fixture
def bucket(athena: Aws) -> str:
    return athena.new_bucket()


@pytest.fixture
def start(athena: Aws, bucket: str) -> Callable[..., str]:
    """Starts a query as the pipeline; returns its id."""
    database, client = athena.new_database(bucket), athena.pipeline_client("athena")

    def start(sql: str, **parameters: Any) -> str:
        location = {"ResultConfiguration": {"OutputLocation": f"s3://{bucket}/results/"}}
        context = {"QueryExecutionContext": {"Database": database}}
        query_id: str = client.start_query_execution(**location | context | {"QueryString": sql} | parameters)[
            "QueryExecutionId"
        ]
        return query_id

    return start


def _execution(athena: Aws, query_id: str) -> dict[str, Any]:
    execution: dict[str, Any] = athena.client("athena").get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    return execution


def _ended(athena: Aws, query_id: str) -> dict[str, Any]:
    while (execution := _execution(athena, query_id))["Status"]["State"] not in ENDS:
        time.sleep(0.05)
    return execution


def _becomes_true(condition: Callable[[], bool]) -> bool:
    """Whether the condition becomes true within a minute."""
    deadline = time.monotonic() + 60
    while not (is_true := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_true


def _body(athena: Aws, location: str | None) -> bytes:
    bucket, _, key = (location or "").removeprefix("s3://").partition("/")
    content: bytes = athena.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def test_pyathena_reads_values_of_every_kind(athena: Aws, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in athena.env.items():
        monkeypatch.setenv(name, value)
    connection = connect(s3_staging_dir=f"s3://{bucket}/results/", poll_interval=0.05)
    cursor = connection.cursor().execute(
        "SELECT DECIMAL '6.500000' AS rate, DATE '2026-02-20' AS opened, CAST(NULL AS varchar) AS missing, "
        "ARRAY[1, NULL] AS parts, 'Bob, \"Jr\"' AS name, 1.5E7 AS big, true AS paid"
    )
    (row,) = cursor.fetchall()
    assert row[:3] == (Decimal("6.500000"), date(2026, 2, 20), None)
    assert row[4:7] == ('Bob, "Jr"', 1.5e7, True)
    text = _body(athena, cursor.output_location).decode().splitlines()
    assert text[1] == '"6.500000","2026-02-20",,"[1, null]","Bob, ""Jr""","1.5E7","true"'


def test_pages_of_a_result_have_a_thousand_rows(athena: Aws, start: Callable[..., str]) -> None:
    query_id = start("SELECT n FROM UNNEST(sequence(1, 2500)) AS numbers (n) ORDER BY n")
    assert _ended(athena, query_id)["Status"]["State"] == "SUCCEEDED"
    pages = list(athena.client("athena").get_paginator("get_query_results").paginate(QueryExecutionId=query_id))
    rows = [[row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]] for page in pages]
    assert [len(page) for page in rows] == [1000, 1000, 501]
    assert list(chain(*rows)) == ["n", *map(str, range(1, 2501))]


def test_a_ctas_writes_parquet_that_duckdb_reads(athena: Aws, bucket: str, start: Callable[..., str]) -> None:
    query_id = start(
        "CREATE TABLE offers WITH (format = 'PARQUET', write_compression = 'ZSTD') AS\n"
        "SELECT 'B1' AS borrower_id, DECIMAL '1.250000' AS rate_spread UNION ALL SELECT 'B2', NULL"
    )
    execution = _ended(athena, query_id)
    location = f"s3://{bucket}/results/tables/{query_id}"
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    assert execution["ResultConfiguration"]["OutputLocation"] == location

    database = duckdb.connect()
    package = Path(duckdb_extension_httpfs.__file__).parent
    database.load_extension(str(next(package.glob("extensions/*/httpfs.duckdb_extension"))))
    endpoint = athena.url.removeprefix("http://")
    database.execute(
        f"CREATE SECRET (TYPE s3, KEY_ID '{athena.access_key}', SECRET 'x', ENDPOINT '{endpoint}', "
        f"URL_STYLE 'path', USE_SSL false, REGION 'us-east-1')"
    )
    rows = database.execute(f"SELECT * FROM read_parquet('{location}/*') ORDER BY ALL").fetchall()
    assert rows == [("B1", Decimal("1.250000")), ("B2", None)]
    codecs = database.execute(f"SELECT DISTINCT compression FROM parquet_metadata('{location}/*')").fetchall()
    assert codecs == [("ZSTD",)]


def test_an_enforcing_workgroup_decides_the_location_of_results(
    athena: Aws, bucket: str, start: Callable[..., str]
) -> None:
    group = athena.new_name("refi")
    settings = {
        "EnforceWorkGroupConfiguration": True,
        "ResultConfiguration": {"OutputLocation": f"s3://{bucket}/enforced/"},
    }
    athena.client("athena").create_work_group(Name=group, Configuration=settings)
    execution = _ended(athena, start("SELECT 1", WorkGroup=group))
    assert execution["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{bucket}/enforced/")


def test_a_query_beyond_its_workgroups_cutoff_is_canceled(athena: Aws, bucket: str, start: Callable[..., str]) -> None:
    group = athena.new_name("refi")
    settings = {"EnforceWorkGroupConfiguration": False, "BytesScannedCutoffPerQuery": CUTOFF}
    athena.client("athena").create_work_group(Name=group, Configuration=settings)
    for name, size in (("small", 10), ("large", CUTOFF + 10)):
        athena.client("s3").put_object(Bucket=bucket, Key=f"{name}/a.csv", Body=(b"x" * 99 + b"\n") * (size // 100 + 1))
        storage = {
            "Columns": [{"Name": "text", "Type": "string"}],
            "Location": f"s3://{bucket}/{name}/",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"},
        }
        database = _execution(athena, start("SELECT 1"))["QueryExecutionContext"]["Database"]
        table = {"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage, "PartitionKeys": []}
        athena.client("glue").create_table(DatabaseName=database, TableInput=table)

    small = _ended(athena, start("SELECT count(text) FROM small", WorkGroup=group))
    assert (small["Status"]["State"], small["Statistics"]["DataScannedInBytes"]) == ("SUCCEEDED", 100)
    large = _ended(athena, start("CREATE TABLE copy AS SELECT max(text) AS text FROM large", WorkGroup=group))["Status"]
    assert (large["State"], large["StateChangeReason"]) == ("CANCELLED", "Bytes scanned limit was exceeded")
    assert _ended(athena, start("SELECT * FROM copy"))["Status"]["State"] == "FAILED"


def test_a_stopped_query_also_ends_on_trino(athena: Aws, start: Callable[..., str]) -> None:
    def is_in_state(state: str) -> bool:
        answer = httpx.get(f"http://127.0.0.1:{athena.trino_port}/v1/query", headers={"X-Trino-User": "harness"})
        return [query["state"] for query in answer.json() if query["query"] == ENDLESS_QUERY] == [state]

    query_id = start(ENDLESS_QUERY)
    assert _becomes_true(lambda: is_in_state("RUNNING"))
    athena.pipeline_client("athena").stop_query_execution(QueryExecutionId=query_id)
    assert _execution(athena, query_id)["Status"]["State"] == "CANCELLED"
    assert _becomes_true(lambda: is_in_state("FAILED"))  # Trino's state of a canceled query
    with pytest.raises(ClientError, match="Could not find results"):
        athena.pipeline_client("athena").get_query_results(QueryExecutionId=query_id)


def test_a_failed_query_gives_its_reason_and_bad_syntax_never_starts(athena: Aws, start: Callable[..., str]) -> None:
    failed = _ended(athena, start("SELECT unknown FROM (VALUES 1) AS t (known)"))["Status"]
    assert failed["State"] == "FAILED"
    assert failed["StateChangeReason"] == "COLUMN_NOT_FOUND: line 1:8: Column 'unknown' cannot be resolved"
    for sql in ("SELEC 1", "CREATE EXTERNAL TABLE t (a string) LOCATION 's3://x/'"):
        with pytest.raises(ClientError, match=r"InvalidRequestException.*line 1:\d+: mismatched input"):
            start(sql)


def test_one_client_request_token_is_one_query(athena: Aws, start: Callable[..., str]) -> None:
    token = athena.new_name("a-token-of-at-least-32-characters")
    first = start("SELECT 1", ClientRequestToken=token)
    assert start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        start("SELECT 2", ClientRequestToken=token)


def test_faults_of_queries_come_as_ordered(athena: Aws, start: Callable[..., str]) -> None:
    athena.faults(
        Fault(START, status=400, code="TooManyRequestsException", message="Rate exceeded"),
        Fault(START, after=1, outcome="FAILED", message="Query exhausted resources at this scale factor"),
        Fault(START, after=2, outcome="CANCELLED", message="Query timeout"),
        Fault(START, after=3, outcome="RUNNING"),
    )
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        start("SELECT 1")
    failed = _ended(athena, start("SELECT 1"))["Status"]
    assert (failed["State"], failed["StateChangeReason"]) == (
        "FAILED",
        "Query exhausted resources at this scale factor",
    )
    assert _ended(athena, start("SELECT 1"))["Status"]["StateChangeReason"] == "Query timeout"
    endless = start("SELECT 1")
    time.sleep(0.3)
    assert _execution(athena, endless)["Status"]["State"] == "RUNNING"
    athena.client("athena").stop_query_execution(QueryExecutionId=endless)
    assert _execution(athena, endless)["Status"]["State"] == "CANCELLED"


def test_pyathena_tries_again_when_it_is_throttled(athena: Aws, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in athena.env.items():
        monkeypatch.setenv(name, value)
    connection = connect(s3_staging_dir=f"s3://{bucket}/results/", poll_interval=0.05)
    athena.faults(Fault(START, status=400, code="ThrottlingException", message="Rate exceeded"))
    assert connection.cursor().execute("SELECT 1").fetchall() == [(1,)]
    athena.faults(Fault(START, outcome="FAILED", message="Query exhausted resources"))
    with pytest.raises(OperationalError, match="Query exhausted resources"):
        connection.cursor().execute("SELECT 1")


def test_requests_are_recorded_with_their_workgroup(athena: Aws, start: Callable[..., str]) -> None:
    group = athena.new_name("refi")
    athena.client("athena").create_work_group(Name=group, Configuration={"EnforceWorkGroupConfiguration": False})
    query_id = start("SELECT 1", WorkGroup=group)
    athena.pipeline_client("athena").get_query_execution(QueryExecutionId=query_id)
    arn = f"arn:aws:athena:us-east-1:123456789012:workgroup/{group}"
    assert [(request["action"], request["resource"]) for request in athena.requests()] == [
        ("athena:StartQueryExecution", arn),
        ("athena:GetQueryExecution", arn),
    ]
