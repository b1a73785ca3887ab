"""Markers: what a query has committed to Kafka. Each transaction of sink.py ends in one, in the topic risk-markers.

A marker is the only proof that the scores of a batch are out.
"""

import time
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from refi_assets.errors import RefiError, needs_packages
from refi_assets.risk.stream.kafka_topics import watermark_offsets
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
        from confluent_kafka import KafkaException
    kafka = settings_of(KafkaSettings)
    deadline = time.monotonic() + settings_of(StreamSettings).stream_broker_wait_seconds
    while True:
        try:
            start, end = _written(kafka, deadline)
            records = _TAIL
            while True:
                first = max(start, end - records)
                marker = _last_marker(kafka, query, range(first, end), deadline)
                if marker or first == start:
                    return marker
                records *= 16
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > deadline:
                raise RefiError(
                    f"The markers of the query {query} cannot be read from Kafka's topic {kafka.topic(RISK_MARKERS)} "
                    f"at {kafka.kafka_bootstrap}: {error.args[0].str()}."
                ) from None
            time.sleep(0.2)


def _written(kafka: KafkaSettings, deadline: float) -> tuple[int, int]:
    """The first offset and the end of the topic, open transactions included."""
    with closing(_consumer(kafka, "read_uncommitted")) as consumer:
        return watermark_offsets(consumer, kafka.topic(RISK_MARKERS), MARKER_PARTITION, deadline)


def _last_marker(kafka: KafkaSettings, query: str, offsets: range, deadline: float) -> Marker | None:
    """The query's last marker at these offsets, when all transactions among them have ended."""
    from confluent_kafka import KafkaError, KafkaException, TopicPartition

    marker = None
    with closing(_consumer(kafka, "read_committed")) as consumer:
        consumer.assign([TopicPartition(kafka.topic(RISK_MARKERS), MARKER_PARTITION, offsets.start)])
        while time.monotonic() < deadline:
            message = consumer.poll(0.1)
            if message is None:
                continue
            error, value, offset = message.error(), message.value(), message.offset()
            if error is None:
                if message.key() == query.encode() and value:
                    marker = Marker.from_bytes(value)
            elif error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            elif offset is not None and offset >= offsets.stop:
                return marker
    raise RefiError(
        f"The end of Kafka's topic {kafka.topic(RISK_MARKERS)} was not reached in time: Kafka does not answer, or "
        "another query has a transaction open. Start again."
    )


def _consumer(kafka: KafkaSettings, isolation: str) -> "Consumer":
    from confluent_kafka import Consumer

    options = {
        "group.id": kafka.topic("markers"),  # required, and not used: nothing is subscribed to or committed
        "enable.auto.commit": False,
        "isolation.level": isolation,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 10,
    }
    return Consumer({**kafka.client_options(), **options})
