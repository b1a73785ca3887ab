"""Exactly once, proven with a real broker: kills, a lost commit, a lost checkpoint, a full disk, two drivers.

Each disturbed stream must end as an undisturbed one does, and as a plain recount of the generator's files says.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from refi_assets.errors import RefiError
from refi_assets.risk.stream.broker import Broker
from refi_assets.sample.risk import generated_risk
from tests.spark.conftest import PREFIXES
from tests.support.commands import refi_here
from tests.support.registries import new_registry_file
from tests.support.risk_streams import (
    PATIENCE,
    RiskStream,
    forget_newest_commit,
    last_scores,
    lose_checkpoint,
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
def begin(kafka: Broker, champion: Path, tmp_path: Path) -> Iterator[Callable[[str], RiskStream]]:
    """Begins a stream without messages, in a folder of this name. Its drivers end with the test."""
    with ExitStack() as stack:

        def begin_stream(name: str) -> RiskStream:
            begun = new_stream(tmp_path / name, kafka.bootstrap, next(PREFIXES), champion)
            stack.callback(begun.end_drivers)
            begun.prepare()
            return begun

        yield begin_stream


@pytest.fixture
def stream(begin: Callable[[str], RiskStream]) -> RiskStream:
    """A stream without messages."""
    return begin("stream")


@pytest.fixture(scope="module")
def undisturbed(kafka: Broker, generated: Path, champion: Path, tmp_path_factory: pytest.TempPathFactory) -> RiskStream:
    """A stream that ran to its end."""
    ended = new_stream(tmp_path_factory.mktemp("undisturbed"), kafka.bootstrap, next(PREFIXES), champion)
    ended.prepare()
    ended.send(generated)
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


def test_a_lost_checkpoint_is_rebuilt_where_its_scores_end(
    kafka: Broker, stream: RiskStream, undisturbed: RiskStream, generated: Path
) -> None:
    """The scores of its last batch are in the lake only: Kafka refuses them."""
    stream.send(generated, 0, 7000)
    stream.catch_up()
    topic = f"{stream.settings['REFI_KAFKA_TOPIC_PREFIX']}risk-scores"
    limit_messages(kafka, topic, "100")
    stream.send(generated, 7000, 14_000)
    with pytest.raises(RefiError, match="did not take the scores"):
        stream.catch_up()
    limit_messages(kafka, topic, "1000000")
    missing = stream.stored("scores").shape[0] - len(stream.sent("risk-scores"))
    assert missing > 0

    lose_checkpoint(stream)
    stream.send(generated, 14_000)
    with pytest.raises(RefiError, match="If it is lost, run `refi risk rebuild`"):
        stream.catch_up()
    answer = refi_here("risk", "rebuild", environment=stream.settings)
    assert answer.returncode == 0
    assert f"Sent {missing} scores that the lake had and Kafka had not." in answer.stdout
    stream.catch_up()
    require_exactly_once(stream, generated)
    assert last_scores(stream) == last_scores(undisturbed)


def test_a_checkpoint_that_has_lost_a_part_is_refused(stream: RiskStream, generated: Path) -> None:
    """Without Spark's files, batch 0 begins again, with more messages, whose scores would be taken for sent."""
    stream.send(generated, 0, 1000)
    stream.catch_up()
    for name in ("offsets", "commits", "state"):
        shutil.rmtree(stream.checkpoint / name)
    stream.send(generated, 1000, 2000)
    scores = stream.sent("risk-scores")
    with pytest.raises(RefiError, match="the checkpoint is an older copy, or has lost a part"):
        stream.catch_up()
    assert stream.sent("risk-scores") == scores


def test_a_full_disk_at_the_checkpoint_loses_and_doubles_nothing(
    stream: RiskStream, undisturbed: RiskStream, generated: Path
) -> None:
    stream.send(generated)
    with small_disk(stream.checkpoint) as resize:
        with pytest.raises(RefiError, match=r"is full\. Make room"):
            stream.catch_up()
        assert resize("64m")
        stream.catch_up()
        require_exactly_once(stream, generated)
    assert last_scores(stream) == last_scores(undisturbed)


@contextmanager
def small_disk(folder: Path) -> Iterator[Callable[[str], bool]]:
    """A file system of 256 kB at a folder, and a function that resizes it."""
    folder.mkdir()

    def mount(*options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    if os.geteuid() != 0 or not mount("size=256k"):
        pytest.skip("a small file system can only be mounted by root")
    try:
        yield lambda size: mount("remount", f"size={size}")
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def limit_messages(kafka: Broker, topic: str, most_bytes: str) -> None:
    """The largest message that a topic takes from now on."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    entry = ConfigEntry("max.message.bytes", most_bytes, incremental_operation=AlterConfigOpType.SET)
    [changed] = admin.incremental_alter_configs(
        [ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])]
    ).values()
    changed.result(30)


def test_three_kills_of_driver_and_broker_leave_the_scores_of_an_undisturbed_stream(
    kafka: Broker, stream: RiskStream, undisturbed: RiskStream, generated: Path
) -> None:
    stream.send(generated)
    kill_at_random(stream, kafka, ["driver", "broker", "both"], random.Random(1))
    stream.catch_up()
    require_exactly_once(stream, generated)
    assert last_scores(stream) == last_scores(undisturbed)


@pytest.mark.long
def test_thirty_kills_leave_the_scores_of_an_undisturbed_stream(
    kafka: Broker, begin: Callable[[str], RiskStream], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with generated_risk(34_500, 2, tmp_path / "generated", as_of=date(2026, 8, 31), days=30, months=13):
        undisturbed, disturbed = begin("undisturbed"), begin("disturbed")
    for stream in (undisturbed, disturbed):
        stream.send(tmp_path / "generated")
    victims = ["driver", "broker", "both"] * 10
    phases = kill_at_random(disturbed, kafka, victims, random.Random(2), batch="8000")
    with capsys.disabled():
        print(f"\n{len(victims)} kills: {dict(phases)}")
    for stream in (disturbed, undisturbed):
        stream.catch_up()
        require_exactly_once(stream, tmp_path / "generated")
    assert last_scores(disturbed) == last_scores(undisturbed)


@pytest.mark.long
def test_two_drivers_at_once_send_each_score_once(
    stream: RiskStream, undisturbed: RiskStream, generated: Path, tmp_path: Path
) -> None:
    """They do not share a lock, as if they were on two machines with one checkpoint."""
    stream.send(generated)
    drivers = [
        stream.driver("--until-caught-up", REFI_STREAM_EVENTS_A_BATCH=BATCH, REFI_STREAM_DIR=f"{tmp_path / name}")
        for name in ("a", "b")
    ]
    codes = [driver.wait(PATIENCE) for driver in drivers]
    assert 1 in codes, "one of them was kept out"
    stream.catch_up()
    require_exactly_once(stream, generated)
    assert last_scores(stream) == last_scores(undisturbed)


@pytest.mark.long
def test_a_driver_that_wakes_up_after_its_successor_sends_nothing(
    stream: RiskStream, undisturbed: RiskStream, generated: Path, tmp_path: Path
) -> None:
    stream.send(generated)
    sleeper = stream.driver(REFI_STREAM_EVENTS_A_BATCH=BATCH, REFI_STREAM_DIR=f"{tmp_path / 'sleeper'}")
    wait_until(lambda: stream.newest("commits") >= 0 and stream.newest("offsets") > stream.newest("commits"))
    os.killpg(sleeper.pid, signal.SIGSTOP)
    successor = stream.driver("--until-caught-up", REFI_STREAM_EVENTS_A_BATCH=BATCH)
    assert successor.wait(PATIENCE) == 0
    scores = stream.sent("risk-scores")
    os.killpg(sleeper.pid, signal.SIGCONT)
    time.sleep(30)
    kill(sleeper)
    assert stream.sent("risk-scores") == scores
    require_exactly_once(stream, generated)
    assert last_scores(stream) == last_scores(undisturbed)


def kill_at_random(
    stream: RiskStream, kafka: Broker, victims: list[str], draws: random.Random, batch: str = BATCH
) -> Counter[str]:
    """Kill victims at random moments of batches, with kill -9; returns the phases in which that was."""
    phases: Counter[str] = Counter()
    driver = stream.driver(REFI_STREAM_EVENTS_A_BATCH=batch)
    for victim in victims:
        finished = stream.newest("commits") + draws.randrange(2)
        wait_until(lambda of=driver, after=finished: of.poll() is not None or stream.newest("offsets") > after)
        time.sleep(draws.uniform(0, 3))
        if victim != "driver":
            kafka.kill()
        if victim != "broker":
            kill(driver)
        phases[stream.phase()] += 1
        if victim != "driver":
            kafka.start()
        if driver.poll() is not None:
            driver = stream.driver(REFI_STREAM_EVENTS_A_BATCH=batch)
    kill(driver)
    return phases


def kill(driver: subprocess.Popen[bytes]) -> None:
    """Kill a driver, as the machine's memory killer does: its Java process must end on its own."""
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
