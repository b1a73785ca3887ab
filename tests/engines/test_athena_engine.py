"""Athena's engine below the job: repeated steps, swapped tables, crawls and interrupted queries."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlglot
from sqlglot import exp

from refi_assets.engines.athena import AthenaEngine
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import EngineError, LakeError
from refi_assets.lake import Relation
from refi_assets.settings import forget_settings, settings_of
from refi_assets.specs.file_formats import FileFormat
from tests.engines.deployments import Deployment, in_force, on_s3
from tests.fakes.aws import Aws
from tests.fakes.faults import Fault
from tests.support.lender import lender, write
from tests.support.running import DAY, Ran, ingest, latest, run_job

SOURCES = ("borrower_engagement", "borrower_information", "loan_information", "market_equity")
START, STOP = "athena:StartQueryExecution", "athena:StopQueryExecution"


@pytest.fixture
def deployment(athena: Aws) -> Iterator[Deployment]:
    deployment = on_s3(athena, "athena")
    with in_force(deployment):
        yield deployment


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def engine(deployment: Deployment) -> AthenaEngine:
    return AthenaEngine(deployment.lake, settings_of(EngineSettings))


def draft(name: str = "numbers", run_id: str = "r1") -> Relation:
    return Relation(key=f"refi/{name}", run_id=run_id, as_of=DAY, kind="table")


def query(sql: str) -> exp.Query:
    parsed = sqlglot.parse_one(sql, read="athena")
    assert isinstance(parsed, exp.Query)
    return parsed


def requests_of(athena: Aws, action: str) -> int:
    return sum(request["action"] == action for request in athena.requests())


def test_a_repeated_step_runs_its_query_once(engine: AthenaEngine, deployment: Deployment) -> None:
    first, second = (
        AthenaEngine(deployment.lake, settings_of(EngineSettings)).session([]).create(draft(), query("SELECT 1 AS one"))
        for _ in range(2)
    )
    assert first == second
    assert len(list(deployment.lake.objects(str(first.parquet).rstrip("/")))) == 1


def test_a_repeated_step_runs_its_query_again_if_it_failed(athena: Aws, engine: AthenaEngine) -> None:
    athena.faults(Fault(START, outcome="FAILED", message="EXCEEDED_TIME_LIMIT: too slow"))
    with pytest.raises(EngineError, match="EXCEEDED_TIME_LIMIT: too slow"):
        engine.session([]).create(draft(), query("SELECT 1 AS one"))
    time.sleep(4)  # an earlier query is recognized by its age, to the second
    relation = engine.session([]).create(draft(), query("SELECT 1 AS one"))
    assert engine.session([relation]).query(query("SELECT one FROM refi.numbers")) == [{"one": 1}]


def test_an_error_shows_its_place_in_the_statement(engine: AthenaEngine) -> None:
    with pytest.raises(EngineError) as refused:
        engine.session([]).query(query("SELECT\n  1 AS one,\n  lower(2) AS two"))
    text = str(refused.value)
    assert "line 3:" in text
    assert "LOWER(2) AS two\n" in text
    assert text.splitlines()[-1].strip() == "^"


def test_an_error_about_a_cell_does_not_quote_it(engine: AthenaEngine) -> None:
    with pytest.raises(EngineError) as refused:
        engine.session([]).query(query("SELECT CAST(name AS BIGINT) AS x FROM (VALUES 'Zoe Smith') AS t (name)"))
    message, _, statement = str(refused.value).partition("The statement began:")
    assert "INVALID_CAST_ARGUMENT" in message
    assert "Zoe" not in message
    assert "Zoe" in statement, "a literal of the statement is not a cell"


def test_readers_always_see_either_the_old_table_or_the_new_one(athena: Aws, engine: AthenaEngine) -> None:
    tables = [engine.session([]).create(draft(run_id=f"r{n}"), query(f"SELECT {n} AS n")) for n in (1, 2)]
    engine.publish(tables[:1], {})
    seen: list[Any] = []
    done = threading.Event()

    def read() -> None:
        reader = AthenaEngine(engine.lake, engine.settings)
        while not done.is_set():
            seen.extend(row["n"] for row in reader.session([]).query(query("SELECT n FROM numbers")))

    thread = threading.Thread(target=read)
    thread.start()
    swaps = 0
    while len(seen) < 10 and thread.is_alive():
        swaps += 1
        engine.publish([tables[swaps % 2]], {})
    done.set()
    thread.join()
    assert swaps > 10
    assert set(seen) == {1, 2}


def test_each_group_other_than_refi_has_its_own_database(athena: Aws, engine: AthenaEngine) -> None:
    keys = ("refi/customer", "silver/customer", "gold/customer")
    for _ in range(2):  # the databases exist the second time
        session = engine.session([])
        relations = [
            session.create(Relation(key=key, run_id="r1", as_of=DAY, kind="table"), query(f"SELECT '{key}' AS writer"))
            for key in keys
        ]
        engine.publish(relations, {"silver/customer": {"writer": "The key that wrote it."}})
    main = engine.glue.database
    for key, database in zip(keys, (main, f"{main}_silver", f"{main}_gold"), strict=True):
        assert session.query(query(f"SELECT writer FROM {database}.customer")) == [{"writer": key}]
    both = "SELECT s.writer AS s, g.writer AS g FROM silver.customer AS s, gold.customer AS g"
    assert session.query(query(both)) == [{"s": "silver/customer", "g": "gold/customer"}]
    columns = athena.client("glue").get_table(DatabaseName=f"{main}_silver", Name="customer")["Table"]
    assert columns["StorageDescriptor"]["Columns"] == [
        {"Name": "writer", "Type": "string", "Comment": "The key that wrote it."}
    ]
    assert set(engine.glue.names("run_")) == {f"run_r1__{group}__customer" for group in ("gold", "refi", "silver")}


def test_tables_of_other_runs_are_deleted_and_their_files_stay(athena: Aws, engine: AthenaEngine) -> None:
    session = engine.session([])
    relations = {
        run_id: session.create(draft(run_id=run_id), query("SELECT 1 AS one")) for run_id in ("old-1", "new-1")
    }
    engine.keep_only({"new-1", "not-there"})
    assert engine.glue.names("run_") == ["run_new_1__refi__numbers"]
    with DuckDBEngine(engine.lake).session([relations["old-1"]]) as duck:
        assert duck.query(query("SELECT one FROM refi.numbers")) == [{"one": 1}]


def test_a_relation_that_only_duckdb_can_read_is_refused(engine: AthenaEngine) -> None:
    staged = draft().model_copy(update={"parquet": "runs/r1/refi/numbers/data.parquet", "deletes": "deletes.parquet"})
    with pytest.raises(LakeError, match="Run r1 wrote refi/numbers in a form that only DuckDB can read"):
        engine.session([staged]).query(query("SELECT 1 AS one FROM refi.numbers"))


def crawler(athena: Aws, deployment: Deployment) -> str:
    name = athena.new_name("crawler")
    athena.client("glue").create_crawler(
        Name=name,
        Role="arn:aws:iam::123456789012:role/crawler",
        DatabaseName=deployment.env["REFI_GLUE_DATABASE"],
        TablePrefix="crawled_",
        Targets={"S3Targets": [{"Path": f"{deployment.lake_url}/raw/{source}/"} for source in SOURCES]},
    )
    return name


def crawled(athena: Aws, **variables: str) -> Deployment:
    plain = on_s3(athena, "athena")
    env = {**plain.env, "REFI_CATALOG_MODE": "crawler", "REFI_GLUE_CRAWLER": crawler(athena, plain), **variables}
    return Deployment(plain.lake_url, env)


# The steps that register files, by a crawl.
REGISTERING = [f"{group}/{source}" for group in ("raw", "catalog") for source in SOURCES]


def crawl(deployment: Deployment, instance: dg.DagsterInstance, source: Path, day: date) -> Ran:
    """Put source files into the lake, and run the steps that register them."""
    with in_force(deployment):
        ingest(deployment.lake_url, source, day)
        return run_job(deployment.lake_url, day, instance=instance, selection=REGISTERING)


def test_a_crawl_is_compared_with_the_contract_and_the_crawl_before(
    athena: Aws, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    deployment = crawled(athena)
    ran = crawl(deployment, instance, write(lender(), tmp_path / "first"), date(2026, 2, 19))
    assert ran.success, ran.failure
    rows = lender()
    for row in rows["loan_information"]:
        row["current_interest_rate"] += "%"  # from a number to a text
        row["servicer"] = "ACME"
    changed = crawl(deployment, instance, write(rows, tmp_path / "second"), DAY)
    failed = {name.split(" ")[1] for name in changed.failed_checks if name.startswith("catalog/loan_information")}
    assert failed == {"no_column_new", "inferred_types_unchanged"}
    unchanged = changed.checks["catalog/loan_information inferred_types_unchanged"]
    assert "current_interest_rate: double -> string" in str(unchanged.description)
    assert requests_of(athena, "glue:StartCrawler") == 2, "one crawl per run, for all sources"


def test_a_crawl_that_fails_stops_the_run_with_its_reason(
    athena: Aws, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    deployment = crawled(athena)
    athena.faults(Fault("glue:StartCrawler", outcome="FAILED", message="Insufficient permissions on the bucket"))
    ran = crawl(deployment, instance, write(lender(), tmp_path / "source"), DAY)
    assert not ran.success
    assert f"crawler {deployment.env['REFI_GLUE_CRAWLER']}: the crawl ended as FAILED" in ran.failure
    assert "Insufficient permissions on the bucket" in ran.failure


def test_a_crawl_that_takes_too_long_is_given_up(athena: Aws, instance: dg.DagsterInstance, tmp_path: Path) -> None:
    deployment = crawled(athena, REFI_CRAWLER_MINUTES="0.05")
    athena.faults(Fault("glue:StartCrawler", outcome="RUNNING"))
    ran = crawl(deployment, instance, write(lender(), tmp_path / "source"), DAY)
    assert "still RUNNING after REFI_CRAWLER_MINUTES; raise it if a crawl takes longer" in ran.failure


@pytest.fixture(scope="module")
def refi_process() -> Callable[[dict[str, str], Sequence[str]], BaseProcess]:
    """Starts `refi …` in its own process, forked from one that has only imported it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["refi_assets.definitions", "refi_assets.cli.run", "boto3", "pyathena"])

    def start(environment: dict[str, str], arguments: Sequence[str]) -> BaseProcess:
        process = context.Process(target=_refi, args=(environment, arguments))
        process.start()
        return process

    return start


def _refi(environment: dict[str, str], arguments: Sequence[str]) -> None:
    from refi_assets.cli import main

    os.environ.update(environment)
    forget_settings()  # they were read during the import
    sys.argv = ["refi", *arguments]
    main()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_query_is_stopped_when_its_run_is_killed_or_canceled(
    athena: Aws, deployment: Deployment, tmp_path: Path, refi_process: Any, end: signal.Signals
) -> None:
    ingest(deployment.lake_url, write(lender(), tmp_path / "source"))
    athena.faults(Fault(START, count=100, outcome="RUNNING"))
    process = refi_process(environment(deployment, tmp_path), ["run", "--as-of", DAY.isoformat()])
    try:
        wait_for(
            lambda: requests_of(athena, START) == 1 and requests_of(athena, "athena:GetQueryExecution") > 0, process
        )
        os.kill(process.pid, end)
        wait_for(lambda: requests_of(athena, STOP) >= 1)
    finally:
        process.kill()
        process.join()
    assert latest(deployment.lake_url) is None


def environment(deployment: Deployment, tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return {**deployment.env, "DAGSTER_HOME": str(home)}


def wait_for(happened: Callable[[], bool], process: BaseProcess | None = None) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        assert process is None or process.is_alive(), "the process ended before it happened"
        time.sleep(0.1)


def test_a_table_of_text_files_follows_the_format_of_the_contract(athena: Aws, engine: AthenaEngine) -> None:
    def shown(file_format: FileFormat, data: bytes) -> object:
        engine.lake.put(f"raw/notes/load_date={DAY}/notes.txt", data)
        engine.register_files("notes_csv", ["id", "note"], "raw/notes", DAY, {}, file_format)
        return engine.connection.cursor().execute("SELECT id, note, load_date FROM notes_csv").fetchall()

    rows = [("1", 'a, "b"', str(DAY))]
    assert shown(FileFormat(delimiter=";"), b'id;note\r\n1;"a, ""b"""\r\n') == rows
    assert shown(FileFormat(delimiter="|", quote="'", header=False), b"1|'a, \"b\"'\n") == rows
    assert shown(FileFormat(delimiter="\t", quote="", encoding="cp1250"), b'id\tnote\n1\ta, "b"\n') == rows
    table = athena.client("glue").get_table(DatabaseName=engine.glue.database, Name="notes_csv")["Table"]
    assert table["Description"].startswith("The files are in cp1250, but this table reads them as UTF-8")
