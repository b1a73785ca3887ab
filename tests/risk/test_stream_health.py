"""How the stream is doing, by files that were written by hand."""

from datetime import timedelta
from pathlib import Path

import pytest

from refi_assets.engines.duckdb import open_duckdb
from refi_assets.lake import open_lake
from refi_assets.risk.policy import SignalLimits, StreamHealth
from refi_assets.risk.stream_health import StreamStatus, newest_stream_status
from tests.risk.streamed_lake import StreamedLake, utc

NOON = utc("2026-02-20 12:00")
LIMITS = StreamHealth(
    lag_seconds=SignalLimits(warn_above=60, block_above=900),
    silent_minutes=SignalLimits(warn_above=15, block_above=60),
)


def event(topic: str, partition: int, received_at: str) -> dict[str, object]:
    return {
        "topic": topic,
        "kafka_partition": partition,
        "event_id": received_at,
        "received_at": utc(received_at).replace(tzinfo=None),
    }


def status_of(folder: Path) -> StreamStatus | None:
    return newest_stream_status(open_duckdb(open_lake(str(folder))))


def test_a_lake_without_a_stream_has_no_status(tmp_path: Path) -> None:
    open_lake(str(tmp_path))
    assert status_of(tmp_path) is None


@pytest.mark.parametrize("batches", [1, 2, 3, 4, 5, 8, 9, 100])
def test_the_newest_batch_is_found_among_any_number(tmp_path: Path, batches: int) -> None:
    lake = StreamedLake(tmp_path)
    for batch in range(batches):
        lake.decide("one", batch, f"2026-02-20 10:{batch % 60:02}")
    status = status_of(tmp_path)
    assert status is not None
    assert status.batch == batches - 1


def test_a_partition_is_behind_by_the_wait_of_its_newest_event_also_if_that_came_too_late(tmp_path: Path) -> None:
    lake = StreamedLake(tmp_path)
    lake.decide("one", 0, "2026-02-20 12:00")
    newest = [("loan-events", 0, "2026-02-20 11:59:58"), ("loan-events", 1, "2026-02-20 11:00")]
    lake.put("events", "one", 0, [event(*place) for place in (*newest, ("loan-events", 0, "2026-02-20 10:00"))])
    lake.put("late_events", "one", 0, [event("transactions", 0, "2026-02-20 11:59:30.500")])
    status = status_of(tmp_path)
    assert status is not None
    assert status.lag_seconds == {"loan-events/0": 2.0, "loan-events/1": 3600.0, "transactions/0": 29.5}
    assert status.most_lag_seconds == 3600


def test_an_event_that_arrives_while_its_batch_begins_is_not_behind(tmp_path: Path) -> None:
    lake = StreamedLake(tmp_path)
    lake.decide("one", 0, "2026-02-20 12:00")
    lake.put("events", "one", 0, [event("transactions", 0, "2026-02-20 12:00:01")])
    assert status_of(tmp_path) == StreamStatus("one", 0, NOON, {"transactions/0": 0.0})


def test_a_batch_under_way_has_begun_and_has_no_lag_yet(tmp_path: Path) -> None:
    lake = StreamedLake(tmp_path)
    lake.decide("one", 0, "2026-02-20 12:00")
    assert status_of(tmp_path) == StreamStatus("one", 0, NOON, {})


def test_of_two_checkpoints_the_one_with_the_newer_batch_counts(tmp_path: Path) -> None:
    lake = StreamedLake(tmp_path)
    lake.decide("b", 0, "2026-02-19 12:00")
    lake.decide("a", 0, "2026-02-20 12:00")
    assert status_of(tmp_path) == StreamStatus("a", 0, NOON, {})


@pytest.mark.parametrize(
    ("lag", "silent", "verdict"),
    [(60, 15, "well"), (60.5, 0, "warns"), (0, 15.5, "warns"), (900, 60, "warns"), (901, 0, "fails"), (0, 61, "fails")],
)
def test_the_verdict_is_that_of_the_worse_signal_and_limits_themselves_are_allowed(
    lag: float, silent: float, verdict: str
) -> None:
    status = StreamStatus("one", 0, NOON, {"transactions/0": lag, "transactions/1": 0.0})
    assert status.verdict(NOON + timedelta(minutes=silent), LIMITS) == verdict
