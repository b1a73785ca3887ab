"""The offer log: who heard of which offer on which day, by the events of a store."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from refi_assets.errors import StoreError
from refi_assets.store.offer_log import HeardOffer, offers_heard_of
from refi_assets.store.protocol import EventKind
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import noon, offer, publish

NOBODY = "It is not known which customers have heard of an offer, so nobody gets a new one. "


def record(store: SqliteOfferStore, *events: tuple[str, str, int]) -> None:
    for offer_id, kind, days in events:
        store.record_event(offer_id, EventKind(kind), noon(days))


@pytest.fixture
def used(store: SqliteOfferStore) -> SqliteOfferStore:
    publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
    record(
        *(store, ("a", "sent", 0), ("a", "displayed", 1), ("a", "displayed", 2), ("a", "sent", 3), ("b", "clicked", 3)),
        *(("b", "accepted", 3), ("b", "displayed", 4), ("a", "displayed", 5), ("b", "displayed", 6)),
    )
    return store


HEARD = [
    HeardOffer(1, "c1", "a", "sent", "2026-02-20"),
    HeardOffer(2, "c1", "a", "displayed", "2026-02-21"),
    HeardOffer(4, "c1", "a", "sent", "2026-02-23"),
    HeardOffer(7, "c2", "b", "displayed", "2026-02-24"),
]


def test_every_sent_and_the_first_displayed_of_an_offer_are_in_the_log(used):
    assert list(offers_heard_of(used.folder)) == HEARD


@pytest.mark.parametrize("place", range(len(HEARD)))
def test_after_an_entry_only_later_ones_are_read(used, place):
    """The first display before it counts: a later one is not taken for the first."""
    assert list(offers_heard_of(used.folder, HEARD[place])) == HEARD[place + 1 :]


@pytest.mark.parametrize(
    "last", [HeardOffer(99, "c1", "a", "sent", "2026-02-20"), HeardOffer(4, "c2", "b", "sent", "2026-02-23")]
)
def test_an_entry_that_this_store_does_not_have_gives_the_whole_log(used, last):
    """After a restore from a backup, other events get the numbers of those that were lost."""
    assert list(offers_heard_of(used.folder, last)) == HEARD


def test_withdrawn_and_superseded_offers_stay_in_the_log(used):
    used.withdraw("a", "error in the price", noon(7))
    publish(used, "w2", [offer("a2", "c1")], as_of=noon(7).date())
    used.record_event("a2", EventKind.SENT, noon(8))
    assert list(offers_heard_of(used.folder)) == [*HEARD, HeardOffer(10, "c1", "a2", "sent", "2026-02-28")]


def test_without_a_store_or_an_event_the_log_is_empty(store):
    assert list(offers_heard_of(store.folder)) == []
    publish(store, "w1", [offer("a", "c1")])
    assert list(offers_heard_of(store.folder)) == []


def test_a_first_load_that_was_killed_before_its_tables_were_there_is_an_empty_log(store):
    store.folder.mkdir()
    (store.folder / "events.sqlite").touch()
    assert list(offers_heard_of(store.folder)) == []


def test_the_log_is_read_without_a_pointer(used):
    """Removing a damaged pointer is what its message advises; the events stay."""
    (used.folder / "current.json").unlink()
    assert list(offers_heard_of(used.folder)) == HEARD


def test_reading_waits_for_no_writer_and_changes_nothing(used):
    used.close()
    before = {path.name: path.read_bytes() for path in used.folder.iterdir()}
    with closing(sqlite3.connect(used.folder / "events.sqlite", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert list(offers_heard_of(used.folder)) == HEARD
    assert {path.name: path.read_bytes() for path in used.folder.iterdir()} == before


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    with closing(sqlite3.connect(folder / "events.sqlite", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def damaged(folder: Path) -> Iterator[None]:
    (folder / "events.sqlite").write_bytes(b"not a database" * 1_000)
    yield


@contextmanager
def without_tables(folder: Path) -> Iterator[None]:
    (folder / "events.sqlite").write_bytes(b"")
    yield


@contextmanager
def missing(folder: Path) -> Iterator[None]:
    (folder / "events.sqlite").unlink()
    yield


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (locked, "another process has locked it. " + NOBODY + "Wait until that process is"),
        (damaged, "it is damaged, or not a file of the store. " + NOBODY + "Restore it from a backup"),
        (without_tables, "it is damaged, or not a file of the store. " + NOBODY + "Restore it from a backup"),
        (missing, "it is missing or cannot be opened. " + NOBODY + "Check that the folder is there"),
    ],
)
def test_a_store_that_cannot_be_read_is_no_empty_log(used, fault, message):
    used.close()
    with fault(used.folder), pytest.raises(StoreError) as error:
        list(offers_heard_of(used.folder, busy_seconds=0.1))
    assert str(error.value).startswith(f"{used.folder / 'events.sqlite'}: {message}")
