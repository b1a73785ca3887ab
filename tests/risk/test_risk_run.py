"""Runs of the domain risk on a made-up portfolio, whose truth is known by construction."""

import csv
import json
import shutil
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from refi_assets.lake import FolderStore, RunFolder
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.registry import Registry
from refi_assets.risk.event_columns import EVENT_COLUMNS, PLACE_COLUMNS
from refi_assets.sample.risk import generated_risk
from refi_assets.settings import overridden
from tests.orchestration.doctored import record
from tests.support.commands import refi_here
from tests.support.live_champions import register_live_champion
from tests.support.registries import new_registry_file
from tests.support.running import Ran, ingest, run_job

DAY, DAYS = date(2026, 3, 1), 3
LAST_DAY = DAY + timedelta(days=DAYS)
TOPICS = {"loan-events": "loan_event", "transactions": "account_transaction"}


class RiskRuns:
    """A run on the history, and one on the history and the stream's events, with the same champion."""

    def __init__(self, folder: Path, uri: str) -> None:
        self.files, self.lake, self.uri = folder / "files", folder / "lake", uri
        self.instance = dg.DagsterInstance.ephemeral()  # knows the runs on this lake only
        with generated_risk(300, 5, self.files, as_of=DAY, days=DAYS, months=14) as (truth, _):
            self.truth = truth
        register_live_champion(Registry(uri))
        ingest(self.lake, self.files, DAY)
        self.first = self.run(self.lake, DAY)
        ingest(self.lake, self.files / "replayed", LAST_DAY)
        self.last = self.run(self.lake, LAST_DAY)

    def run(self, lake: Path, day: date) -> Ran:
        """A run of a day."""
        with overridden("REFI_MLFLOW_URI", self.uri):
            return run_job(lake, day, job="risk", instance=self.instance if lake == self.lake else None)

    def rows(self, ran: Ran, key: str, select: str, lake: Path | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query on one relation, which it calls `it`."""
        return duckdb.sql(f"WITH it AS (FROM '{self.parquet(ran, key, lake)}') {select}").fetchall()

    def parquet(self, ran: Ran, key: str, lake: Path | None = None) -> Path:
        """The file of a relation."""
        folder = lake or self.lake
        return folder / str(RunFolder(FolderStore(str(folder)), ran.run_id).load(key).parquet)

    def expected(self, name: str) -> list[dict[str, str]]:
        """The rows of a file of the truth."""
        with (self.files / f"expected_{name}.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def risk_runs(tmp_path_factory, session_folder) -> RiskRuns:
    folder = tmp_path_factory.mktemp("risk")
    return RiskRuns(folder, f"{SQLITE}{new_registry_file(folder / 'registry', session_folder)}")


def test_a_run_publishes_every_borrower_with_a_score(risk_runs) -> None:
    assert risk_runs.last.success, risk_runs.last.failure
    assert {name: s for name, s in risk_runs.last.failed_checks.items() if s != "WARN"} == {}
    pointer = json.loads((risk_runs.lake / "output/risk/latest.json").read_text())
    with (risk_runs.lake / pointer["file"]).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["borrower_id"] for row in rows] == sorted(f"B{n}" for n in range(1, 301))
    assert {row["as_of"] for row in rows} == {str(LAST_DAY)}
    assert all(0 < float(row["probability"]) < 1 and row["band"] in ("high", "medium", "low") for row in rows)


def test_events_duplicates_and_late_ones_are_those_of_the_truth(risk_runs) -> None:
    counts = "SELECT topic, is_too_late, COUNT(*) FROM it GROUP BY ALL"
    events = {(topic, late): n for topic, late, n in risk_runs.rows(risk_runs.first, "risk/events", counts)}
    duplicates = dict(
        risk_runs.rows(
            risk_runs.first,
            "risk/set_aside_event",
            "SELECT topic, COUNT(*) FROM it WHERE reason = 'duplicate' GROUP BY 1",
        )
    )
    for topic, source in TOPICS.items():
        history = risk_runs.truth["history"][source]
        assert duplicates[topic] == history["duplicates"]
        assert events[topic, True] == history["too_late"]
        assert events[topic, False] == history["rows"] - history["duplicates"] - history["too_late"]


def test_the_stream_of_the_truth_adds_its_events(risk_runs) -> None:
    select = f"SELECT topic, is_too_late FROM it WHERE received_at::DATE > DATE '{DAY}'"
    added = Counter(risk_runs.rows(risk_runs.last, "risk/events", select))
    later = risk_runs.rows(
        risk_runs.last, "risk/set_aside_event", "SELECT topic, COUNT(*) FROM it WHERE reason = 'later' GROUP BY 1"
    )
    for topic in TOPICS:
        stream = risk_runs.truth["stream"][topic]
        arrived = added[topic, False] + added[topic, True] + dict(later).get(topic, 0)
        assert arrived == stream["accepted"] + stream["too_late"]


def test_a_model_learns_from_the_outcomes_of_the_truth(risk_runs) -> None:
    answer = refi_here(
        *("risk", "query", "--json", "--lake", risk_runs.lake),
        "SELECT COUNT(*) AS n, SUM(CASE WHEN defaulted THEN 1 ELSE 0 END) AS bad FROM risk.observed_borrower",
    )
    outcomes = risk_runs.truth["outcomes"]
    assert answer.json == {"n": outcomes["rows"], "bad": outcomes["defaults"]}


def test_events_from_the_stream_are_those_from_files(risk_runs, tmp_path) -> None:
    """Two checkpoints have a copy of one event; events of a batch without scores do not count."""
    lake = tmp_path / "lake"
    ingest(lake, risk_runs.files, DAY)
    put_streamed(risk_runs.files / "replayed", lake)
    ran = risk_runs.run(lake, LAST_DAY)
    assert ran.success, ran.failure
    (streamed,) = risk_runs.rows(ran, "risk/streamed_events", "SELECT COUNT(*) FROM it", lake)
    assert streamed[0] > 0
    for key in ("risk/events", "risk/subject_features", "risk/scores", "risk/possible_fraud"):
        by_file = risk_runs.parquet(risk_runs.last, key)
        by_stream = risk_runs.parquet(ran, key, lake)
        for one, another in ((by_file, by_stream), (by_stream, by_file)):
            assert duckdb.sql(f"FROM '{one}' EXCEPT ALL FROM '{another}'").fetchall() == []


def put_streamed(replayed: Path, lake: Path) -> None:
    """Put the events that were sent into a lake as the stream does: one of them twice, and one without scores."""
    events = " UNION ALL BY NAME ".join(
        f"SELECT *, '{topic}' AS topic, 0 AS kafka_partition, row_number() OVER () AS kafka_offset "
        f"FROM read_csv('{replayed}/{source}/streamed.csv', all_varchar = true)"
        for topic, source in TOPICS.items()
    )
    columns = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in (EVENT_COLUMNS | PLACE_COLUMNS).items())
    rows = f"SELECT {columns} FROM ({events})"
    batches = [("one", 0, rows, True), ("two", 0, f"{rows} LIMIT 1", True)]
    batches += [("two", 1, f"SELECT * REPLACE ('unscored' AS event_id) FROM ({rows}) LIMIT 1", False)]
    for checkpoint, batch, sql, has_scores in batches:
        for kind in ("events", "scores")[: 1 + has_scores]:
            path = lake / f"stream/risk/{kind}/checkpoint={checkpoint}/batch={batch}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            duckdb.sql(f"COPY ({sql}) TO '{path}'")


def test_events_that_are_too_late_count_with_late(risk_runs, tmp_path) -> None:
    lake = risk_runs.lake
    answer = refi_here(
        *("risk", "run", "--as-of", DAY, "--with-late", "--lake", lake, "--json"),
        environment={"REFI_MLFLOW_URI": risk_runs.uri, "DAGSTER_HOME": str(tmp_path)},
    )
    assert answer.returncode == 0, answer.stderr
    manifest = json.loads((lake / f"output/risk/{answer.json['run_id']}.manifest.json").read_text())
    assert manifest["policy"]["overridden"]
    relation = RunFolder(FolderStore(str(lake)), answer.json["run_id"]).load("risk/events")
    assert relation.counts["too_late"] == 0
    assert relation.rows == RunFolder(FolderStore(str(lake)), risk_runs.first.run_id).load("risk/events").rows


def test_an_event_that_is_nowhere_blocks_the_publication(risk_runs, tmp_path) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(risk_runs.lake, lake)
    events = lake / "runs" / risk_runs.last.run_id / "risk/events.json"
    record(rows=json.loads(events.read_text())["rows"] - 1)(events)
    ran = run_job(lake, LAST_DAY, job="checks_of_risk_set_aside_event", instance=risk_runs.instance, memo="off")
    assert ran.failed_checks == {"risk/set_aside_event every_event_accounted_for": "ERROR"}


def test_scores_of_the_earlier_run_are_those_before(risk_runs) -> None:
    before = risk_runs.rows(risk_runs.last, "risk/scores_before", "SELECT * FROM it ORDER BY ALL")
    select = "SELECT borrower_id, as_of, probability, band FROM it ORDER BY ALL"
    assert before == risk_runs.rows(risk_runs.first, "risk/scores", select)
    assert risk_runs.rows(risk_runs.first, "risk/scores_before", "FROM it") == []
