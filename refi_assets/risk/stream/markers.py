"""Markers: what a query has committed to Kafka. Each transaction of sink.py ends in one, in the topic risk-markers.

A marker is the only proof that the scores of a batch are out.
"""

import time
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from refi_assets.errors import RefiError, needs_packages
from refi_assets.risk.stream.settings import STREAM_PACKAGES, KafkaSettings, StreamSettings
from refi_assets.risk.topics import RISK_MARKERS
from refi_assets.settings import settings_of

if TYPE_CHECKING:
    from confluent_kafka import Consumer

_TAIL = 16  # records before the end, in which the newest marker is looked for first
MARKER_PARTITION = 0  # the topic's only one


class Marker(NamedTuple):
    """The end of a transaction: part `part` of `parts` of a batch, of which `messages` messages are out by now."""

    checkpoint_id: str
    batch_id: int
    part: int
    parts: int
    messages: int
    offsets: dict[str, dict[int, int]]  # topic -> partition -> end of the batch

    @property
    def is_whole(self) -> bool:
        """Whether the whole batch is out."""
        return self.part == self.parts

    def to_bytes(self) -> bytes:
        """The value of its message."""
        import orjson

        return orjson.dumps(self._asdict(), option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)

    @classmethod
    def from_bytes(cls, value: bytes) -> "Marker":
        """The marker of a message."""
        import orjson

        fields: dict[str, Any] = orjson.loads(value)
        offsets: Mapping[str, Mapping[str, int]] = fields["offsets"]
        numbered = {topic: {int(part): end for part, end in ends.items()} for topic, ends in offsets.items()}
        return cls(**{name: fields[name] for name in cls._fields} | {"offsets": numbered})


def newest_marker(query: str) -> Marker | None:
    """A query's newest committed marker, or None if it has none.

    Call it after init_transactions, which ends the open transactions of older drivers: then it is final. A transaction
    that another query has open would hide this query's newer markers, so its end is awaited. Raises RefiError if Kafka
    does not answer in REFI_STREAM_BROKER_WAIT_SECONDS.
    """
    with needs_packages("Kafka", STREAM_PACKAGES, "stream", "make stream"):
        from confluent_kafka import Consumer, KafkaException, TopicPartition
    kafka, wait = settings_of(KafkaSettings), settings_of(StreamSettings).stream_broker_wait_seconds
    topic = kafka.topic(RISK_MARKERS)
    options = {
        "group.id": f"{query}.markers",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 10,
    }
    deadline = time.monotonic() + wait
    try:
        with closing(Consumer({**kafka.client_options(), **options})) as consumer:
            start, _ = consumer.get_watermark_offsets(TopicPartition(topic, MARKER_PARTITION), timeout=wait)
            end, records = _written_end(topic, wait), _TAIL
            while True:
                first = max(start, end - records)
                consumer.assign([TopicPartition(topic, MARKER_PARTITION, first)])
                marker = _last_of(consumer, query.encode(), end, deadline)
                if marker or first == start:
                    return marker
                records *= 16
    except KafkaException as error:
        raise RefiError(
            f"The markers of the query {query} cannot be read from Kafka's topic {topic} at {kafka.kafka_bootstrap}: "
            f"{error.args[0].str()}."
        ) from None


def _written_end(topic: str, wait: float) -> int:
    """The end of the topic, open transactions included."""
    from confluent_kafka import IsolationLevel, TopicPartition
    from confluent_kafka.admin import AdminClient, OffsetSpec

    admin = AdminClient(settings_of(KafkaSettings).client_options())
    request = {TopicPartition(topic, MARKER_PARTITION): OffsetSpec.latest()}
    answers = admin.list_offsets(request, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=wait)
    return int(next(iter(answers.values())).result().offset)


def _last_of(consumer: "Consumer", key: bytes, end: int, deadline: float) -> Marker | None:
    """The last marker with a key, from the assigned offset to an end."""
    from confluent_kafka import KafkaError, KafkaException

    marker = None
    while time.monotonic() < deadline:
        message = consumer.poll(0.1)
        if message is None:
            continue
        error = message.error()
        if error is None:
            if message.key() == key and message.value() is not None:
                marker = Marker.from_bytes(message.value())
        elif error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        elif message.offset() >= end:
            return marker
    raise RefiError(
        f"The end of Kafka's topic {RISK_MARKERS} was not reached in time: Kafka does not answer, or a transaction of "
        "another query is open. Start again."
    )
