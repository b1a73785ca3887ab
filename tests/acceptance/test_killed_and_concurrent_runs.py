"""Killed runs, and concurrent runs on one lake with a reader.

Each run is a process, forked from one that has imported the definitions and done nothing else.
"""

import csv
import multiprocessing
import os
import random
import signal
import threading
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import LakeError
from refi_assets.lake import FolderStore
from refi_assets.publishing.retention import clean_up
from refi_assets.refi.audience import AUDIENCE, PublishedAudience
from refi_assets.settings import forget_settings
from tests.support import unsynced  # noqa: F401  (the runs' processes import this module)
from tests.support.lender import lender, write
from tests.support.running import DAY, ingest, latest
from tests.support.whole import require_whole_audience

KILLS = 50


def run(lake: Path, environment: dict[str, str], day: date, last_event: tuple[str, str] | None = None) -> None:
    """The run in its process. With `last_event` (type and step), it is killed as soon as the event is logged."""
    from refi_assets.cli.run import run_domain
    from refi_assets.cli.terminal import Terminal

    os.environ.clear()  # the forking server has the environment of the first test
    os.environ.update(environment)
    forget_settings()  # they were read when the definitions were imported
    if last_event is not None:
        _kill_after(*last_event)
    run_domain("refi", day, lake_url=str(lake), console=Terminal(stderr=True))


def _kill_after(event_type: str, step: str) -> None:
    log = dg.DagsterInstance.handle_new_event

    def log_and_die(instance: dg.DagsterInstance, entry: dg.EventLogEntry, **how: Any) -> None:
        log(instance, entry, **how)
        event = entry.dagster_event
        if event is not None and (event.event_type_value, event.step_key) == (event_type, step):
            os.kill(os.getpid(), signal.SIGKILL)

    dg.DagsterInstance.handle_new_event = log_and_die  # type: ignore[assignment, method-assign]


@pytest.fixture(scope="module")
def processes() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["refi_assets.definitions", "refi_assets.cli.run", __name__])
    return context


@pytest.fixture
def start(processes, tmp_path, environment):
    """Start a run; returns its process."""
    spill = tmp_path / "spill"
    spill.mkdir()
    own = {**os.environ, "DAGSTER_HOME": environment["DAGSTER_HOME"], "TMPDIR": str(spill)}

    def start(day: date, last_event: tuple[str, str] | None = None) -> Any:
        process = processes.Process(target=run, args=(tmp_path / "lake", own, day, last_event))
        process.start()
        return process

    return start


@pytest.fixture
def lake(tmp_path) -> Path:
    """A lake with a snapshot for each day; on the nth day, 10 + n of 40 borrowers are eligible."""
    for n in range(5):
        source = write(lender(eligible=10 + n), tmp_path / f"source{n}")
        ingest(tmp_path / "lake", source, DAY + timedelta(days=n))
    return tmp_path / "lake"


def borrowers(lake: Path) -> list[str]:
    with (lake / latest(lake)["audience"]).open(newline="", encoding="utf-8") as stream:
        return sorted(row["borrower_id"] for row in csv.DictReader(stream))


def expected(day: date) -> list[str]:
    return [f"B{n:03}" for n in range(1, 11 + (day - DAY).days)]


# The last event before the kill, and whether the audience was published by then.
PHASES = [
    ("STEP_START", "catalog__borrower_engagement", False),
    ("STEP_START", "staging__loan_information", False),
    ("STEP_START", "refi__refi_eligibility", False),
    ("STEP_START", "activation__audience_file", False),
    ("ASSET_MATERIALIZATION", "activation__audience_file", True),
]


def test_a_kill_in_any_phase_leaves_a_whole_audience_and_the_next_run_publishes(start, published_lake, tmp_path):
    lake, next_day = published_lake, DAY + timedelta(days=1)
    ingest(lake, write(lender(eligible=11), tmp_path / "next"), next_day)
    for event_type, step, is_published in PHASES:
        killed = start(next_day, (event_type, step))
        killed.join()
        assert killed.exitcode == -signal.SIGKILL, step
        day = next_day if is_published else DAY
        assert require_whole_audience(lake)["as_of"] == day.isoformat(), step
        assert borrowers(lake) == expected(day)
    before = latest(lake)["run_id"]

    whole = start(next_day)
    whole.join()

    assert whole.exitcode == 0
    assert require_whole_audience(lake)["run_id"] != before
    assert borrowers(lake) == expected(next_day)
    require_no_left_overs(lake)
    assert not list((tmp_path / "spill").glob("refi-spill-*")), "the last run deleted the spill files of killed runs"


def require_no_left_overs(lake: Path) -> None:
    """Clean up after killed runs; only the objects that published runs need may be left."""
    store = FolderStore(str(lake))
    published = [store.get_json(info.key) for info in store.objects("output") if ".manifest." in info.key]
    needed = {run_id for manifest in published for run_id in manifest["runs"]}  # some only for their staged relations
    assert {path.name for path in (lake / "runs").iterdir()} > needed
    clean_up(store, 400, timedelta(0))
    assert {path.name for path in (lake / "runs").iterdir()} == needed
    assert not list(lake.rglob("*#*"))


@pytest.mark.long
def test_a_kill_at_any_moment_leaves_a_whole_audience_and_the_next_run_publishes(start, lake, tmp_path):
    began = time.monotonic()
    first = start(DAY)
    first.join()
    seconds = time.monotonic() - began
    assert first.exitcode == 0
    chance = random.Random(4)
    killed = 0
    for n in range(1, 5):
        day = DAY + timedelta(days=n)
        while killed < KILLS * n / 4:
            process = start(day)
            process.join(chance.uniform(0, seconds))
            if process.exitcode is None:
                os.kill(process.pid, signal.SIGKILL)
                process.join()
                killed += 1
            manifest = require_whole_audience(lake)
            assert borrowers(lake) == expected(date.fromisoformat(manifest["as_of"]))
        whole = start(day)
        whole.join()
        assert whole.exitcode == 0
        assert require_whole_audience(lake)["as_of"] == day.isoformat()
        assert borrowers(lake) == expected(day)

    require_no_left_overs(lake)
    assert require_whole_audience(lake)["as_of"] == (DAY + timedelta(days=4)).isoformat()
    assert not list((tmp_path / "spill").glob("refi-spill-*")), "the last run deleted the spill files of killed runs"


@pytest.mark.parametrize(
    "days_after", [(2, 1), pytest.param((1, 1, 3, 2, 4, 4), marks=pytest.mark.long)], ids=["a pair", "three pairs"]
)
def test_runs_at_the_same_time_publish_whole_audiences_of_their_own(start, lake, days_after):
    start(DAY).join()
    days = [DAY + timedelta(days=n) for n in days_after]
    done = threading.Event()
    reader = _Reader(lake, done)
    reader.start()
    for days_of_pair in zip(days[::2], days[1::2], strict=True):
        pair = [start(day) for day in days_of_pair]
        for process in pair:
            process.join()
        assert [process.exitcode for process in pair] == [0, 0]
        assert latest(lake)["as_of"] == max(days_of_pair).isoformat()
        assert borrowers(lake) == expected(max(days_of_pair))
    done.set()
    reader.join()

    assert reader.failures == []
    assert reader.seen[-1] == max(days).isoformat()
    assert reader.seen == sorted(reader.seen), "no reader sees an earlier day after a later one"
    for path in (lake / "output").glob("*.csv"):
        manifest = FolderStore(str(lake)).get_json(f"output/{path.stem}.manifest.json")
        assert {version["run_id"] for version in manifest["relations"].values()} == {path.stem}
    commits = [FolderStore(str(lake)).get_json(info.key) for info in FolderStore(str(lake)).objects("output/commits")]
    assert [commit["as_of"] for commit in commits] == sorted(commit["as_of"] for commit in commits)
    assert commits[-1] == latest(lake)


class _Reader(threading.Thread):
    """Reads the latest audience repeatedly, as other programs and `refi query` do."""

    def __init__(self, lake: Path, done: threading.Event) -> None:
        super().__init__()
        self.lake, self.done = lake, done
        self.seen: list[str] = []
        self.failures: list[str] = []

    def run(self) -> None:
        store = FolderStore(str(self.lake))
        while not self.done.wait(0.05):
            try:
                manifest = require_whole_audience(self.lake)
                published = PublishedAudience.find(AUDIENCE, store, DuckDBEngine(store), manifest["run_id"])
                counting = "SELECT COUNT(*) FROM refi_eligibility WHERE is_eligible"
                assert published.query(counting)[1] == [(len(expected(published.as_of)),)]
                self.seen.append(manifest["as_of"])
            except (AssertionError, LakeError, OSError) as error:
                self.failures.append(repr(error))
