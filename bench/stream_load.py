"""Kafka's side of the bench of the stream: the messages that are sent, and the scores that arrive."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Consumer, Message, TopicPartition
from numpy.typing import NDArray

from bench.measure import MeasureError
from refi_assets.risk.policy import load_risk_policy
from refi_assets.risk.stream.sending import Sending, send_messages
from refi_assets.risk.stream.settings import KafkaSettings
from refi_assets.risk.topics import RISK_SCORES, SOURCE_TOPICS
from refi_assets.risk.validation import MessageParser
from refi_assets.sample.risk import generated_risk
from refi_assets.settings import lender_now, settings_of

FEWEST_EVENTS_A_BORROWER_DAY = 0.2  # of the generator, on any days
_READ_BATCH, _ANSWER_SECONDS = 50_000, 30
_MESSAGE_TYPES = {
    "key": pa.binary(),
    "value": pa.binary(),
    "timestamp": pa.timestamp("ms", "UTC"),
    "partition": pa.int32(),
    "offset": pa.int64(),
}


class Place(NamedTuple):
    """A partition of a topic, without the prefix of the settings."""

    topic: str
    partition: int


class Score(NamedTuple):
    """A score as a read_committed consumer saw it; `offsets` are those of the last events in it."""

    borrower: str
    offsets: Mapping[Place, int]
    seen: float  # seconds since 1970


class Event(NamedTuple):
    """An event that counts; `sent` is Kafka's timestamp, in seconds since 1970."""

    borrower: str
    place: Place
    offset: int
    sent: float


def send_events(borrowers: int, events: int, *, rate: float = 0) -> Sending:
    """Send so many messages of a made-up portfolio, which happen now. Raises RefiError."""
    days = 1 + int(events / borrowers / FEWEST_EVENTS_A_BORROWER_DAY)
    as_of = lender_now().date() - timedelta(days=days + 1)
    with generated_risk(borrowers, 1, None, as_of=as_of, days=days, live_rate=rate) as (_, stream):
        sending = send_messages(islice(stream.messages(), events), rate=rate)
    if sending.messages < events:
        raise MeasureError(f"{sending.messages} messages were generated instead of {events}.")
    return sending


def replay_days(borrowers: int, days: int) -> int:
    """Send the messages of some days with the days' times, and return their number. Raises RefiError."""
    as_of = lender_now().date() - timedelta(days=days + 1)
    with generated_risk(borrowers, 2, None, as_of=as_of, days=days) as (_, stream):
        return send_messages(stream.messages(), keeps_times=True).messages


@contextmanager
def scores_seen() -> Iterator[list[Score]]:
    """The scores that a consumer sees while this lasts, from the first on; complete afterwards."""
    kafka = settings_of(KafkaSettings)
    seen: list[tuple[float, bytes]] = []
    has_ended = threading.Event()
    consumer = _consumer(kafka.topic(RISK_SCORES))

    def consume() -> None:
        messages: list[Message] = []
        while messages or not has_ended.is_set():
            messages = consumer.consume(1000, 0.5)
            now = time.time()
            seen.extend((now, value) for message in messages if (value := message.value()) and not message.error())

    thread = threading.Thread(target=consume)
    thread.start()
    scores: list[Score] = []
    try:
        yield scores
    finally:
        has_ended.set()
        thread.join()
        consumer.close()
        for moment, value in seen:
            score = json.loads(value)
            offsets = {Place(topic, place[0]): place[1] for topic, place in score["offsets"].items()}
            scores.append(Score(score["borrower_id"], offsets, moment))


def events_that_count() -> list[Event]:
    """The events in Kafka, without copies, dead letters, and those that were received too late."""
    kafka, policy = settings_of(KafkaSettings), load_risk_policy().events
    parser = MessageParser.of_contracts(kafka.kafka_topic_prefix, policy.ahead_minutes)
    allowance = timedelta(hours=policy.late_after_hours)
    events = []
    for topic in SOURCE_TOPICS:
        name = kafka.topic(topic)
        for partition, batches in _batches_by_partition(name).items():
            rows = pa.Table.from_batches(parser(name, iter(batches)))
            lateness = pc.subtract(rows["received_at"], rows["event_time"])
            rows = rows.filter(pc.and_(pc.is_null(rows["reason"]), pc.less_equal(lateness, allowance)))
            columns = (rows[column].to_pylist() for column in ("borrower_id", "kafka_offset"))
            sent = pc.cast(rows["received_at"], pa.int64()).to_numpy() / 1e6
            place = Place(topic, partition)
            events += [
                Event(borrower, place, offset, moment)
                for borrower, offset, moment in zip(*columns, sent.tolist(), strict=True)
            ]
    return events


def latencies(events: Sequence[Event], scores: Sequence[Score]) -> NDArray[np.float64]:
    """Seconds from each event to the first score that contains it. Raises MeasureError if there is none."""
    offsets: dict[tuple[str, Place], list[tuple[int, float]]] = defaultdict(list)
    for score in scores:
        for place, offset in score.offsets.items():
            offsets[score.borrower, place].append((offset, score.seen))
    for listed in offsets.values():
        listed.sort()
    seconds = []
    for event in events:
        later = (seen for offset, seen in offsets[event.borrower, event.place] if offset >= event.offset)
        seen = next(later, None)
        if seen is None:
            raise MeasureError(f"An event at offset {event.offset} of {event.place} is in no score.")
        seconds.append(seen - event.sent)
    return np.array(seconds)


def _batches_by_partition(name: str) -> dict[int, list[pa.RecordBatch]]:
    """All messages of a topic, as Spark's Kafka source has them."""
    consumer = _consumer(name)
    batches: dict[int, list[pa.RecordBatch]] = {place.partition: [] for place in consumer.assignment()}
    left = {
        place.partition: consumer.get_watermark_offsets(place, timeout=_ANSWER_SECONDS)[1]
        for place in consumer.assignment()
    }
    while any(left.values()):
        messages = [message for message in consumer.consume(_READ_BATCH, 1) if not message.error()]
        for partition in left:
            part = [message for message in messages if message.partition() == partition]
            columns = {
                "key": [message.key() for message in part],
                "value": [message.value() for message in part],
                "timestamp": [message.timestamp()[1] for message in part],
                "partition": [partition] * len(part),
                "offset": [message.offset() for message in part],
            }
            arrays = [pa.array(values, _MESSAGE_TYPES[column]) for column, values in columns.items()]
            batches[partition].append(pa.RecordBatch.from_arrays(arrays, names=list(columns)))
            left[partition] -= len(part)
    consumer.close()
    return batches


def _consumer(name: str) -> Consumer:
    """A consumer of a whole topic, from its first message on, that sees what is committed."""
    options = {"group.id": "refi.bench", "enable.auto.commit": False, "isolation.level": "read_committed"}
    consumer = Consumer(settings_of(KafkaSettings).client_options() | options)
    partitions = consumer.list_topics(name, timeout=_ANSWER_SECONDS).topics[name].partitions
    consumer.assign([TopicPartition(name, partition, 0) for partition in sorted(partitions)])
    return consumer
