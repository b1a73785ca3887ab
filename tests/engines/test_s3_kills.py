"""Runs on S3 that are killed while they publish, and concurrent runs on one lake with a reader.

A killed run is a process of its own, forked from one that has only imported the definitions. A fault delays one of its
requests; the process is killed while it waits for the answer.
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

NEVER = Fault("s3:PutObject", delay_seconds=600, status=503)  # the answer comes after the kill, and nothing is put
AUDIENCE = replace(NEVER, resource=r"/output/[^/]*\.csv$")
MANIFEST = replace(NEVER, resource=r"/output/[^/]*\.manifest\.json$")
COMMIT = replace(NEVER, resource="/output/commits/")
LATE_POINTER = Fault("s3:PutObject", resource="/output/latest", delay_seconds=10)  # put long after the process is gone
MODELS = ("judged_offer", "unified_refi_dataset", "unmatched_borrowers", "refi_eligibility", "refi_audience")
TABLE = Fault("glue:UpdateTable", resource="/refi_eligibility$", delay_seconds=600, status=503)


def run(environment: dict[str, str], day: date) -> None:
    """Run a day in this process, with an ephemeral Dagster instance."""
    import dagster as dg

    from refi_assets.cli.run import run_domain
    from refi_assets.cli.terminal import Terminal

    os.environ.update(environment)
    forget_settings()  # they were read during the import
    run_domain(
        "refi",
        day,
        lake_url=environment["REFI_LAKE_URL"],
        console=Terminal(quiet=True),
        instance=dg.DagsterInstance.ephemeral(),
    )


@dataclass
class Lender:
    """A lender with a snapshot per day on S3; on day n, 10 + n of 40 borrowers are eligible."""

    aws: Aws
    deployment: Deployment
    start: Callable[[date], BaseProcess]

    @property
    def lake(self) -> S3Reader:
        """The lake, read as by another program."""
        return S3Reader(self.aws, self.deployment.lake_url)

    def run(self, day: date) -> None:
        """Run a day to its end, in this process."""
        with in_force(self.deployment):
            ran = run_job(self.deployment.lake_url, day)
        assert ran.success, ran.failure

    def run_at_once(self, *days: date) -> None:
        """Run days to their end at the same time, each in its own process."""
        processes = [self.start(day) for day in days]
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * len(days)

    def kill_at(self, held: Fault, day: date) -> None:
        """Run a day until its request is delayed, and kill it then."""
        met = self.aws.faults_met()
        self.aws.faults(held)
        process = self.start(day)
        while self.aws.faults_met() == met:
            assert process.is_alive(), "the run ended before its request"
            time.sleep(0.2)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()

    def require_latest(self, day: date) -> None:
        """Check that the latest audience is whole, and is this day's."""
        assert require_whole_audience(self.lake)["as_of"] == day.isoformat()
        assert self.lake.borrowers() == expected(day)


def expected(day: date) -> list[str]:
    return [f"B{n:03}" for n in range(1, 11 + (day - DAY).days)]


StartLender = Callable[[Aws, str, list[date]], Lender]


@pytest.fixture(scope="module")
def start_lender(tmp_path_factory: pytest.TempPathFactory) -> StartLender:
    """Starts a lender on an engine, with the snapshots of these days."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["refi_assets.definitions", "refi_assets.cli.run", "boto3", __name__])

    def start_lender(aws: Aws, engine: str, days: list[date]) -> Lender:
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

    return start_lender


def test_a_kill_at_any_point_of_publishing_leaves_a_whole_audience_and_the_next_run_publishes(
    aws: Aws, start_lender: StartLender
) -> None:
    first, second, third = (DAY + timedelta(days=n) for n in range(3))
    lender = start_lender(aws, "duckdb", [first, second, third])
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
    while not any(request["fault"] and request["resource"].endswith("/latest.json") for request in aws.requests()):
        time.sleep(0.1)  # until the put of the killed process arrives
    assert lender.lake.latest() == published, "it was conditional on a version that is gone"
    lender.require_latest(third)


def test_a_kill_while_tables_are_swapped_leaves_each_one_whole_and_the_next_run_swaps_all(
    athena: Aws, start_lender: StartLender
) -> None:
    first, second = DAY, DAY + timedelta(days=1)
    lender = start_lender(athena, "athena", [first, second])
    lender.run(first)
    run_ids = [lender.lake.latest()["run_id"]]
    assert set(tables(lender).values()) == set(run_ids)
    lender.kill_at(TABLE, second)
    lender.require_latest(second)  # the pointer moves first, because campaigns read the file
    run_ids.append(lender.lake.latest()["run_id"])
    shown = tables(lender)
    assert set(shown.values()) == set(run_ids)
    assert shown["refi_eligibility"] == run_ids[0]
    athena.clear_faults()
    lender.run(second)
    lender.require_latest(second)
    assert lender.lake.latest()["run_id"] not in run_ids
    assert set(tables(lender).values()) == {run_ids[1]}, "whose relations the last run reused"


def tables(lender: Lender) -> dict[str, str]:
    """Table of a model -> the run whose files it shows, which must be the files that the run recorded."""
    run_ids = {}
    for name in MODELS:
        shown = lender.aws.client("glue").get_table(DatabaseName=lender.deployment.env["REFI_GLUE_DATABASE"], Name=name)
        key = shown["Table"]["StorageDescriptor"]["Location"].removeprefix(f"{lender.deployment.lake_url}/")
        run_ids[name] = key.split("/")[1]
        assert json.loads(lender.lake.read(f"runs/{run_ids[name]}/refi/{name}.json"))["parquet"] == key
    return run_ids


@pytest.mark.long
def test_concurrent_runs_each_publish_their_own_whole_audience(aws: Aws, start_lender: StartLender) -> None:
    first, second, third = (DAY + timedelta(days=n) for n in range(3))
    lender = start_lender(aws, "duckdb", [first, second, third])
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
    assert len(audiences) == 4, "including the second day's, which may have been too late to be the latest"
    assert {commit["audience"] for commit in commits} <= audiences


class _Reader(threading.Thread):
    """Reads the latest audience repeatedly, from the first one on."""

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
