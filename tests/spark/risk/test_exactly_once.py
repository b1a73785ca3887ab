"""Exactly once, proven with a real broker: kills, a lost commit, a lost checkpoint, a full disk, two drivers.

Each disturbed stream must end as an undisturbed one does, and as a plain recount of the generator's files says.
"""

import os
import random
import signal
import time
from collections import Counter
from datetime import date
from pathlib import Path
from subprocess import Popen

import pytest

from refi_assets.risk.stream.broker import Broker
from refi_assets.sample.risk import generated_risk
from tests.spark.conftest import PREFIXES
from tests.support.registries import new_registry_file
from tests.support.risk_streams import (
    RiskStream,
    forget_newest_commit,
    last_scores,
    new_stream,
    register_scorecard,
    require_exactly_once,
    wait_until,
)

pytestmark = pytest.mark.usefixtures("spark")

BATCH = "2500"  # messages


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 20,000 messages of 30 days: duplicates, late ones, malformed ones."""
    folder = tmp_path_factory.mktemp("generated")
    with generated_risk(2300, 1, folder, as_of=date(2026, 8, 31), days=30, months=13):
        return folder


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a champion."""
    base = tmp_path_factory.mktemp("registry")
    registry = new_registry_file(base / "own", base)
    register_scorecard(registry)
    return registry


@pytest.fixture
def stream(kafka: Broker, generated: Path, champion: Path, tmp_path: Path) -> RiskStream:
    """A stream whose messages are in Kafka."""
    begun = new_stream(tmp_path, kafka.bootstrap, next(PREFIXES), champion, REFI_STREAM_EVENTS_A_BATCH=BATCH)
    begun.prepare(generated / "messages")
    return begun


@pytest.fixture(scope="module")
def undisturbed(kafka: Broker, generated: Path, champion: Path, tmp_path_factory: pytest.TempPathFactory) -> RiskStream:
    """A stream that ran to its end."""
    ended = new_stream(tmp_path_factory.mktemp("undisturbed"), kafka.bootstrap, next(PREFIXES), champion)
    ended.prepare(generated / "messages")
    ended.catch_up()
    return ended


def test_an_undisturbed_stream_is_as_the_generator_says(undisturbed: RiskStream, generated: Path) -> None:
    require_exactly_once(undisturbed, generated)


def test_a_batch_whose_commit_is_lost_is_repeated_with_the_same_bytes(undisturbed: RiskStream, generated: Path) -> None:
    files = {path: path.read_bytes() for path in undisturbed.lake.glob("stream/**/*.parquet")}
    batch = forget_newest_commit(undisturbed)
    undisturbed.catch_up()
    assert undisturbed.newest("commits") == batch
    assert {path: path.read_bytes() for path in undisturbed.lake.glob("stream/**/*.parquet")} == files
    require_exactly_once(undisturbed, generated)


def test_three_kills_of_driver_and_broker_leave_the_scores_of_an_undisturbed_stream(
    kafka: Broker, stream: RiskStream, undisturbed: RiskStream, generated: Path
) -> None:
    kill_at_random(stream, kafka, ["driver", "broker", "both"], random.Random(1))
    stream.catch_up()
    require_exactly_once(stream, generated)
    assert last_scores(stream) == last_scores(undisturbed)


def kill_at_random(stream: RiskStream, kafka: Broker, victims: list[str], draws: random.Random) -> Counter[str]:
    """Kill victims at random moments of batches, with kill -9; returns the phases in which that was."""
    phases: Counter[str] = Counter()
    driver = stream.driver()
    for victim in victims:
        finished = stream.newest("commits") + draws.randrange(2)
        wait_until(lambda: driver.poll() is not None or stream.newest("offsets") > finished)
        time.sleep(draws.uniform(0, 3))
        if victim != "driver":
            kafka.kill()
        if victim != "broker":
            kill(driver)
        phases[stream.phase()] += 1
        if victim != "driver":
            kafka.start()
        if driver.poll() is not None:
            driver = stream.driver()
    kill(driver)
    return phases


def kill(driver: Popen[bytes]) -> None:
    """Kill a driver, as the machine's memory killer does: its Java process must end on its own."""
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
