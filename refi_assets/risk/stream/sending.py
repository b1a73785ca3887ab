"""Sending messages to Kafka's topics, at a constant rate or as fast as possible, for demonstrations and tests."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refi_assets.errors import RefiError, needs_packages
from refi_assets.risk.stream.settings import STREAM_PACKAGES, KafkaSettings
from refi_assets.risk.topics import SOURCE_TOPICS
from refi_assets.settings import settings_of

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

_MOST_PENDING = 100_000  # messages that the client holds
_SECONDS_TO_ANSWER, _SECONDS_TO_DELIVER = 10, 300
_LOOKS_A_SECOND = 200  # at the clock


@dataclass(frozen=True)
class Sending:
    """Messages that were sent, and the most seconds by which one was sent later than at its constant rate."""

    messages: int
    seconds: float
    most_seconds_behind: float


def send_messages(
    messages: Iterable[tuple[str, str | None, bytes | str | None, int]], *, rate: float = 0, keeps_times: bool = False
) -> Sending:
    """Send messages: topic, key, value and time (ms since 1970), in their order; a topic gets the settings' prefix.

    `rate` is a number a second, or 0 for no limit. With `keeps_times`, the message's time is Kafka's timestamp, if the
    topic takes it from producers. All are acknowledged when this returns. Raises RefiError if Kafka does not take them.
    """
    with needs_packages("Kafka", STREAM_PACKAGES, "stream", "make stream"):
        from confluent_kafka import KafkaException, Producer
    kafka = settings_of(KafkaSettings)
    failures: list[KafkaError] = []

    def delivered(error: "KafkaError | None", _message: "Message") -> None:
        if error is not None:
            failures.append(error)

    producer = Producer(
        kafka.client_options()
        | {
            "enable.idempotence": True,
            "linger.ms": 5,
            "compression.type": "lz4",
            "queue.buffering.max.messages": _MOST_PENDING,
            "delivery.report.only.error": True,
            "on_delivery": delivered,
            "message.timeout.ms": _SECONDS_TO_DELIVER * 1000,
        }
    )
    names = {topic: kafka.topic(topic) for topic in SOURCE_TOPICS}
    try:
        missing = set(names.values()) - producer.list_topics(timeout=_SECONDS_TO_ANSWER).topics.keys()
    except KafkaException as error:
        raise RefiError(f"Kafka at {kafka.kafka_bootstrap} does not answer: {error.args[0].str()}.") from None
    if missing:
        listed = ", ".join(sorted(missing))
        raise RefiError(f"Kafka at {kafka.kafka_bootstrap} has no topic {listed}; `refi risk topics` makes our topics.")
    between_looks = max(1, int(rate / _LOOKS_A_SECOND)) if rate else 1000
    began, behind, number = time.monotonic(), 0.0, 0
    for topic, key, value, timestamp in messages:
        if number % between_looks == 0:
            producer.poll(0)
            if failures:
                break
            if rate:
                ahead = began + number / rate - time.monotonic()
                behind = max(behind, -ahead)
                if ahead > 0:
                    time.sleep(ahead)
        while True:
            try:
                producer.produce(names[topic], value, key, timestamp=timestamp if keeps_times else 0)
                break
            except BufferError:  # Kafka is slower than we are
                producer.poll(0.05)
        number += 1
    pending = producer.flush(_SECONDS_TO_DELIVER)
    if failures or pending:
        reason = failures[0].str() if failures else f"{pending} messages were not acknowledged"
        raise RefiError(f"Kafka at {kafka.kafka_bootstrap} did not take all messages: {reason}.")
    return Sending(number, time.monotonic() - began, behind)
