"""The stream and the runs over files: days that are replayed give the same features and scores at each midnight."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from refi_assets.engines.duckdb import open_duckdb
from refi_assets.lake import open_lake
from refi_assets.publishing.published import PublishedRun
from refi_assets.risk.stream.kafka_topics import create_topics
from refi_assets.risk.stream.snapshot import PUBLICATION
from refi_assets.sample.risk import generated_risk
from refi_assets.sample.risk_stream import stored_messages
from tests.spark.conftest import PREFIXES
from tests.support.commands import refi_here
from tests.support.registries import new_registry_file
from tests.support.risk_streams import RiskStream, new_stream, register_scorecard
from tests.support.running_query import Message, running

START = date(2026, 8, 31)


def run_over_files(folder: Path, as_of: date, environment: dict[str, str]) -> None:
    """`refi risk run` on the sources in a folder."""
    done = refi_here("risk", "run", "--source", folder, "--as-of", as_of, environment=environment)
    assert done.returncode == 0, done.stderr + done.stdout


def scores_of_run(lake: Path, as_of: date) -> dict[str, dict[str, Any]]:
    """Features and scores of a published run, by borrower."""
    opened = open_lake(str(lake))
    run = PublishedRun.as_of_day(PUBLICATION, opened, open_duckdb(opened), as_of)
    query = (
        "SELECT features.*, scores.probability, scores.band, scores.reasons "
        "FROM risk.features AS features INNER JOIN risk.scores AS scores USING (borrower_id)"
    )
    columns, rows = run.query(query)
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def last_scores_of_day(stream: RiskStream, day: date) -> list[dict[str, Any]]:
    """The last score that the stream gave each borrower on a day, with its features."""
    query = (
        "SELECT * EXCLUDE (score_id, model, version, newest_event_time, processed_at, events, offsets, late, rules, "
        "checkpoint, batch) REPLACE (array_to_string(reasons, '|') AS reasons) FROM stored "
        f"WHERE as_of = DATE '{day}' QUALIFY row_number() OVER (PARTITION BY borrower_id ORDER BY batch DESC) = 1"
    )
    rows: list[dict[str, Any]] = stream.stored("scores").query("stored", query).to_arrow_table().to_pylist()
    return rows


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(
    ("days", "compared"),
    [
        pytest.param(4, [4], id="the last of four days"),
        pytest.param(30, range(1, 31), id="thirty days", marks=pytest.mark.long),
    ],
)
def test_the_last_scores_of_a_day_are_those_of_a_run_over_the_same_events(
    kafka: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, days: int, compared: Sequence[int]
) -> None:
    """The stream begins with the run of the day before, so that all have a history of 13 months."""
    registry = new_registry_file(tmp_path / "registry", tmp_path_factory.mktemp("registry"))
    register_scorecard(registry)
    stream = new_stream(tmp_path, kafka.bootstrap, next(PREFIXES), registry)
    generated = tmp_path / "generated"
    with generated_risk(120, 3, generated, as_of=START, days=days, months=13):
        pass
    run_over_files(generated, START, dict(stream.settings))
    with stream.in_this_process():
        create_topics(timestamps="CreateTime")
        with running() as query:
            for _, messages in groupby(stored_messages(generated / "messages"), key=day_of):
                query.take(*messages)
    files = tmp_path / "files"
    compared_borrowers = 0
    for number in compared:
        day = START + timedelta(days=number)
        run_over_files(generated / "replayed", day, {**stream.settings, "REFI_LAKE_URL": str(files)})
        expected = scores_of_run(files, day)
        streamed = last_scores_of_day(stream, day)
        assert streamed == [expected[row["borrower_id"]] for row in streamed]
        compared_borrowers += len(streamed)
    assert compared_borrowers > 10 * len(compared)


def day_of(message: Message) -> date:
    """The day, in UTC, on which a message was received."""
    return datetime.fromtimestamp(message[3] / 1000, UTC).date()
