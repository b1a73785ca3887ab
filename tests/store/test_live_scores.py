"""The last scores of a stream: replays, older batches, days, and what a reader gets back."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from refi_assets.errors import StoreError
from refi_assets.store.live_scores import LIVE_FILE, LiveBatch, LiveScore, LiveScores

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
NOON = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)
NAMES = ("utilization", "product", "is_employed")


@pytest.fixture
def scores(tmp_path: Path) -> LiveScores:
    """A store without scores."""
    return LiveScores(tmp_path / "risk" / LIVE_FILE, busy_seconds=0.1)


def batch(number: int, checkpoint: str = "first", at: datetime = NOON) -> LiveBatch:
    return LiveBatch(checkpoint, number, "live_default", 3, at, NAMES)


def rows(*scored: tuple[str, date, int]) -> pa.Table:
    """Scores of keys on a day, in millionths."""
    keys, days, millionths = zip(*scored, strict=True)
    return pa.table(
        {
            "events": pa.array([1] * len(keys)),  # a column that the store does not keep
            "key": pa.array(keys),
            "as_of": pa.array(days),
            "millionths": pa.array(millionths, pa.int32()),
            "band": pa.array(["low"] * len(keys)),
            "reasons": pa.array(["utilization|income"] * len(keys)),
            "newest_event_time": pa.array([1_772_452_799_001_000, *[None] * (len(keys) - 1)], pa.timestamp("us")),
            "features": pa.array(['[0.25,"card",null]'] * len(keys)),
        }
    )


def test_a_score_is_read_as_it_was_written(scores: LiveScores) -> None:
    scores.keep(batch(7), rows(("B1", MONDAY, 12_345), ("Ä 2", MONDAY, 0)))
    newest = datetime(2026, 3, 2, 11, 59, 59, 1_000, tzinfo=UTC)
    features: dict[str, float | str | bool | None] = {"utilization": 0.25, "product": "card", "is_employed": None}
    first = LiveScore("B1", batch(7), MONDAY, 12_345, "low", "utilization|income", newest, features)
    assert scores.score_of("B1") == first
    assert scores.score_of("Ä 2") == first._replace(key="Ä 2", millionths=0, newest_event_time=None)
    assert scores.score_of("B3") is None


def test_a_store_that_nobody_has_written_has_no_scores(scores: LiveScores, tmp_path: Path) -> None:
    assert scores.score_of("B1") is None
    assert scores.scores_before(["B1"], MONDAY).num_rows == 0
    assert list(tmp_path.iterdir()) == []


def test_a_replayed_batch_changes_nothing(scores: LiveScores, tmp_path: Path) -> None:
    scores.keep(batch(1), rows(("B1", MONDAY, 100)))
    for _ in range(2):
        scores.keep(batch(2), rows(("B1", TUESDAY, 200), ("B2", TUESDAY, 300)))
    with closing(sqlite3.connect(tmp_path / "risk" / LIVE_FILE)) as connection:
        kept = connection.execute("SELECT key, batch, millionths, earlier_millionths FROM live_score ORDER BY key")
        assert kept.fetchall() == [("B1", 2, 200, 100), ("B2", 2, 300, None)]


def test_an_older_batch_does_not_replace_a_newer_one(scores: LiveScores) -> None:
    scores.keep(batch(5), rows(("B1", MONDAY, 100)))
    scores.keep(batch(4), rows(("B1", MONDAY, 200), ("B2", MONDAY, 300)))
    kept = [scores.score_of(key) for key in ("B1", "B2")]
    assert [(score.millionths, score.batch.batch) for score in kept if score] == [(100, 5), (300, 4)]


def test_a_newer_checkpoint_wins_although_it_counts_its_batches_from_zero(scores: LiveScores) -> None:
    scores.keep(batch(5), rows(("B1", MONDAY, 100)))
    scores.keep(batch(0, "second"), rows(("B1", MONDAY, 200)))
    scores.keep(batch(6), rows(("B1", MONDAY, 300)))
    kept = scores.score_of("B1")
    assert kept is not None
    assert (kept.millionths, kept.batch.checkpoint_id) == (200, "second")


def test_the_score_of_an_earlier_day_is_the_newest_of_any_day_before(scores: LiveScores) -> None:
    scores.keep(batch(1), rows(("B1", MONDAY, 100), ("B2", MONDAY, 500)))
    scores.keep(batch(2), rows(("B1", MONDAY, 200)))
    scores.keep(batch(3), rows(("B1", TUESDAY, 300)))
    scores.keep(batch(4), rows(("B1", TUESDAY, 400)))

    def before(day: date) -> list[tuple[str, date, int]]:
        table = scores.scores_before(["B2", "B1", "B3"], day)
        return list(zip(*(table[name].to_pylist() for name in ("key", "as_of", "millionths")), strict=True))

    assert before(MONDAY) == []
    assert before(TUESDAY) == [("B1", MONDAY, 200), ("B2", MONDAY, 500)]
    assert before(TUESDAY + timedelta(1)) == [("B1", TUESDAY, 400), ("B2", MONDAY, 500)]


def test_the_names_of_features_may_change_from_batch_to_batch(scores: LiveScores) -> None:
    scores.keep(batch(1), rows(("B1", MONDAY, 100), ("B2", MONDAY, 100)))
    renamed = batch(2)._replace(feature_names=("utilization_pct", "product", "is_employed"))
    scores.keep(renamed, rows(("B1", MONDAY, 100)))
    kept = [scores.score_of(key) for key in ("B1", "B2")]
    assert [next(iter(score.features)) for score in kept if score] == ["utilization_pct", "utilization"]


def test_a_hundred_thousand_scores_are_read_back(scores: LiveScores) -> None:
    keys = [f"B{number:06d}" for number in range(100_000)]
    scores.keep(batch(1), rows(*((key, MONDAY, number) for number, key in enumerate(keys))))
    table = scores.scores_before(keys, TUESDAY)
    assert table["millionths"].to_pylist() == list(range(100_000))


def test_a_file_that_is_not_a_store_is_reported(scores: LiveScores, tmp_path: Path) -> None:
    path = tmp_path / "risk" / LIVE_FILE
    path.parent.mkdir()
    path.write_text("not a database, and longer than the header of one would be" * 10)
    with pytest.raises(StoreError, match=r"it is damaged, or not a file of the store\. The live scores are unchanged"):
        scores.keep(batch(1), rows(("B1", MONDAY, 100)))
    with pytest.raises(StoreError, match="it is damaged"):
        scores.score_of("B1")


def test_a_locked_file_is_reported_and_can_still_be_read(scores: LiveScores, tmp_path: Path) -> None:
    scores.keep(batch(1), rows(("B1", MONDAY, 100)))
    with closing(sqlite3.connect(tmp_path / "risk" / LIVE_FILE, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process has locked it"):
            scores.keep(batch(2), rows(("B1", MONDAY, 200)))
        kept = scores.score_of("B1")
    assert kept is not None
    assert kept.millionths == 100


def test_a_file_of_a_newer_version_is_left_alone(scores: LiveScores, tmp_path: Path) -> None:
    scores.keep(batch(1), rows(("B1", MONDAY, 100)))
    with closing(sqlite3.connect(tmp_path / "risk" / LIVE_FILE)) as connection:
        connection.execute("PRAGMA user_version = 2")
    for use in (lambda: scores.score_of("B1"), lambda: scores.keep(batch(2), rows(("B1", MONDAY, 200)))):
        with pytest.raises(StoreError, match="has version 2 of its tables, and this version of the package reads 1"):
            use()


def test_a_file_that_was_restored_meanwhile_is_read(scores: LiveScores, tmp_path: Path) -> None:
    path = tmp_path / "risk" / LIVE_FILE
    scores.keep(batch(1), rows(("B1", MONDAY, 100)))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (f"{path}.backup",))
    scores.keep(batch(2), rows(("B1", MONDAY, 200)))
    for left in ("", "-wal", "-shm"):
        path.with_name(f"{LIVE_FILE}{left}").unlink()
    path.with_name(f"{LIVE_FILE}.backup").rename(path)
    kept = scores.score_of("B1")
    assert kept is not None
    assert kept.millionths == 100


def test_only_the_owner_can_read_the_file(scores: LiveScores, tmp_path: Path) -> None:
    scores.keep(batch(1), rows(("B1", MONDAY, 100)))
    assert (tmp_path / "risk" / LIVE_FILE).stat().st_mode & 0o777 == 0o600
