"""Failures around the store: full and read-only disks, locked, damaged and missing files.

Each message says what is wrong, that last week's offers are unchanged, and what to do.
"""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from refi_assets.errors import StoreError
from refi_assets.store.protocol import EventKind, StoredOffer
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import day, live_ids, noon, offer, publish

UNCHANGED = "Last week's offers are unchanged. "


@pytest.fixture
def on_a_small_disk(tmp_path: Path):
    """Run a script with a store on a disk of 8 MB, in a namespace of its own; returns what it prints as JSON."""
    mount = ["unshare", "--user", "--map-root-user", "--mount"]
    allowed = subprocess.run([*mount, "true"], capture_output=True, check=False)
    if allowed.returncode != 0:
        pytest.skip(f"mounting a small disk is not allowed here: {allowed.stderr.decode().strip()}")

    def run(script: str) -> Any:
        done = subprocess.run(
            [*mount, sys.executable, "-c", PRELUDE + script, tmp_path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


PRELUDE = """
import json, os, pathlib, subprocess, sys
from refi_assets.errors import StoreError
from refi_assets.store.protocol import EventKind, StoredOffer
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import day, live_ids, noon, offer, publish, week_files
disk = pathlib.Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
store = SqliteOfferStore(disk, "cards")
publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
store.record_event("a", EventKind.SENT, noon(0))
def message(action):
    try:
        action()
    except StoreError as error:
        return str(error)
def large(run_id):
    store.load(run_id, day(7), [[offer(f"{run_id}-{n}", f"c{n}") for n in range(100_000)]])
def ids(today):
    with SqliteOfferStore(disk, "cards", read_only=True) as reader:
        return [live_ids(reader, customer, day(today)) for customer in ("c1", "c2")]
"""


def test_a_full_disk_is_reported_and_last_weeks_offers_stay(on_a_small_disk):
    load, move, event, left, before, after = on_a_small_disk("""
load = message(lambda: large("w2"))
left = week_files(store.folder)
store.load("w3", day(7), [[offer("d", "c2")]])
store.record_event("b", EventKind.SENT, noon(6))
ballast = disk / "ballast"
ballast.write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
move = message(lambda: store.make_current("w3"))
events = [message(lambda: store.record_event("a", EventKind.CLICKED, noon(6))) for _ in range(2_000)]
before = ids(6)
ballast.unlink()
store.make_current("w3")
print(json.dumps([load, move, events[-1], left, before, ids(7)]))
""")
    for message in (load, move):
        assert f": the disk is full. {UNCHANGED}Free space on it, then try again." in message
    assert ": the disk is full. Nothing was recorded, and the stored offers are unchanged. Free space" in event
    assert left == ["current.json", "w1.sqlite"], "what did not fit is removed at once"
    assert before == after == [["a"], ["b"]]


def test_a_read_only_disk_is_reported_and_still_read(on_a_small_disk):
    load, event, read = on_a_small_disk("""
store.close()
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
load = message(lambda: large("w2"))
event = message(lambda: store.record_event("a", EventKind.CLICKED, noon(6)))
print(json.dumps([load, event, ids(6)]))
""")
    assert f": it is read-only for this user or on this disk. {UNCHANGED}Make the folder writable" in load
    assert ": it is read-only for this user or on this disk. Nothing was recorded" in event
    assert read == [["a"], ["b"]]


def test_a_reader_of_a_read_only_disk_sees_what_another_machine_writes_there(on_a_small_disk):
    """SQLite reads a file there as if it never changed; a withdrawn offer was answered until the next week."""
    reads = on_a_small_disk("""
store.close()
shown = disk / "shown"
shown.mkdir()
subprocess.run(["mount", "--bind", disk / "cards", shown], check=True)
subprocess.run(["mount", "-o", "remount,bind,ro", shown], check=True)
reader = SqliteOfferStore(disk, "shown", read_only=True)
reads = [live_ids(reader, "c1", day(1))]
store.withdraw("a", "a test", noon(1))
reads.append(live_ids(reader, "c1", day(1)))
store.close()
reads.append(live_ids(reader, "c1", day(1)))
print(json.dumps(reads))
""")
    assert reads == [["a"], [], []]


@pytest.fixture
def served(store) -> SqliteOfferStore:
    """A store with a week of two offers."""
    publish(store, "w1", [offer("a", "c1"), offer("b", "c2")])
    return store


def test_a_locked_store_is_reported_and_read(served, tmp_path: Path):
    served.load("w2", day(7), [[offer("d", "c1")]])
    with (
        SqliteOfferStore(tmp_path, "cards", busy_seconds=0.1) as hasty,
        closing(sqlite3.connect(served.folder / "events.sqlite", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=rf"another process has locked it\. {UNCHANGED}Wait until"):
            hasty.make_current("w2")
        with pytest.raises(StoreError, match=r"another process has locked it\. Nothing was recorded"):
            hasty.record_event("a", EventKind.SENT, noon(6))
        assert live_ids(hasty, "c1", day(6)) == ["a"]
        other.execute("ROLLBACK")
        hasty.make_current("w2")
        assert live_ids(hasty, "c1", day(7)) == ["d"]


def test_two_loads_at_once_are_refused(served, tmp_path: Path):
    def batches() -> Iterator[list[StoredOffer]]:
        refused = pytest.raises(StoreError, match=rf"another load is running\. {UNCHANGED}Wait until it is done")
        with SqliteOfferStore(tmp_path, "cards") as second, refused:
            second.load("w3", day(7), [])
        yield [offer("d", "c1")]

    served.load("w2", day(7), batches())
    served.make_current("w2")
    assert live_ids(served, "c1", day(7)) == ["d"]


def test_a_damaged_week_is_reported_and_replaced_by_the_next(served):
    served.record_event("a", EventKind.SENT, noon(0))
    served.close()
    path = served.folder / "w1.sqlite"
    path.write_bytes(b"not a database" * 1_000)
    with pytest.raises(StoreError, match=r"w1\.sqlite: it is damaged.*can be replaced by a new run"):
        served.get("b", day(0))
    publish(served, "w2", [offer("d", "c1"), offer("e", "c2")], day(7))
    assert (live_ids(served, "c1", day(7)), live_ids(served, "c2", day(7))) == (["a"], ["e"])


def test_a_pointer_to_a_missing_week_is_reported_and_replaced_by_the_next(served):
    served.record_event("a", EventKind.SENT, noon(0))
    served.close()
    (served.folder / "w1.sqlite").unlink()
    with pytest.raises(StoreError, match=r"w1\.sqlite: it is missing or cannot be opened.*REFI_STORE_DIR"):
        served.get("b", day(0))
    publish(served, "w2", [offer("d", "c1")], day(7))
    assert live_ids(served, "c1", day(7)) == ["a"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"run_id": "w1", "as_of": "soon", "earlier": []}'])
def test_a_damaged_pointer_is_reported(served, text: str):
    served.record_event("a", EventKind.SENT, noon(0))
    (served.folder / "current.json").write_text(text)
    actions: list[Callable[[], object]] = [lambda: served.get("a", day(0)), lambda: served.load("w2", day(7), [])]
    for action in actions:
        with pytest.raises(StoreError, match=r"current\.json is damaged.*remove it and run again"):
            action()
    (served.folder / "current.json").unlink()
    publish(served, "w2", [offer("d", "c1")], day(7))
    assert live_ids(served, "c1", day(7)) == ["a"]


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"not a database" * 1_000), Path.unlink])
def test_without_its_events_a_store_answers_nothing_as_offers_that_ended_would_be_live(served, damage):
    served.withdraw("a", "a test", noon(0))
    served.close()
    damage(served.folder / "events.sqlite")
    actions: list[Callable[[], object]] = [
        lambda: served.get("a", day(0)),
        lambda: served.record_event("a", EventKind.SENT, noon(0)),
        lambda: served.load("w2", day(7), []),
    ]
    for action in actions:
        with pytest.raises(StoreError, match=r"(cards|events\.sqlite): it is (damaged, or not|missing or cannot)"):
            action()


def test_a_store_that_vanishes_is_reported_and_can_come_back(served, tmp_path: Path):
    assert live_ids(served, "c1", day(0)) == ["a"]
    served.folder.rename(tmp_path / "away")
    with pytest.raises(StoreError, match=r"has no offers\. The stored offers were not changed\. Run the program, or"):
        served.get("a", day(0))
    assert not served.folder.exists()
    (tmp_path / "away").rename(served.folder)
    assert live_ids(served, "c1", day(0)) == ["a"]
