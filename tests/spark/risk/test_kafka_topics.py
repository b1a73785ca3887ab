"""The topics, in a real broker."""

from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from refi_assets.risk.stream.broker import Broker
from refi_assets.risk.stream.kafka_topics import create_topics


def options_of(broker: Broker, topic: str) -> dict[str, str]:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    [described] = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
    return {name: entry.value for name, entry in described.result(30).items()}


def test_topics_are_made_once_with_the_settings_that_the_query_relies_on(
    kafka: Broker, topic_names: dict[str, str]
) -> None:
    assert create_topics() == list(topic_names.values())
    assert create_topics() == []
    partitions = AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=30).topics
    assert {topic: len(partitions[name].partitions) for topic, name in topic_names.items()} == {
        "loan-events": 2,
        "transactions": 2,
        "risk-scores": 2,
        "risk-markers": 1,
        "dead-letters": 2,
    }
    events = options_of(kafka, topic_names["loan-events"])
    assert events["message.timestamp.type"] == "LogAppendTime"
    assert events["retention.ms"] == str(30 * 24 * 60 * 60 * 1000)
    assert options_of(kafka, topic_names["risk-markers"])["cleanup.policy"] == "compact"


def test_the_topics_of_a_replay_keep_the_producers_times_for_ever(kafka: Broker, topic_names: dict[str, str]) -> None:
    create_topics(timestamps="CreateTime")
    events = options_of(kafka, topic_names["transactions"])
    assert (events["message.timestamp.type"], events["retention.ms"]) == ("CreateTime", "-1")
