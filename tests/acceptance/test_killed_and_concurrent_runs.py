"""Runs that are killed, and runs at the same time on one lake, with a reader all the while.

Each run is a process of its own, forked from one that has imported the definitions and done nothing else.
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

import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import LakeError
from refi_assets.lake import FolderStore
from refi_assets.publishing.retention import clean_up
from refi_assets.refi.audience import AUDIENCE, PublishedAudience
from tests.support.lender import lender, write
from tests.support.running import DAY, ingest, latest
from tests.support.whole import require_whole_audience

KILLS = 50


def run(lake: Path, environment: dict[str, str], day: date) -> None:
    """What a run's process does."""

    from refi_assets.cli.run import run_graph
    from refi_assets.cli.terminal import Terminal

    os.environ.update(environment)
    run_graph(day, lake_url=str(lake), policy_file=None, force_latest=False, console=Terminal(stderr=True))


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
    own = {"DAGSTER_HOME": environment["DAGSTER_HOME"], "TMPDIR": str(spill)}

    def start(day: date) -> Any:
        process = processes.Process(target=run, args=(tmp_path / "lake", own, day))
        process.start()
        return process

    return start


@pytest.fixture
def lake(tmp_path) -> Path:
    """A lake with a snapshot a day; on the nth day, 10 + n of 40 borrowers are eligible."""
    for n in range(5):
        source = write(lender(eligible=10 + n), tmp_path / f"source{n}")
        ingest(tmp_path / "lake", source, DAY + timedelta(days=n))
    return tmp_path / "lake"


def borrowers(lake: Path) -> list[str]:
    with (lake / latest(lake)["audience"]).open(newline="", encoding="utf-8") as stream:
        return sorted(row["borrower_id"] for row in csv.DictReader(stream))


def expected(day: date) -> list[str]:
    return [f"B{n:03}" for n in range(1, 11 + (day - DAY).days)]


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

    published = [
        FolderStore(str(lake)).get_json(info.key)
        for info in FolderStore(str(lake)).objects("output")
        if ".manifest." in info.key
    ]
    needed = {run_id for manifest in published for run_id in manifest["runs"]}  # some by what they staged
    left = {path.name for path in (lake / "runs").iterdir()}
    assert left > needed
    clean_up(FolderStore(str(lake)), 400, timedelta(0))
    assert {path.name for path in (lake / "runs").iterdir()} == needed
    assert not list(lake.rglob("*#*"))
    assert require_whole_audience(lake)["as_of"] == (DAY + timedelta(days=4)).isoformat()
    assert not list((tmp_path / "spill").glob("refi-spill-*")), "the last run took away what killed ones had spilled"


def test_runs_at_the_same_time_publish_whole_audiences_of_their_own(start, lake):
    start(DAY).join()
    days = [DAY + timedelta(days=n) for n in (1, 1, 3, 2, 4, 4)]
    done = threading.Event()
    reader = _Reader(lake, done)
    reader.start()
    for one, other in zip(days[::2], days[1::2], strict=True):
        pair = [start(one), start(other)]
        for process in pair:
            process.join()
        assert [process.exitcode for process in pair] == [0, 0]
        assert latest(lake)["as_of"] == max(one, other).isoformat()
        assert borrowers(lake) == expected(max(one, other))
    done.set()
    reader.join()

    assert reader.failures == []
    assert reader.seen[-1] == "2026-02-24"
    assert reader.seen == sorted(reader.seen), "no reader sees an earlier day after a later one"
    for path in (lake / "output").glob("*.csv"):
        manifest = FolderStore(str(lake)).get_json(f"output/{path.stem}.manifest.json")
        assert {made["run_id"] for made in manifest["relations"].values()} == {path.stem}
    commits = [FolderStore(str(lake)).get_json(info.key) for info in FolderStore(str(lake)).objects("output/commits")]
    assert [commit["as_of"] for commit in commits] == sorted(commit["as_of"] for commit in commits)
    assert commits[-1] == latest(lake)


class _Reader(threading.Thread):
    """Reads what is the latest, again and again, as other programs and `refi query` do."""

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
                found = PublishedAudience.find(AUDIENCE, store, DuckDBEngine(store), manifest["run_id"])
                counting = "SELECT COUNT(*) FROM refi_eligibility WHERE is_eligible"
                assert found.query(counting)[1] == [(len(expected(found.as_of)),)]
                self.seen.append(manifest["as_of"])
            except (AssertionError, LakeError, OSError) as error:
                self.failures.append(repr(error))
