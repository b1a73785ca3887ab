"""Runs on S3 that are killed while they publish, and runs at the same time on one lake, with a reader all the while.

A run that is killed is a process of its own, forked from one that has imported the definitions and done nothing else.
A fault holds one of its requests; the process is killed while it waits for the answer.
"""

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from multiprocessing.process import BaseProcess

import pytest

from refi_assets.settings import forget_settings
from tests.engines.deployments import Deployment, in_force, on_s3
from tests.fakes.aws import Aws
from tests.fakes.faults import Fault
from tests.fakes.s3_reader import S3Reader
from tests.support.lender import lender, write
from tests.support.running import DAY, ingest, run_job
from tests.support.whole import require_whole_audience

NEVER = Fault("s3:PutObject", delay_seconds=600, status=503)  # the answer comes after the kill, and nothing was put
AUDIENCE = replace(NEVER, resource=r"/output/[^/]*\.csv$")
MANIFEST = replace(NEVER, resource=r"/output/[^/]*\.manifest\.json$")
COMMIT = replace(NEVER, resource="/output/commits/")
LATE_POINTER = Fault("s3:PutObject", resource="/output/latest", delay_seconds=10)  # put when the process is long gone
MODELS = ("judged_offer", "unified_refi_dataset", "unmatched_borrowers", "refi_eligibility", "refi_audience")
TABLE = Fault("glue:UpdateTable", resource="/refi_eligibility$", delay_seconds=600, status=503)


def run(environment: dict[str, str], day: date) -> None:
    """What a run's process does; its history in Dagster goes with it."""
    import dagster as dg

    from refi_assets.cli.run import run_domain
    from refi_assets.cli.terminal import Terminal

    os.environ.update(environment)
    forget_settings()  # they were read when the definitions were imported
    run_domain(
        "refi",
        day,
        lake_url=environment["REFI_LAKE_URL"],
        console=Terminal(quiet=True),
        instance=dg.DagsterInstance.ephemeral(),
    )


@dataclass
class Lender:
    """A lender with a snapshot a day on S3; on the nth day, 10 + n of 40 borrowers are eligible."""

    aws: Aws
    deployment: Deployment
    start: Callable[[date], BaseProcess]

    @property
    def lake(self) -> S3Reader:
        """The lake, as another program reads it."""
        return S3Reader(self.aws, self.deployment.lake_url)

    def run(self, day: date) -> None:
        """Run a day to its end, in this process."""
        with in_force(self.deployment):
            ran = run_job(self.deployment.lake_url, day)
        assert ran.success, ran.failure

    def run_at_once(self, *days: date) -> None:
        """Run days to their end, each in a process of its own, all at the same time."""
        processes = [self.start(day) for day in days]
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * len(days)

    def kill_at(self, held: Fault, day: date) -> None:
        """Run a day until the request is held, and kill it there."""
        met = self.aws.faults_met()
        self.aws.faults(held)
        process = self.start(day)
        while self.aws.faults_met() == met:
            assert process.is_alive(), "it must come that far"
            time.sleep(0.2)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()

    def require_latest(self, day: date) -> None:
        """The latest audience is whole, and it is this day's."""
        assert require_whole_audience(self.lake)["as_of"] == day.isoformat()
        assert self.lake.borrowers() == expected(day)


def expected(day: date) -> list[str]:
    return [f"B{n:03}" for n in range(1, 11 + (day - DAY).days)]


Begin = Callable[[Aws, str, list[date]], Lender]


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Begin:
    """Begin a lender on an engine, with the snapshots of these days."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["refi_assets.definitions", "refi_assets.cli.run", "boto3", __name__])

    def begin(aws: Aws, engine: str, days: list[date]) -> Lender:
        deployment, folder = on_s3(aws, engine), tmp_path_factory.mktemp("lender")
        with in_force(deployment):
            for day in days:
                source = write(lender(eligible=len(expected(day))), folder / day.isoformat())
                ingest(deployment.lake_url, source, day)

        def start(day: date) -> BaseProcess:
            process = context.Process(target=run, args=({**deployment.env, "TMPDIR": str(folder)}, day))
            process.start()
            return process

        return Lender(aws, deployment, start)

    return begin


def test_a_kill_in_any_phase_of_publishing_leaves_a_whole_audience_and_the_next_run_publishes(
    aws: Aws, begin: Begin
) -> None:
    first, second, third = (DAY + timedelta(days=n) for n in range(3))
    lender = begin(aws, "duckdb", [first, second, third])
    lender.run(first)
    for phase in (AUDIENCE, MANIFEST, COMMIT):
        lender.kill_at(phase, second)
        lender.require_latest(first)
    lender.run(second)
    lender.require_latest(second)

    lender.kill_at(LATE_POINTER, third)
    lender.require_latest(second)
    lender.run(third)
    lender.require_latest(third)
    published = lender.lake.latest()
    while not any(one["fault"] and one["resource"].endswith("/latest.json") for one in aws.requests()):
        time.sleep(0.1)  # until the put of the process that was killed arrives
    assert lender.lake.latest() == published, "it was over a version that is no more"
    lender.require_latest(third)


def test_a_kill_while_tables_are_swapped_leaves_each_whole_and_the_next_run_swaps_all(
    athena: Aws, begin: Begin
) -> None:
    first, second = DAY, DAY + timedelta(days=1)
    lender = begin(athena, "athena", [first, second])
    lender.run(first)
    run_ids = [lender.lake.latest()["run_id"]]
    assert set(tables(lender).values()) == set(run_ids)
    lender.kill_at(TABLE, second)
    lender.require_latest(second)  # the pointer moves first: what a campaign reads is the file
    run_ids.append(lender.lake.latest()["run_id"])
    shown = tables(lender)
    assert set(shown.values()) == set(run_ids)
    assert shown["refi_eligibility"] == run_ids[0]
    athena.clear_faults()
    lender.run(second)
    lender.require_latest(second)
    assert lender.lake.latest()["run_id"] not in run_ids
    assert set(tables(lender).values()) == {run_ids[1]}, "whose relations the last run used again"


def tables(lender: Lender) -> dict[str, str]:
    """By table of a model that the database shows: the run whose files it reads, just those that the run recorded."""
    found = {}
    for name in MODELS:
        shown = lender.aws.client("glue").get_table(DatabaseName=lender.deployment.env["REFI_GLUE_DATABASE"], Name=name)
        key = shown["Table"]["StorageDescriptor"]["Location"].removeprefix(f"{lender.deployment.lake_url}/")
        found[name] = key.split("/")[1]
        assert json.loads(lender.lake.read(f"runs/{found[name]}/refi/{name}.json"))["parquet"] == key
    return found


@pytest.mark.long
def test_runs_at_the_same_time_publish_whole_audiences_of_their_own(aws: Aws, begin: Begin) -> None:
    first, second, third = (DAY + timedelta(days=n) for n in range(3))
    lender = begin(aws, "duckdb", [first, second, third])
    done = threading.Event()
    reader = _Reader(lender.lake, done)
    reader.start()
    try:
        lender.run_at_once(first, first)
        lender.require_latest(first)
        lender.run_at_once(third, second)
        lender.require_latest(third)
    finally:
        done.set()
        reader.join()
    assert reader.failures == []
    assert reader.seen[-1] == third.isoformat()
    assert reader.seen == sorted(reader.seen), "no reader sees an earlier day after a later one"
    commits = [json.loads(lender.lake.read(key)) for key in lender.lake.keys("output/commits/")]
    assert [commit["as_of"] for commit in commits] == sorted(commit["as_of"] for commit in commits)
    assert commits[-1] == lender.lake.latest()
    audiences = {key for key in lender.lake.keys("output/") if key.endswith(".csv")}
    assert len(audiences) == 4, "that of the second day, too, which may have come too late to be the latest"
    assert {commit["audience"] for commit in commits} <= audiences


class _Reader(threading.Thread):
    """Reads what is the latest, again and again, from the first audience on."""

    def __init__(self, lake: S3Reader, done: threading.Event) -> None:
        super().__init__()
        self._lake, self._done = lake, done
        self.seen: list[str] = []
        self.failures: list[str] = []

    def run(self) -> None:
        while not self._done.wait(0.1):
            if not self.seen and not self._lake.has("output/latest.json"):
                continue
            try:
                manifest = require_whole_audience(self._lake)
                assert manifest["audience"]["rows"] == len(expected(date.fromisoformat(manifest["as_of"])))
                self.seen.append(manifest["as_of"])
            except Exception as error:
                self.failures.append(repr(error))
