"""kill -9 at random moments of a weekly run, and two runs at once: what is published and served is always whole.

Each run is a process, forked from one that has imported the definitions and done nothing else.
"""

import multiprocessing
import os
import random
import signal
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.offers.attempts import NEXT_WEEK, Attempt, Result, copied_attempt
from tests.support.served_offers import PROGRAM, latest_publication, require_served_whole


def run(attempt: Attempt, answer: Path) -> None:
    """The run in its process; its error, if it has one, is written to `answer`."""
    os.environ.clear()  # the forking server has the environment of the first test
    os.environ.update(attempt.runs.environment)
    done = attempt.run()
    answer.write_text(done.stderr)
    os._exit(done.returncode)


@pytest.fixture(scope="module")
def processes() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["refi_assets.definitions", "refi_assets.cli.run", __name__])
    return context


@pytest.fixture
def start(processes, attempt: Attempt, tmp_path: Path):
    """Start a run; returns its process."""

    def start(name: str = "answer") -> Any:
        process = processes.Process(target=run, args=(attempt, tmp_path / name))
        process.start()
        return process

    return start


@pytest.fixture
def attempt(offer_runs, tmp_path: Path) -> Attempt:
    return copied_attempt(offer_runs, tmp_path)


@pytest.fixture(scope="module")
def undisturbed(offer_runs, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, float]:
    """What the run gives if nothing goes wrong, and its seconds."""
    attempt = copied_attempt(offer_runs, tmp_path_factory.mktemp("undisturbed"))
    began = time.monotonic()
    done = attempt.run()
    return attempt.result_of(done), time.monotonic() - began


def require_whole(attempt: Attempt) -> str:
    """The run that is served, in whole, and in the same number by the store itself; the publication is whole, too."""
    latest_publication(attempt.runs.lake)
    run_id = require_served_whole(attempt.runs.lake, attempt.store)
    with SqliteOfferStore(attempt.store, PROGRAM, read_only=True) as store:
        week = store.current()
        assert week is not None
        assert week.run_id == run_id
        assert store.count(date.fromisoformat(NEXT_WEEK)) == week.new_offers == len(attempt.served()[2])
    return run_id


@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=pytest.mark.long)])
def test_a_kill_at_any_moment_leaves_a_whole_week_and_the_next_run_is_right(start, attempt, undisturbed, kills: int):
    result, seconds = undisturbed
    chance = random.Random(kills)
    killed = 0
    while killed < kills:
        before, began = attempt.served()[1], time.monotonic()
        process = start()
        process.join(seconds * (killed + chance.random()) / kills)  # from early to late
        if process.exitcode is None:
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            killed += 1
        else:
            seconds = min(seconds, time.monotonic() - began)  # it reused what killed runs had computed
        assert require_whole(attempt) in (before, latest_publication(attempt.runs.lake)["run_id"])
    last = start("last")
    last.join()
    assert last.exitcode == 0
    assert (attempt.runs.lake / latest_publication(attempt.runs.lake)["offers"]).read_bytes() == result[0]
    assert require_whole(attempt) == latest_publication(attempt.runs.lake)["run_id"]
    assert attempt.served()[2] == result[1]
    assert not list(attempt.runs.lake.rglob("*#*")), "the last run deleted what killed runs left"


def test_of_two_runs_at_once_one_is_served_and_the_other_is_whole_or_says_why_not(start, attempt, undisturbed):
    pair = [start(name) for name in ("first", "second")]
    for process in pair:
        process.join()
    for process, name in zip(pair, ("first", "second"), strict=True):
        if process.exitcode != 0:
            message = (attempt.files.parent / name).read_text()
            assert "another load is running. Last week's offers are unchanged. Wait until it is done" in message
    assert 0 in [process.exitcode for process in pair]
    require_whole(attempt)
    assert attempt.served()[2] == undisturbed[0][1]
