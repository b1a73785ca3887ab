"""The topics, in a real broker."""

from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from refi_assets.risk.stream.broker import Broker
from refi_assets.risk.stream.kafka_topics import create_topics
from refi_assets.settings import overridden
from tests.support.commands import refi_here


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


def test_the_command_makes_the_topics_and_names_those_that_are_made_otherwise(topic_names: dict[str, str]) -> None:
    first, second = refi_here("risk", "topics"), refi_here("risk", "topics")
    assert first.stdout.endswith(f": {', '.join(topic_names.values())}\n")
    assert second.stdout.startswith("All topics exist at ")
    with overridden("REFI_STREAM_RETENTION_DAYS", "60"):
        answer = refi_here("risk", "topics")
    assert answer.returncode == 0, answer.stderr
    notes = answer.stdout.splitlines()[1:]
    assert f"Note: {topic_names['loan-events']} has retention.ms=2592000000, not 5184000000." in notes
    assert len(notes) == len(topic_names) - 1, "markers are compacted, and have no days"
