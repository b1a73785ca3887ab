"""Messages that are sent to a real broker arrive as they are, in order for each key, and as fast as asked."""

import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from refi_assets.errors import RefiError
from refi_assets.risk.stream import sending
from refi_assets.risk.stream.broker import Broker
from refi_assets.risk.stream.kafka_topics import create_topics
from refi_assets.risk.stream.sending import send_messages
from refi_assets.settings import forget_settings
from tests.fakes.servers import free_port
from tests.support.commands import refi_here

SENT_AT = 1_700_000_000_000
Read = list[tuple[bytes | None, bytes | None, int]]


def read(broker: Broker, topic: str, partitions: int = 2) -> Read:
    """Keys, values and timestamps of all messages of a topic, by partition."""
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "none", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    messages: Read = []
    ended = 0
    while ended < partitions:
        message = consumer.poll(10)
        assert message is not None
        if message.error():
            ended += 1
        else:
            messages.append((message.key(), message.value(), message.timestamp()[1]))
    consumer.close()
    return messages


def test_keys_values_and_times_arrive_in_the_order_of_each_key(kafka: Broker, topic_names: dict[str, str]) -> None:
    create_topics(timestamps="CreateTime")
    messages: list[tuple[str, str | None, bytes | str | None, int]]
    messages = [("transactions", f"B{n % 7}", b"\xff%d" % n, SENT_AT + n) for n in range(2000)]
    messages += [("loan-events", None, "without a key", SENT_AT), ("loan-events", "B1", None, SENT_AT)]
    sent = send_messages(messages, keeps_times=True)
    assert sent.messages == 2002
    arrived = read(kafka, topic_names["transactions"])
    for borrower in range(7):
        of_key = [(value, at) for key, value, at in arrived if key == b"B%d" % borrower]
        assert of_key == [(b"\xff%d" % n, SENT_AT + n) for n in range(borrower, 2000, 7)]
    others = read(kafka, topic_names["loan-events"])
    assert sorted(others, key=str) == [(None, b"without a key", SENT_AT), (b"B1", None, SENT_AT)]


def test_messages_are_sent_at_a_constant_rate_with_kafkas_own_times(kafka: Broker, topic_names: dict[str, str]) -> None:
    create_topics()
    before = time.time()
    sent = send_messages((("transactions", "B1", str(n), SENT_AT) for n in range(400)), rate=400)
    times = [at / 1000 - before for *_, at in read(kafka, topic_names["transactions"])]
    assert len(times) == 400
    assert sent.seconds > 0.9
    assert times[0] > -1
    assert times[-1] > 0.9  # the first ones may wait for the topic's leader


def test_generated_files_are_sent_by_the_command(kafka: Broker, topic_names: dict[str, str], tmp_path: Path) -> None:
    create_topics()
    generated = refi_here("risk", "generate", tmp_path, "--borrowers", 50, "--days", 3, "--months", 13)
    assert "50 borrowers" in generated.stdout
    answer = refi_here("risk", "send", tmp_path)
    numbers = [line.count(b"\n") for line in (path.read_bytes() for path in (tmp_path / "messages").iterdir())]
    assert f"Sent {sum(numbers)} messages" in answer.stdout
    assert sum(len(read(kafka, topic_names[topic])) for topic in ("loan-events", "transactions")) == sum(numbers)


@pytest.mark.usefixtures("topic_names")
def test_topics_that_do_not_exist_and_a_broker_that_is_away_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        RefiError, match=r"has no topic t\d+\.loan-events, t\d+\.transactions; `refi risk topics` makes"
    ):
        send_messages([("transactions", "B1", b"{}", SENT_AT)])
    monkeypatch.setenv("REFI_KAFKA_BOOTSTRAP", f"127.0.0.1:{free_port()}")
    forget_settings()
    monkeypatch.setattr(sending, "_SECONDS_TO_ANSWER", 1)
    with pytest.raises(RefiError, match="does not answer"):
        send_messages([("transactions", "B1", b"{}", SENT_AT)])
