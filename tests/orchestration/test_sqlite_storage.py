"""Open SQLite connections for Dagster: they write the same rows to the same files as Dagster's own storage."""

import multiprocessing
import os
import re
import sqlite3
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from alembic.script import ScriptDirectory
from dagster._core.instance.ref import InstanceRef
from dagster._core.scheduler.instigation import InstigatorType, TickData, TickStatus
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.sql import get_alembic_config
from dagster._serdes import deserialize_value, serialize_value

from refi_assets.orchestration.sqlite_storage import (
    NEWEST_REVISION,
    OPEN_SHARDS,
    OpenEventLogStorage,
    OpenRunStorage,
    OpenSqliteInstance,
)
from refi_assets.settings import PROJECT_DIR

OURS, DAGSTERS = "dagster.yaml", "dagsters_own.yaml"  # two configurations in one folder
RUN_ID = str(uuid.UUID(int=1))
DAYS = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_date="2026-03-01")


@dg.asset(partitions_def=DAYS, tags={"layer": "raw"})
def loans() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 3}, data_version=dg.DataVersion("a"))


@dg.asset(deps=[loans], partitions_def=DAYS)
def offers(context: dg.AssetExecutionContext) -> None:
    context.log.warning("no offers")
    raise dg.Failure("no market today")


@dg.asset_check(asset=loans, blocking=True)
def loans_are_few() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True, metadata={"number": 3})


def job() -> dg.JobDefinition:
    definitions = dg.Definitions(
        assets=[loans, offers],
        asset_checks=[loans_are_few],
        jobs=[dg.define_asset_job("daily", executor_def=dg.in_process_executor)],
    )
    return definitions.resolve_job_def("daily")


def run(instance: dg.DagsterInstance, run_id: str = RUN_ID) -> None:
    job().execute_in_process(
        instance=instance,
        run_id=run_id,
        partition_key="2026-02-20",
        tags={"team": "risk"},
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


def run_in_a_process(home: Path, configuration: str, run_ids: list[str], together: Any) -> None:
    with dg.DagsterInstance.from_config(str(home), configuration) as instance:
        together.wait(120)  # fails if the other process has failed
        for run_id in run_ids:
            run(instance, run_id)


def ids(count: int) -> list[str]:
    return [str(uuid.UUID(int=n + 1)) for n in range(count)]


def new_home(folder: Path) -> Path:
    """An instance's folder with the project's configuration, and one that names no class of ours."""
    folder.mkdir()
    (folder / OURS).write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
    (folder / DAGSTERS).write_text("telemetry: {enabled: false}\n")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path / "home")


@pytest.fixture
def ours(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(home), OURS) as instance:
        yield instance


@pytest.fixture
def dagsters(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(home), DAGSTERS) as instance:
        yield instance


def databases(home: Path) -> dict[str, dict[str, Any]]:
    """By file: the journal mode, the schema, and the rows without values that differ between equal runs."""
    return {str(path.relative_to(home)): contents(path) for path in sorted(home.rglob("*.db"))}


def contents(path: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as database:
        schema = database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        rows = {
            table: database.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
            for kind, table, _ in schema
            if kind == "table"
        }
        return {
            "journal": database.execute("PRAGMA journal_mode").fetchall(),
            "schema": [(kind, name, re.sub(r"\s+", " ", sql or "")) for kind, name, sql in schema],
            **{table: [tuple(map(without_random_parts, row)) for row in rows[table]] for table in rows},
            "alembic_version": rows.get("alembic_version"),
        }


def without_random_parts(value: Any) -> Any:
    """Remove times, durations, process ids, and the log key of a step."""
    if isinstance(value, str):
        return re.sub(r'(?<="log_key": ")[a-z]+|\d[\d.]*(ms\b|s\b)?', "0", value)
    return "a time" if isinstance(value, float) else value


def event_counts(instance: dg.DagsterInstance, run_ids: list[str]) -> list[Counter[Any]]:
    return [
        Counter(entry.dagster_event_type.name if entry.dagster_event_type else "log" for entry in entries)
        for entries in (instance.all_logs(run_id) for run_id in run_ids)
    ]


def open_files(home: Path) -> list[str]:
    paths = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            paths.append(os.readlink(descriptor))
        except FileNotFoundError:  # the descriptor of this listing
            continue
    return sorted({str(Path(path).relative_to(home)) for path in paths if path.startswith(f"{home}/")})


def open_databases(home: Path) -> list[str]:
    return [path for path in open_files(home) if path.endswith(".db")]


def test_both_storages_write_the_same_rows_for_the_same_run(tmp_path: Path) -> None:
    contents_by_storage = []
    for configuration, storage in ((OURS, OpenRunStorage), (DAGSTERS, SqliteRunStorage)):
        home = new_home(tmp_path / configuration.removesuffix(".yaml"))
        with dg.DagsterInstance.from_config(str(home), configuration) as instance:
            assert type(instance.run_storage) is storage
            run(instance)
            instance.daemon_cursor_storage.set_cursor_values({"SENSOR": "7"})
            assert instance.schedule_storage is not None
            instance.schedule_storage.create_tick(
                TickData("origin", "arrivals", InstigatorType.SENSOR, TickStatus.STARTED, 1.0, selector_id="selector")
            )
        contents_by_storage.append(databases(home))

    ours, dagsters = contents_by_storage
    assert ours == dagsters
    events = ours[f"history/runs/{RUN_ID}.db"]["event_logs"]
    assert {row[3] for row in events} > {"STEP_FAILURE", "ASSET_CHECK_EVALUATION", "PIPELINE_FAILURE"}
    assert len(ours["history/runs.db"]["runs"]) == len(ours["schedules/schedules.db"]["job_ticks"]) == 1


def test_the_newest_revision_is_dagsters() -> None:
    """After an upgrade of Dagster, add its revision to NEWEST_REVISION. Until then, only starts are slower."""
    scripts = ScriptDirectory.from_config(get_alembic_config(sqlite_event_log.__file__))
    assert scripts.get_heads() == [NEWEST_REVISION]


@pytest.mark.parametrize("statement", ["DROP TABLE alembic_version", "UPDATE alembic_version SET version_num = 'old'"])
def test_databases_of_another_revision_are_left_to_dagster(tmp_path: Path, statement: str) -> None:
    contents_by_storage = []
    for configuration in (OURS, DAGSTERS):
        home = new_home(tmp_path / configuration.removesuffix(".yaml"))
        with dg.DagsterInstance.from_config(str(home), DAGSTERS) as instance:
            run(instance)
        for path in home.rglob("*.db"):
            with closing(sqlite3.connect(path)) as database, database:
                database.execute(statement)
        with dg.DagsterInstance.from_config(str(home), configuration) as instance:
            assert len(instance.all_logs(RUN_ID)) > 10
        contents_by_storage.append(databases(home))

    ours, dagsters = contents_by_storage
    assert ours == dagsters


def test_each_reads_the_runs_of_the_other_while_open(ours: dg.DagsterInstance, dagsters: dg.DagsterInstance) -> None:
    first, second = ids(2)
    run(ours, first)
    run(dagsters, second)

    for instance in (ours, dagsters):
        assert {record.dagster_run.run_id for record in instance.get_run_records()} == {first, second}
        first_counts, second_counts = event_counts(instance, [first, second])
        assert first_counts == second_counts
        assert first_counts["STEP_FAILURE"] == 1
        materializations = instance.fetch_materializations(dg.AssetKey("loans"), limit=10).records
        assert {record.run_id for record in materializations} == {first, second}


@pytest.mark.parametrize("beside", [OURS, DAGSTERS])
def test_two_processes_run_at_the_same_time(home: Path, beside: str) -> None:
    with dg.DagsterInstance.from_config(str(home), beside):
        pass  # Dagster's own class cannot create an instance while another process does
    processes, run_ids = multiprocessing.get_context("spawn"), ids(4)
    together = processes.Barrier(2)
    runners = [
        processes.Process(target=run_in_a_process, args=(home, configuration, mine, together))
        for configuration, mine in ((OURS, run_ids[:2]), (beside, run_ids[2:]))
    ]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()

    assert [runner.exitcode for runner in runners] == [0, 0]
    with dg.DagsterInstance.from_config(str(home), DAGSTERS) as instance:
        counts = event_counts(instance, run_ids)
        assert counts[0]["RUN_FAILURE"] == 1
        assert counts == [counts[0]] * 4
        assert len(instance.fetch_materializations(dg.AssetKey("loans"), limit=10).records) == 4
        assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.FAILURE}


def test_threads_share_the_connections(ours: dg.DagsterInstance) -> None:
    """Each writes and reads the events of a run. Runs cannot be started in threads: Dagster's logging deadlocks."""
    run_ids, messages = ids(8), [f"message {n}" for n in range(20)]

    def write_and_read(run_id: str) -> list[str]:
        ours.create_run_for_job(job(), run_id=run_id)
        for message in messages:
            ours.report_engine_event(message, run_id=run_id, job_name="daily")
        return [entry.message for entry in ours.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)]

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(write_and_read, run_ids)) == [messages] * 8
    assert {run.run_id for run in ours.get_runs()} == set(run_ids)


def test_the_least_recently_used_runs_are_closed(ours: dg.DagsterInstance, home: Path) -> None:
    run_ids = ids(OPEN_SHARDS + 1)
    for run_id in run_ids:
        run(ours, run_id)

    open_shards = sorted([f"history/runs/{name}.db" for name in ("index", *run_ids[-OPEN_SHARDS + 1 :])])
    assert open_databases(home) == ["history/runs.db", *open_shards, "schedules/schedules.db"]
    assert len(ours.all_logs(run_ids[0])) > 10


@pytest.mark.parametrize("writer", [OURS, DAGSTERS])
def test_a_watcher_of_a_run_sees_its_events_before_its_file_is_closed(
    ours: dg.DagsterInstance, home: Path, writer: str
) -> None:
    """The UI watches a run; events of an open connection are in the write-ahead log, not in the database."""
    event_types, ended = [], threading.Event()

    def on_event(entry: dg.EventLogEntry, _: str) -> None:
        event_types.append(entry.dagster_event_type)
        if entry.dagster_event_type == dg.DagsterEventType.RUN_FAILURE:
            ended.set()

    ours.watch_event_logs(RUN_ID, None, on_event)
    with dg.DagsterInstance.from_config(str(home), writer) as instance:
        run(instance)
        assert ended.wait(60)
    assert dg.DagsterEventType.STEP_FAILURE in event_types


def test_a_database_that_another_process_is_creating_is_waited_for(ours: dg.DagsterInstance, home: Path) -> None:
    """SQLite refuses at once to change to a write-ahead log, whatever its timeout."""
    path = home / "history" / "runs" / f"{RUN_ID}.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as creator:
        creator.execute("BEGIN IMMEDIATE")
        rollback = threading.Timer(0.5, creator.rollback)
        rollback.start()
        assert ours.all_logs(RUN_ID) == []
        rollback.join()


def test_the_end_of_an_instance_closes_its_files(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home), OURS) as instance:
        run(instance)
        history = ["history/runs.db", f"history/runs/{RUN_ID}.db", "history/runs/index.db"]
        assert open_databases(home) == [*history, "schedules/schedules.db"]
    assert open_files(home) == []
    assert list(home.rglob("*-wal")) == []

    assert len(instance.all_logs(RUN_ID)) > 10, "a query after that opens them again"
    instance.dispose()


def test_wiped_runs_can_run_again(ours: dg.DagsterInstance, home: Path) -> None:
    run(ours)
    [first] = event_counts(ours, [RUN_ID])
    ours.wipe()
    assert ours.get_runs() == []
    assert [path.name for path in home.glob("history/runs/*.db")] == ["index.db"]

    run(ours)
    assert event_counts(ours, [RUN_ID]) == [first]


def test_the_folder_is_that_of_the_configuration(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert isinstance(instance, OpenSqliteInstance)
        serialized = serialize_value(instance.get_ref())  # as it is sent to other processes
    reference = deserialize_value(serialized, InstanceRef)
    for path in home.rglob("*.db"):
        path.unlink()
    with dg.DagsterInstance.from_ref(reference) as instance:
        assert isinstance(instance.event_log_storage, OpenEventLogStorage)
        run(instance)
    assert (home / "history" / "runs" / f"{RUN_ID}.db").is_file()
    assert not (tmp_path / "history").exists()


def test_a_configured_storage_takes_precedence(home: Path) -> None:
    with (home / OURS).open("a") as configuration:
        configuration.write(f"storage: {{sqlite: {{base_dir: {home}}}}}\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage


@pytest.fixture
def connections() -> Iterator[Counter[str]]:
    """Counts SQLite's connections by file. An audit hook cannot be removed, so it is switched off in the end."""
    counts: Counter[str] = Counter()
    is_on = True

    def on_event(event: str, arguments: tuple[Any, ...]) -> None:
        if is_on and event == "sqlite3.connect":
            counts[str(arguments[0])] += 1

    sys.addaudithook(on_event)
    yield counts
    is_on = False


def test_dagster_reaches_its_files_only_by_the_overridden_methods(home: Path, connections: Counter[str]) -> None:
    """If Dagster's classes stopped calling them, each statement would open a connection again."""
    with dg.DagsterInstance.from_config(str(home), DAGSTERS) as instance:
        run(instance)
    dagsters_counts = connections.copy()
    connections.clear()

    with dg.DagsterInstance.from_config(str(home), OURS) as instance:
        run(instance, ids(2)[1])

    index, runs, events = (f"{home}/history/{name}.db" for name in ("runs/index", "runs", f"runs/{ids(2)[1]}"))
    assert dagsters_counts[index] > 10
    assert dagsters_counts[runs] > 10
    assert connections[runs] == connections[events] == 1
    # One stays open; has_table() opens another, once for each table.
    assert connections[index] < 10
