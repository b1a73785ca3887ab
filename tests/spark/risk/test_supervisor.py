"""The query under supervision: a failure, a restart, its figures, and an end in order."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest

from refi_assets.errors import RefiError
from refi_assets.risk.stream.batch import BatchFigures
from refi_assets.risk.stream.broker import Broker
from refi_assets.risk.stream.health import StreamHealth, serving_health
from refi_assets.risk.stream.kafka_topics import create_topics
from refi_assets.risk.stream.sending import send_messages
from refi_assets.risk.stream.supervisor import Supervisor, query_lock
from refi_assets.settings import PROJECT_DIR
from tests.fakes.servers import free_port
from tests.spark.conftest import PREFIXES
from tests.spark.risk.test_stream import payout
from tests.support.registries import new_registry_file
from tests.support.risk_streams import RiskStream, committed, new_stream, register_scorecard

KILLED = """
import os
from refi_assets.risk.stream.supervisor import query_lock
with query_lock():
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def stream(kafka: Broker, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> RiskStream:
    """A stream with a champion, without messages."""
    registry = new_registry_file(tmp_path / "registry", tmp_path_factory.mktemp("registry"))
    register_scorecard(registry)
    return new_stream(tmp_path, kafka.bootstrap, next(PREFIXES), registry, REFI_STREAM_PORT=str(free_port()))


class Watcher:
    """Breaks the lake after the first batch, repairs it after the failure, and ends the query after the next batch."""

    def __init__(self, stream: RiskStream) -> None:
        self._scores = stream.lake / "stream" / "risk" / "scores"
        self._aside = stream.lake / "aside"
        self._url = f"http://127.0.0.1:{stream.settings['REFI_STREAM_PORT']}"
        self.said: list[str] = []
        self.batches: list[int] = []
        self.summaries: list[dict[str, object]] = []
        self.metrics = ""

    def say(self, text: str) -> None:
        self.said.append(text)
        self._scores.unlink()
        self._aside.rename(self._scores)

    def on_batch(self, figures: BatchFigures, lag_seconds: float) -> None:
        self.batches.append(figures.batch)
        self.summaries.append(json.loads(self._get("/healthz")))
        self.metrics = self._get("/metrics")
        if len(self.batches) == 1:
            self._scores.rename(self._aside)
            self._scores.touch()
            send_messages([payout("t2", "10T10:00")], keeps_times=True)
        else:
            os.kill(os.getpid(), signal.SIGTERM)

    def _get(self, path: str) -> str:
        with urlopen(self._url + path) as answer:
            text: str = answer.read().decode()
        return text


@pytest.mark.usefixtures("spark")
def test_a_failed_batch_is_repeated_after_a_restart_and_a_signal_ends_the_query_after_its_batch(
    stream: RiskStream,
) -> None:
    watcher = Watcher(stream)
    with stream.in_this_process():
        create_topics(timestamps="CreateTime")
        send_messages([payout("t1", "10T09:00")], keeps_times=True)
        Supervisor(watcher.say, watcher.on_batch).run()
        scores = committed("risk-scores")
    assert watcher.batches == [0, 1]
    assert [score["score_id"].split("/")[1:] for score in scores] == [["0", "B1"], ["1", "B1"]]
    assert len(watcher.said) == 1
    assert "The query failed, and starts again in 1 s: stream/risk/scores" in watcher.said[0]
    assert [(summary["batch"], summary["is_well"]) for summary in watcher.summaries] == [(0, True), (1, True)]
    assert watcher.summaries[0]["lag_seconds"] == dict.fromkeys(
        ("loan-events/0", "loan-events/1", "transactions/0", "transactions/1"), 0.0
    )
    lines = watcher.metrics.splitlines()
    for line in (
        "events_total 2.0",
        "scores_total 2.0",
        "failures_total 1.0",
        "duplicates_total 0.0",
        "dropped_total 0.0",
    ):
        assert f"refi_stream_{line}" in lines
    assert stream.newest("commits") == stream.newest("offsets") == 1


def test_a_second_driver_is_refused_with_the_process_of_the_first(stream: RiskStream) -> None:
    with stream.in_this_process(), query_lock(), pytest.raises(RefiError, match=rf"process {os.getpid()} holds"):
        Supervisor(print, print).run()


def test_a_killed_driver_leaves_no_lock(stream: RiskStream) -> None:
    environment = {**os.environ, **stream.settings}
    killed = subprocess.run([sys.executable, "-c", KILLED], env=environment, cwd=PROJECT_DIR, check=False)
    assert killed.returncode == -signal.SIGKILL
    with stream.in_this_process(), query_lock():
        pass


def test_a_port_that_is_taken_is_named(stream: RiskStream) -> None:
    with (
        stream.in_this_process(),
        serving_health(StreamHealth()) as port,
        pytest.raises(RefiError, match=rf"REFI_STREAM_PORT: 127.0.0.1:{port} cannot be used"),
        serving_health(StreamHealth()),
    ):
        pass


@pytest.mark.long
@pytest.mark.usefixtures("spark")
def test_ten_minutes_without_a_broker_are_caught_up_in_batches_of_the_usual_size(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The broker is killed after a batch. What arrives when it is back is ten times what a batch may have."""
    broker = Broker(tmp_path / "broker", free_port())
    broker.start()
    registry = new_registry_file(tmp_path / "registry", tmp_path_factory.mktemp("registry"))
    register_scorecard(registry)
    stream = new_stream(tmp_path, broker.bootstrap, "away.", registry, REFI_STREAM_EVENTS_A_BATCH="500")
    said: list[str] = []
    events: list[int] = []

    def on_batch(figures: BatchFigures, _lag_seconds: float) -> None:
        events.append(figures.events)
        if len(events) == 1:
            broker.kill()
            returning.start()
        if sum(events) == 5001:
            os.kill(os.getpid(), signal.SIGTERM)

    def return_after_ten_minutes() -> None:
        time.sleep(600)
        broker.start()
        send_messages((payout(f"t{number}", "10T10:00") for number in range(5000)), keeps_times=True)

    returning = Thread(target=return_after_ten_minutes)
    with stream.in_this_process():
        create_topics(timestamps="CreateTime")
        send_messages([payout("t", "10T09:00")], keeps_times=True)
        Supervisor(said.append, on_batch).run()
        returning.join()
        scores = committed("risk-scores")
    broker.stop()
    assert max(events) <= 500
    assert sum(score["events"] for score in scores) == 5001
    assert len({score["score_id"] for score in scores}) == len(scores) == len(events)
