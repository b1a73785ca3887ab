"""Events of some borrowers, found by their places in a mapped file."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from refi_assets.engines.duckdb import DuckDBSession, open_duckdb
from refi_assets.lake import FolderStore
from refi_assets.risk.stream.mapped_events import MappedEvents

# 3,000 borrowers with 0 to 3 events each, in the order of their ids as texts, and one whose events fill two blocks.
EVENTS = sorted(
    [(f"B{number}", f"e{event}") for number in range(3000) for event in range(number % 4)]
    + [("B1500x", f"e{event:04}") for event in range(5000)]
)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[DuckDBSession]:
    with open_duckdb(FolderStore(str(tmp_path / "lake"))).session() as opened:
        yield opened


def mapped(session: DuckDBSession, events: list[tuple[str, str]], path: Path) -> MappedEvents:
    columns = zip(*events, strict=True) if events else ([], [])
    names = pa.table([pa.array(list(column), pa.string()) for column in columns], ["borrower_id", "event_id"])
    session.connection.register("given", names)
    return MappedEvents(session, "FROM given", path, rows_a_block=2048)


def found(events: MappedEvents, *borrower_ids: str) -> list[tuple[str, str]]:
    rows = events.of(pa.array(borrower_ids, pa.string())).to_pylist()
    return [(row["borrower_id"], row["event_id"]) for row in rows]


def test_the_events_of_borrowers_are_found_and_no_others(session: DuckDBSession, tmp_path: Path) -> None:
    events = mapped(session, EVENTS, tmp_path / "events")
    wanted = {"B3", "B2999", "B1500x", "B1500", "B0", "B", "Z", "B1001"}
    assert found(events, *wanted) == [row for row in EVENTS if row[0] in wanted]
    assert found(events, *{row[0] for row in EVENTS}) == EVENTS
    assert found(events, "nobody") == found(events) == []


def test_without_events_there_are_none(session: DuckDBSession, tmp_path: Path) -> None:
    assert found(mapped(session, [], tmp_path / "events"), "B1") == []


def test_a_new_file_leaves_what_was_found_in_the_old_one_alone(session: DuckDBSession, tmp_path: Path) -> None:
    old = mapped(session, EVENTS, tmp_path / "events")
    new = mapped(session, [("B9", "e9")], tmp_path / "events")
    assert found(old, "B3") == [("B3", "e0"), ("B3", "e1"), ("B3", "e2")]
    assert found(new, "B3", "B9") == [("B9", "e9")]
