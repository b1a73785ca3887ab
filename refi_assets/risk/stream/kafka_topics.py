"""Topics in Kafka: they are made with the settings that the query relies on."""

import time
from typing import TYPE_CHECKING, Literal

from refi_assets.errors import RefiError, needs_packages
from refi_assets.risk.stream.settings import STREAM_PACKAGES, KafkaSettings, StreamSettings
from refi_assets.risk.topics import RISK_MARKERS, SOURCE_TOPICS, TOPICS
from refi_assets.settings import settings_of

if TYPE_CHECKING:
    from confluent_kafka import Consumer
    from confluent_kafka.admin import AdminClient

ADMIN_SECONDS = 15
DAY_MS = 24 * 60 * 60 * 1000


def create_topics(*, timestamps: Literal["LogAppendTime", "CreateTime"] = "LogAppendTime") -> list[str]:
    """Make our topics, with the prefix of the settings, if they do not exist; returns the new ones' names.

    `CreateTime` is for replays only: it takes the producer's word for when a message was received, and such topics keep
    their messages for ever, however old. Raises RefiError if Kafka refuses or does not answer.
    """
    with needs_packages("Kafka", STREAM_PACKAGES, "stream", "make stream"):
        from confluent_kafka import KafkaError, KafkaException
        from confluent_kafka.admin import AdminClient
        from confluent_kafka.cimpl import NewTopic
    kafka, stream = settings_of(KafkaSettings), settings_of(StreamSettings)
    requests = [
        NewTopic(
            kafka.topic(topic),
            1 if topic == RISK_MARKERS else stream.stream_topic_partitions,
            stream.stream_topic_replicas,
            config=_topic_options(topic, timestamps, stream.stream_retention_days),
        )
        for topic in TOPICS
    ]
    admin, new = AdminClient(kafka.client_options()), []
    try:
        admin.list_topics(timeout=ADMIN_SECONDS)  # a Kafka that is away is noticed here
        for name, future in admin.create_topics(requests, request_timeout=ADMIN_SECONDS).items():
            try:
                future.result()
                new.append(name)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
        _await_leaders(admin, new)
    except KafkaException as error:
        reason = error.args[0].str()
        raise RefiError(f"Kafka at {kafka.kafka_bootstrap} did not make the topics: {reason}.") from None
    return new


def other_options() -> list[str]:
    """How topics in Kafka differ from those that we make, each difference as a sentence. Raises RefiError."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.admin._config import ConfigResource

    kafka, stream = settings_of(KafkaSettings), settings_of(StreamSettings)
    resources = {topic: ConfigResource(ConfigResource.Type.TOPIC, kafka.topic(topic)) for topic in TOPICS}
    admin = AdminClient(kafka.client_options())  # it must outlive its answers
    try:
        answers = admin.describe_configs(list(resources.values()), request_timeout=ADMIN_SECONDS)
        return [
            f"{kafka.topic(topic)} has {name}={found[name].value}, not {value}."
            for topic, resource in resources.items()
            for found in [answers[resource].result()]
            for name, value in _topic_options(topic, "LogAppendTime", stream.stream_retention_days).items()
            if found[name].value != value
        ]
    except KafkaException as error:
        reason = error.args[0].str()
        raise RefiError(f"Kafka at {kafka.kafka_bootstrap} did not describe the topics: {reason}.") from None


def _await_leaders(admin: "AdminClient", names: list[str]) -> None:
    """Return when the brokers know new topics, which takes them a moment."""
    deadline = time.monotonic() + ADMIN_SECONDS
    while time.monotonic() < deadline:
        topics = admin.list_topics(timeout=ADMIN_SECONDS).topics
        if all(name in topics and all(p.leader >= 0 for p in topics[name].partitions.values()) for name in names):
            return
        time.sleep(0.05)


def _topic_options(topic: str, timestamps: str, retention_days: float) -> dict[str, str]:
    if topic == RISK_MARKERS:
        return {"cleanup.policy": "compact"}
    if topic not in SOURCE_TOPICS:
        return {"retention.ms": str(int(retention_days * DAY_MS))}
    is_replay = timestamps == "CreateTime"
    return {
        "message.timestamp.type": timestamps,
        "retention.ms": "-1" if is_replay else str(int(retention_days * DAY_MS)),
    }


def watermark_offsets(consumer: "Consumer", topic: str, partition: int, deadline: float) -> tuple[int, int]:
    """The first offset of a partition, and its end, which open transactions do not hold back.

    A partition without a leader, as just after its topic was made, is asked again until a time of time.monotonic().
    Raises KafkaException.
    """
    from confluent_kafka import KafkaError, KafkaException, TopicPartition

    no_leader = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
    while True:
        seconds = max(1.0, deadline - time.monotonic())
        try:
            start, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=seconds)
        except KafkaException as error:
            if error.args[0].code() not in no_leader or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return start, end
