"""Dead letters: messages that break their contract, each with its place, its reason, and the bytes that Kafka has."""

import time
from base64 import b64encode
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from refi_assets.errors import RefiError, needs_packages
from refi_assets.risk.stream.kafka_topics import watermark_offsets
from refi_assets.risk.stream.settings import STREAM_PACKAGES, KafkaSettings, StreamSettings
from refi_assets.settings import settings_of

if TYPE_CHECKING:
    from confluent_kafka import Consumer

MOST_BYTES = 256 * 1024  # of a message that a dead letter keeps: Kafka refuses larger letters
_FARTHEST = 1000  # messages that are read and passed over, rather than asking for the next offset


class Place(NamedTuple):
    """Where Kafka has a message. `topic` is the topic's name without the prefix of the settings."""

    topic: str
    partition: int
    offset: int


class DeadLetter(NamedTuple):
    """A message that breaks its contract: the reason's code, and the field if one is to blame; UTC without a zone."""

    place: Place
    reason: str
    field: str | None
    received_at: datetime


def dead_letter_messages(letters: Sequence[DeadLetter]) -> Iterator[tuple[str, bytes]]:
    """Keys and values of the letters' messages. The letters must be in the order of their places."""
    import orjson

    for letter, content in zip(letters, read_messages([letter.place for letter in letters]), strict=True):
        letter_id = "/".join(map(str, letter.place))
        body: dict[str, Any] = {
            "dead_letter_id": letter_id,
            **letter.place._asdict(),
            "reason": letter.reason,
            "field": letter.field,
            "value": None if content is None else b64encode(content[:MOST_BYTES]).decode("ascii"),
            "value_bytes": None if content is None else len(content),
            "received_at": f"{letter.received_at.isoformat(timespec='milliseconds')}Z",
        }
        yield letter_id, orjson.dumps(body)


def read_messages(places: Iterable[Place]) -> Iterator[bytes | None]:
    """The values of messages, whose places must be in order; None if the message is null, or Kafka deleted it.

    Raises RefiError if Kafka does not answer in REFI_STREAM_BROKER_WAIT_SECONDS.
    """
    with needs_packages("Kafka", STREAM_PACKAGES, "stream", "make stream"):
        from confluent_kafka import Consumer, KafkaException, TopicPartition
    kafka, stream = settings_of(KafkaSettings), settings_of(StreamSettings)
    options = {
        "group.id": kafka.topic("dead-letters"),  # required, and not used: nothing is subscribed to or committed
        "enable.auto.commit": False,
        "isolation.level": "read_uncommitted",  # nothing is between the places
        "auto.offset.reset": "earliest",
        "fetch.wait.max.ms": 10,  # the next run of offsets waits for the answer to the last request
    }
    try:
        with closing(Consumer({**kafka.client_options(), **options})) as consumer:
            for (topic, partition), group in groupby(places, key=attrgetter("topic", "partition")):
                offsets, source = [place.offset for place in group], TopicPartition(kafka.topic(topic), partition)
                deadline = time.monotonic() + stream.stream_broker_wait_seconds
                low, high = watermark_offsets(consumer, source.topic, partition, deadline)
                first, last = bisect_left(offsets, low), bisect_left(offsets, high)
                yield from [None] * first
                for run in _close_together(offsets[first:last]):
                    consumer.assign([TopicPartition(source.topic, partition, run[0])])
                    yield from _values_at(consumer, run, stream.stream_broker_wait_seconds)
                yield from [None] * (len(offsets) - last)
    except KafkaException as error:
        raise RefiError(
            f"Invalid messages cannot be read again from Kafka at {kafka.kafka_bootstrap}: {error.args[0].str()}."
        ) from None


def _close_together(offsets: Sequence[int]) -> Iterator[list[int]]:
    """Offsets, cut where the next one is far."""
    run = list(offsets[:1])
    for before, offset in pairwise(offsets):
        if offset - before > _FARTHEST:
            yield run
            run = []
        run.append(offset)
    if run:
        yield run


def _values_at(consumer: "Consumer", offsets: Sequence[int], wait: float) -> Iterator[bytes | None]:
    """The values at ascending offsets of the assigned partition, which must have a message at the last or after it."""
    from confluent_kafka import KafkaException

    remaining = deque(offsets)
    while remaining:
        message = consumer.poll(wait)
        if message is None:
            raise RefiError("Invalid messages cannot be read again: Kafka does not answer.")
        error, offset = message.error(), message.offset()
        if error is not None or offset is None:
            raise KafkaException(error)
        while remaining and remaining[0] < offset:
            remaining.popleft()
            yield None
        if remaining and remaining[0] == offset:
            remaining.popleft()
            yield message.value()
