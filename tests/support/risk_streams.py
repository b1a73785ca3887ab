"""The stream of a made-up portfolio, with a lake, a checkpoint and topics of its own; and a plain recount of it."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from refi_assets.ml.columns import InputColumn
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.registry import CHAMPION, Registry
from refi_assets.ml.scorecard import BinnedInput, Scorecard
from refi_assets.risk.live_store import open_live_scores
from refi_assets.risk.scoring import MODEL
from refi_assets.risk.stream.kafka_topics import create_topics
from refi_assets.risk.stream.sending import send_messages
from refi_assets.risk.stream.settings import KafkaSettings
from refi_assets.risk.stream.supervisor import Supervisor
from refi_assets.sample.risk_stream import stored_messages
from refi_assets.settings import PROJECT_DIR, forget_settings, settings_of
from tests.support.registries import SCALE, record_of

REFI = [sys.executable, "-c", "from refi_assets.cli import main; main()"]
COMPARED = "* EXCLUDE (score_id, version, processed_at, events, offsets, late, rules, checkpoint, batch)"
PATIENCE = 300  # seconds for what takes a few on a machine that is not busy


@dataclass
class RiskStream:
    """Where a stream is. `settings` are those of its processes."""

    folder: Path
    settings: Mapping[str, str]
    drivers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def lake(self) -> Path:
        return Path(self.settings["REFI_LAKE_URL"])

    @property
    def checkpoint(self) -> Path:
        return Path(self.settings["REFI_STREAM_CHECKPOINT"])

    @contextmanager
    def in_this_process(self) -> Iterator[None]:
        """Its settings are those of this process."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.settings.items():
                patch.setenv(name, value)
            forget_settings()
            yield
        forget_settings()

    def prepare(self) -> None:
        """Make the topics, which keep the messages' own times."""
        with self.in_this_process():
            create_topics(timestamps="CreateTime")

    def send(self, generated: Path, first: int = 0, end: int | None = None) -> None:
        """Send the messages of a generated portfolio, all or some."""
        with self.in_this_process():
            send_messages(islice(stored_messages(generated / "messages"), first, end), keeps_times=True)

    def catch_up(self) -> list[str]:
        """Run the query in this process until it has read everything; returns what it said."""
        said: list[str] = []
        with self.in_this_process():
            Supervisor(said.append, lambda _figures, _lag: None).run(until_caught_up=True)
        return said

    def driver(self, *options: str, **settings: str) -> subprocess.Popen[bytes]:
        """A process with `refi risk stream`, in a session of its own."""
        with (self.folder / "driver.log").open("ab") as log:
            driver = subprocess.Popen(
                [*REFI, "risk", "stream", *options],
                env={**os.environ, **self.settings, **settings},
                cwd=PROJECT_DIR,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.drivers.append(driver)
        return driver

    def end_drivers(self) -> None:
        """Kill drivers that still run, with their Java processes."""
        for driver in self.drivers:
            with suppress(ProcessLookupError):
                os.killpg(driver.pid, signal.SIGKILL)
            driver.wait()

    def newest(self, kind: str) -> int:
        """The newest batch in offsets/ or commits/ of the checkpoint; -1 without one."""
        names = [path.name for path in (self.checkpoint / kind).glob("*")]
        return max((int(name) for name in names if name.isdigit()), default=-1)

    def phase(self) -> str:
        """What a driver that was killed had not done of its batch."""
        batch = self.newest("offsets")
        if self.newest("commits") == batch:
            return "between batches"
        for kind, suffix, phase in (
            ("decisions", "json", "in Spark"),
            ("events", "parquet", "scoring"),
            ("scores", "parquet", "keeping"),
        ):
            if not list(self.lake.glob(f"stream/risk/{kind}/checkpoint=*/batch={batch}.{suffix}")):
                return phase
        return "sending or committing"

    def stored(self, kind: str) -> duckdb.DuckDBPyRelation:
        """The rows of the lake's files of a kind, with the columns checkpoint and batch."""
        files = f"{self.lake}/stream/risk/{kind}/checkpoint=*/batch=*.parquet"
        path = r"'checkpoint=([^/]+)/batch=(\d+)'"
        return duckdb.sql(
            f"SELECT * EXCLUDE filename, regexp_extract(filename, {path}, 1) AS checkpoint, "
            f"CAST(regexp_extract(filename, {path}, 2) AS BIGINT) AS batch "
            f"FROM read_parquet('{files}', filename = true, hive_partitioning = false)"
        )

    def sent(self, topic: str) -> list[Any]:
        """What a read_committed reader sees: the JSON values of a topic, in the order of partitions and offsets."""
        with self.in_this_process():
            return committed(topic)


def committed(topic: str) -> list[Any]:
    """What a read_committed reader sees in the Kafka of the settings."""
    kafka = settings_of(KafkaSettings)
    options = {"group.id": "test", "isolation.level": "read_committed", "enable.partition.eof": True}
    values = []
    with closing(Consumer({**kafka.client_options(), **options, "auto.offset.reset": "earliest"})) as consumer:
        partitions = consumer.list_topics(kafka.topic(topic), 30).topics[kafka.topic(topic)].partitions
        for partition in sorted(partitions):
            consumer.assign([TopicPartition(kafka.topic(topic), partition, 0)])
            while True:
                message = consumer.poll(30)
                assert message is not None, "Kafka does not answer"
                error, value = message.error(), message.value()
                if error is not None:
                    assert error.code() == KafkaError._PARTITION_EOF
                    break
                values.append(orjson.loads(value or b""))
    return values


def new_stream(folder: Path, bootstrap: str, prefix: str, registry: Path, **settings: str) -> RiskStream:
    """A stream that has not begun. `registry` is a registry's file, as registry_of_scorecard makes."""
    own = {
        "REFI_KAFKA_BOOTSTRAP": bootstrap,
        "REFI_KAFKA_TOPIC_PREFIX": prefix,
        "REFI_LAKE_URL": str(folder / "lake"),
        "REFI_MLFLOW_URI": f"{SQLITE}{registry}",
        "REFI_STREAM_CHECKPOINT": str(folder / "checkpoint"),
        "REFI_STREAM_DIR": str(folder / "stream"),
        "REFI_STREAM_PORT": "0",
        "REFI_STREAM_MEMORY": "1g",
        "REFI_THREADS": "1",
    }
    folder.mkdir(parents=True, exist_ok=True)
    return RiskStream(folder, own | settings)


def register_scorecard(registry: Path) -> None:
    """Put a scorecard of four features into a registry's file, and make it champion."""
    edges = {
        "worst_payment_delay_12m": (0.0, 30.0),
        "transactions_90d": (2.0, 6.0),
        "largest_payout_share_90d": (0.2, 0.5),
        "credit_utilization": (0.3, 0.8),
    }
    binned = tuple(
        BinnedInput(
            column=InputColumn(name=name, kind="number"),
            edges=limits,
            evidence=(-0.5, 0.1, 0.9, 0.2),
            shares=(40, 30, 20, 10),
        )
        for name, limits in edges.items()
    )
    model = FittedModel(
        "logistic_regression", Scorecard(binned=binned, weights=(1.0, 0.7, 0.4, 0.9), intercept=-1.5), (0.0, 1.0), SCALE
    )
    opened = Registry(f"{SQLITE}{registry}")
    opened.set_alias(MODEL, CHAMPION, opened.register(MODEL, model, record_of()))


def require_exactly_once(stream: RiskStream, generated: Path) -> None:
    """Whether Kafka and the lake agree, and have each event that the generator says arrived, once."""
    scores = stream.sent("risk-scores")
    ids = [score["score_id"] for score in scores]
    assert len(set(ids)) == len(ids), "a score was sent twice"
    stored = stream.stored("scores").project("score_id, CAST(probability AS VARCHAR), band, reasons, events").fetchall()
    messages = [
        (score["score_id"], score["probability"], score["band"], score["reasons"], score["events"]) for score in scores
    ]
    assert sorted(messages) == sorted(stored)
    require_stored_last_scores(stream)
    events = "(topic, borrower_id, event_id, received_at)"
    kept = stream.stored("events").project(events).fetchall() + stream.stored("late_events").project(events).fetchall()
    assert sorted(row for (row,) in kept) == expected_events(generated)
    on_time = stream.stored("events").shape[0]
    assert sum(score["events"] for score in scores) == on_time
    letters = {letter["dead_letter_id"] for letter in stream.sent("dead-letters")}
    truth = orjson.loads((generated / "truth.json").read_bytes())["stream"]
    assert len(letters) == sum(topic["dead_letters"] for topic in truth.values())
    assert on_time == sum(topic["accepted"] for topic in truth.values())


def require_stored_last_scores(stream: RiskStream) -> None:
    """Whether the store has the last score of each borrower."""
    store = open_live_scores(str(stream.lake))
    for borrower_id, probability in last_scores(stream, "borrower_id, probability"):
        score = store.score_of(borrower_id)
        assert score is not None
        assert score.millionths == probability * 1_000_000


def expected_events(generated: Path) -> list[tuple[Any, ...]]:
    """The events that arrive, in the generator's own files: the first copy of each."""
    events: dict[tuple[str, str, str], Any] = {}
    for topic, source in (("loan-events", "loan_event"), ("transactions", "account_transaction")):
        with (generated / "replayed" / source / "streamed.csv").open(newline="") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: row["received_at"])
        for row in rows:
            key = (topic, row["borrower_id"], row["event_id"])
            events.setdefault(key, datetime.fromisoformat(row["received_at"]).replace(tzinfo=None))
    return sorted((*key, received_at) for key, received_at in events.items())


def last_scores(stream: RiskStream, columns: str = COMPARED) -> list[tuple[Any, ...]]:
    """The last score of each borrower in the lake, with its features, and without what depends on the batches."""
    query = (
        f"SELECT {columns} FROM stored QUALIFY row_number() OVER "
        "(PARTITION BY borrower_id ORDER BY checkpoint DESC, batch DESC) = 1 ORDER BY borrower_id"
    )
    return stream.stored("scores").query("stored", query).fetchall()


def wait_until(is_reached: Any) -> None:
    """Wait for something that must happen."""
    deadline = time.monotonic() + PATIENCE
    while not is_reached():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def forget_newest_commit(stream: RiskStream) -> int:
    """Delete the newest entry of the commit log, as if the driver had died before it; returns its batch."""
    batch = stream.newest("commits")
    for name in (f"{batch}", f".{batch}.crc"):
        (stream.checkpoint / "commits" / name).unlink(missing_ok=True)
    return batch


def lose_checkpoint(stream: RiskStream) -> None:
    """Delete the checkpoint."""
    shutil.rmtree(stream.checkpoint)
