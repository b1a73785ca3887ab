"""kill -9 at any moment: last week is read as before, or this week whole, and each event that was answered is there."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from refi_assets.store.protocol import EventKind
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import day, live_ids, noon, offer, publish, week_files
from tests.store.requests import request

OFFERS = 20_000
BATCH = 1_000

# Loads a week and makes it current, and prints what is done so far; a line ends when its reader may kill.
LOADING = f"""
import sys
from pathlib import Path
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import day, offer
store = SqliteOfferStore(Path(sys.argv[1]), "cards")
def batches():
    for start in range(0, {OFFERS}, {BATCH}):
        print("batch", start, flush=True)
        yield [offer(f"new{{n}}", f"c{{n}}", expires_on=day(40)) for n in range(start, start + {BATCH})]
    print("all read", flush=True)
print("begin", flush=True)
store.load("w2", day(7), batches())
print("loaded", flush=True)
store.make_current("w2")
print("moved", flush=True)
"""

# Records groups of three events, and prints the number of each group when it is answered.
RECORDING = """
import sys
from pathlib import Path
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import noon
from tests.store.requests import request
store = SqliteOfferStore(Path(sys.argv[1]), "cards")
for group in range(20_000):
    store.record_events([request(f"old{n}", key=f"key{group}") for n in range(3)], noon(1), 30)
    print(group, flush=True)
"""


def start(script: str, root: Path) -> subprocess.Popen[str]:
    """Start a script in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", script, root], stdout=subprocess.PIPE, text=True)


def kill_after(script: str, root: Path, line: str, seconds: float = 0) -> list[str]:
    """Kill a script so long after it printed a line; returns all that it printed."""
    with start(script, root) as process:
        assert process.stdout is not None
        printed = []
        for text in process.stdout:
            printed.append(text.strip())
            if text.strip() == line:
                time.sleep(seconds)
                process.send_signal(signal.SIGKILL)
        return printed


def require_one_week_or_the_other(root: Path, was_moved: bool) -> None:
    """All offers are last week's, of which a firm one, or this week's; and the next load is right."""
    with SqliteOfferStore(root, "cards") as store:
        current = store.current()
        assert current is not None
        today = day(7)
        if was_moved:
            assert current.run_id == "w2"
        if current.run_id == "w2":
            assert store.count(today) == OFFERS
            assert live_ids(store, "c1", today) == ["new1"]
        else:
            assert store.count(today) == 3
            assert live_ids(store, "c1", today) == ["old1"]
        assert live_ids(store, "c0", today) == ["old0"]

        week = publish(store, "w3", [offer(f"newest{n}", f"c{n}") for n in range(10)], day(7))
        assert (week.new_offers, week.carried_offers) == (9, 1)
        assert live_ids(store, "c0", today) == ["old0"]
        assert live_ids(store, "c1", today) == ["newest1"]
        assert set(week_files(store.folder)) <= {"current.json", "w1.sqlite", "w2.sqlite", "w3.sqlite"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store with a week of three offers, of which the first is firm."""
    with SqliteOfferStore(tmp_path, "cards") as store:
        publish(store, "w1", [offer(f"old{n}", f"c{n}") for n in range(3)])
        store.record_event("old0", EventKind.DISPLAYED, noon(0))
    return tmp_path


@pytest.mark.parametrize("line", ["begin", "batch 0", "batch 12000", "all read", "loaded"])
def test_a_killed_load_shows_nothing(root: Path, line: str):
    printed = kill_after(LOADING, root, line)
    require_one_week_or_the_other(root, "moved" in printed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_a_load_killed_at_a_random_moment_shows_nothing(root: Path, seed: int):
    """The seconds are those of a whole load on a quiet machine."""
    printed = kill_after(LOADING, root, "begin", random.Random(seed).uniform(0, 0.4))
    require_one_week_or_the_other(root, "moved" in printed)


@pytest.mark.parametrize("last", [0, 17, 150])
def test_no_event_that_was_recorded_is_lost_by_a_kill_and_none_is_doubled_by_repeats(root: Path, last: int):
    printed = kill_after(RECORDING, root, str(last))
    with SqliteOfferStore(root, "cards") as store:

        def counts() -> list[int]:
            return [len(store.events_of(f"old{n}")) - (n == 0) for n in range(3)]

        assert len(set(counts())) == 1, "a group is recorded whole or not at all"
        assert len(printed) <= counts()[0] <= len(printed) + 1, "at most one was not yet answered"
        for group in range(len(printed) + 1):  # all are sent again
            store.record_events([request(f"old{n}", key=f"key{group}") for n in range(3)], noon(1), 30)
        assert counts() == [len(printed) + 1] * 3
