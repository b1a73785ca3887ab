"""How many dead letters there are, by reason, and which messages became the newest. No message is shown."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from typing import Any

from refi_assets.errors import RefiError, needs_packages
from refi_assets.risk.stream.settings import STREAM_PACKAGES, KafkaSettings, StreamSettings
from refi_assets.risk.topics import DEAD_LETTERS
from refi_assets.settings import settings_of

_AT_ONCE = 1000  # messages


@dataclass(frozen=True)
class DeadLetterCounts:
    """Numbers of dead letters by topic and reason, and the newest ones: place, reason, field, received_at."""

    by_reason: dict[tuple[str, str], int]
    newest: list[dict[str, Any]]


def count_dead_letters(newest: int) -> DeadLetterCounts:
    """Count the letters that Kafka has now, each once, and keep the `newest`. Raises RefiError if Kafka fails."""
    with needs_packages("Kafka", STREAM_PACKAGES, "stream", "make stream"):
        from confluent_kafka import KafkaException
    kafka = settings_of(KafkaSettings)
    counts: Counter[tuple[str, str]] = Counter()
    last: list[dict[str, Any]] = []
    seen: set[str] = set()
    try:
        for letters in _letters(kafka):
            by_id = {letter["dead_letter_id"]: letter for letter in letters}
            new = [letter for letter_id, letter in by_id.items() if letter_id not in seen]
            seen |= by_id.keys()
            counts.update((letter["topic"], letter["reason"]) for letter in new)
            last = nlargest(newest, [*last, *new], key=_age)
    except KafkaException as error:
        raise RefiError(
            f"The topic {kafka.topic(DEAD_LETTERS)} cannot be read from Kafka at {kafka.kafka_bootstrap}: "
            f"{error.args[0].str()}."
        ) from None
    return DeadLetterCounts(dict(counts.most_common()), last)


def _letters(kafka: KafkaSettings) -> Iterator[list[dict[str, Any]]]:
    """The committed letters of all partitions, without their bytes."""
    import orjson
    from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

    wait = settings_of(StreamSettings).stream_broker_wait_seconds
    topic = kafka.topic(DEAD_LETTERS)
    options = {"group.id": "refi.dead-letters", "enable.auto.commit": False, "enable.partition.eof": True}
    with closing(Consumer({**kafka.client_options(), **options, "isolation.level": "read_committed"})) as consumer:
        metadata = consumer.list_topics(topic, wait).topics[topic]
        if metadata.error is not None:
            raise KafkaException(metadata.error)
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in metadata.partitions])
        unread, deadline = len(metadata.partitions), time.monotonic() + wait
        while unread:
            messages = consumer.consume(_AT_ONCE, 0.1)
            if messages:
                deadline = time.monotonic() + wait
            elif time.monotonic() > deadline:
                raise RefiError(f"The topic {topic} cannot be read to its end: Kafka does not answer.")
            errors = [error for message in messages if (error := message.error()) is not None]
            unread -= sum(error.code() == KafkaError._PARTITION_EOF for error in errors)
            for error in errors:
                if error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
            letters = [orjson.loads(message.value() or b"") for message in messages if message.error() is None]
            yield [{name: value for name, value in letter.items() if name != "value"} for letter in letters]


def _age(letter: dict[str, Any]) -> tuple[datetime, str]:
    return datetime.fromisoformat(letter["received_at"]), letter["dead_letter_id"]
