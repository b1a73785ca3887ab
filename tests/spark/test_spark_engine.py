"""Spark's engine below the job: what it writes and reads, its errors, and interrupts."""

import os
import signal
import threading
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import sqlglot
from sqlglot import exp

from refi_assets.cli import doctor_steps
from refi_assets.engines import open_remote_engine
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.engines.spark import SparkEngine
from refi_assets.errors import EngineError, LakeError
from refi_assets.lake import FolderStore, ObjectStore, Relation
from tests.engines.deployments import Deployment, in_force
from tests.support.running import DAY

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("spark")

ALL_TYPES = """
SELECT
    CAST('é''\\' AS VARCHAR) AS text,
    CAST(-3 AS INTEGER) AS small,
    CAST(9007199254740993 AS BIGINT) AS whole,
    CAST('0.10' AS DECIMAL(18, 2)) AS money,
    CAST('12345678901234567890123456789012.123456' AS DECIMAL(38, 6)) AS large,
    CAST(0.1 AS DOUBLE) AS ratio,
    TRUE AS flag,
    CAST('1899-12-31' AS DATE) AS day,
    CAST('2026-02-20 13:45:00.123456' AS TIMESTAMP) AS moment,
    ARRAY['b', 'a'] AS codes,
    CAST(NULL AS DECIMAL(9, 6)) AS missing
"""
TYPES = {
    "text": "VARCHAR",
    "small": "INTEGER",
    "whole": "BIGINT",
    "money": "DECIMAL(18,2)",
    "large": "DECIMAL(38,6)",
    "ratio": "DOUBLE",
    "flag": "BOOLEAN",
    "day": "DATE",
    "moment": "TIMESTAMP",
    "codes": "VARCHAR[]",
    "missing": "DECIMAL(9,6)",
}
VALUES = {
    "text": "é'\\",
    "small": -3,
    "whole": 9007199254740993,
    "money": Decimal("0.10"),
    "large": Decimal("12345678901234567890123456789012.123456"),
    "ratio": 0.1,
    "flag": True,
    "day": date(1899, 12, 31),
    "moment": datetime.fromisoformat("2026-02-20T13:45:00.123456"),
    "codes": ["b", "a"],
    "missing": None,
}


@pytest.fixture(params=["lake", "a lake [of] {odd}*names?"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return FolderStore(str(tmp_path / request.param))


@pytest.fixture
def plain_lake(tmp_path: Path) -> ObjectStore:
    return FolderStore(str(tmp_path / "lake"))


def query(sql: str) -> exp.Query:
    return cast(exp.Query, sqlglot.parse_one(sql, read="athena"))


def draft(name: str = "made", run_id: str = "r1") -> Relation:
    return Relation(key=f"refi/{name}", run_id=run_id, as_of=DAY, kind="table")


def test_both_engines_read_what_either_writes(lake: ObjectStore) -> None:
    everything = query("SELECT * FROM refi.made")
    for writer, reader in ((SparkEngine(lake), DuckDBEngine(lake)), (DuckDBEngine(lake), SparkEngine(lake))):
        run_id = type(writer).__name__
        with writer.session([]) as session:
            made = session.create(draft(run_id=run_id), query(ALL_TYPES))
            assert made.columns == TYPES
            assert session.query(everything) == [VALUES]
        with reader.session([made]) as session:
            assert session.query(everything) == [VALUES]


def test_a_relation_is_parquet_files_and_nothing_else(plain_lake: ObjectStore) -> None:
    made = SparkEngine(plain_lake).session([]).create(draft(), query("SELECT 1 AS one"))
    (info,) = plain_lake.objects("runs")
    assert info.key.startswith(made.parquet or "-")
    assert info.key.endswith(".zstd.parquet")


def test_an_empty_relation_keeps_its_columns(plain_lake: ObjectStore) -> None:
    session = SparkEngine(plain_lake).session([])
    made = session.create(draft(), query("SELECT 1 AS one, 'a' AS name WHERE FALSE"))
    assert made.columns == {"one": "INTEGER", "name": "VARCHAR"}
    counting = query("SELECT COUNT(*) AS rows, MAX(made.name) AS name FROM refi.made AS made")
    assert session.query(counting) == [{"rows": 0, "name": None}]
    without_files = made.model_copy(update={"run_id": "r2", "parquet": "runs/r2/refi/made/nowhere/"})
    for engine in (SparkEngine(plain_lake), DuckDBEngine(plain_lake)):
        with engine.session([without_files]) as reading:
            assert reading.query(counting) == [{"rows": 0, "name": None}]


def test_a_step_that_is_tried_again_replaces_its_relation(plain_lake: ObjectStore) -> None:
    engine = SparkEngine(plain_lake)
    for value in (1, 2):
        session = engine.session([])
        made = session.create(draft(), query(f"SELECT {value} AS value"))
        assert session.query(query("SELECT * FROM refi.made")) == [{"value": value}]
    assert engine.session([made]).query(query("SELECT * FROM refi.made")) == [{"value": 2}]
    with DuckDBEngine(plain_lake).session([made]) as reading:
        assert reading.query(query("SELECT * FROM refi.made")) == [{"value": 2}]


def test_versions_of_two_runs_do_not_collide_and_only_kept_ones_stay(
    plain_lake: ObjectStore, spark: "SparkSession"
) -> None:
    engine = SparkEngine(plain_lake)
    made = [engine.session([]).create(draft(run_id=run), query(f"SELECT '{run}' AS run")) for run in ("r-1", "r-2")]
    values = [engine.session([relation]).query(query("SELECT * FROM refi.made")) for relation in made]
    assert values == [[{"run": "r-1"}], [{"run": "r-2"}]]
    engine.keep_only({"r-2"})
    names = [table.name for table in spark.catalog.listTables() if table.name.startswith("run_r_")]
    assert names == ["run_r_2__refi__made"]


def test_an_error_names_its_place_in_the_statement_but_no_cell(
    plain_lake: ObjectStore, capfd: pytest.CaptureFixture[str]
) -> None:
    session = SparkEngine(plain_lake).session([])
    session.create(draft(), query("SELECT 'Ann Secret' AS name"))
    with pytest.raises(EngineError, match=r"CAST_INVALID_INPUT\. Its message is withheld") as refused:
        session.query(query("SELECT CAST(made.name AS INTEGER) AS number FROM refi.made AS made"))
    assert "The statement began: SELECT CAST(made.name AS INT)" in str(refused.value)
    with pytest.raises(EngineError, match="UNRESOLVED_COLUMN") as unknown:
        session.query(query("SELECT made.surname FROM refi.made AS made"))
    assert "surname" in str(unknown.value)
    printed = capfd.readouterr()
    assert "Secret" not in f"{refused.value}{unknown.value}{printed.out}{printed.err}"


def test_a_sum_that_is_too_large_is_an_error_not_a_null(plain_lake: ObjectStore) -> None:
    nines = "9" * 38
    with pytest.raises(EngineError, match=r"ARITHMETIC_OVERFLOW|NUMERIC_VALUE_OUT_OF_RANGE"):
        SparkEngine(plain_lake).session([]).query(
            query(f"SELECT SUM(n.n) AS total FROM (VALUES {nines}, {nines}) AS n (n)")
        )


class Interrupted(BaseException):
    """Dagster's interrupts are not KeyboardInterrupts either."""


@pytest.fixture
def interrupts() -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGINT, interrupt)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_an_interrupt_stops_the_statement_and_the_session_goes_on(
    plain_lake: ObjectStore, spark: "SparkSession"
) -> None:
    session = SparkEngine(plain_lake).session([])
    numbers = "UNNEST(SEQUENCE(1, 1500))"  # some seconds: a task in a loop of its own goes on to its end
    long = f"SELECT COUNT(*) AS n FROM {numbers} AS a (n), {numbers} AS b (n), {numbers} AS c (n) WHERE a.n + b.n > c.n"
    tracker = spark.sparkContext.statusTracker()

    def interrupt_when_it_runs() -> None:
        while not tracker.getActiveJobsIds():
            pass
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt_when_it_runs)
    thread.start()
    with pytest.raises(Interrupted):
        session.create(draft("long"), query(long))
    thread.join()
    assert tracker.getActiveJobsIds() == []
    assert session.query(query("SELECT 1 AS one")) == [{"one": 1}]


def test_a_vanished_lake_is_not_created_again(plain_lake: ObjectStore, tmp_path: Path) -> None:
    session = SparkEngine(plain_lake).session([])
    (tmp_path / "lake").rmdir()
    with pytest.raises(LakeError, match="There is no lake"):
        session.create(draft(), query("SELECT 1 AS one"))
    assert not (tmp_path / "lake").exists()


def test_a_relation_in_a_form_of_duckdbs_alone_is_refused(plain_lake: ObjectStore) -> None:
    view = Relation(key="refi/made", run_id="r1", as_of=DAY, kind="view", sql="SELECT 1 AS one")
    with pytest.raises(LakeError, match="only DuckDB can read"):
        SparkEngine(plain_lake).session([view]).query(query("SELECT * FROM refi.made"))


def test_one_engine_serves_all_steps_on_a_lake(plain_lake: ObjectStore) -> None:
    assert open_remote_engine("spark", plain_lake) is open_remote_engine("spark", plain_lake)


def test_a_statement_reports_its_time(plain_lake: ObjectStore) -> None:
    session = SparkEngine(plain_lake).session([])
    session.query(query("SELECT 1 AS one"))
    (cost,) = session.queries
    assert cost.id.startswith("spark-")
    assert cost.run_ms > 0
    assert cost.cost_usd is None


def test_the_doctor_writes_a_relation_and_reads_it(plain_lake: ObjectStore) -> None:
    with in_force(Deployment(str(plain_lake), {"REFI_LAKE_URL": str(plain_lake), "REFI_ENGINE": "spark"})):
        doctor = doctor_steps.Deployment()
        doctor.lake_write()
        assert doctor.packages() == "pyspark"
        assert doctor.spark() == "local[*] writes and reads 1 row"
        doctor.lake_delete()
    assert list(plain_lake.objects("runs")) == []
