"""The sink against a real broker: deaths, zombies and resumed batches leave every message in Kafka once."""

import base64
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

import duckdb
import jsonschema
import orjson
import pyarrow as pa
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from refi_assets.errors import RefiError
from refi_assets.risk.stream.dead_letters import DeadLetter, Place, read_messages
from refi_assets.risk.stream.kafka_topics import create_topics
from refi_assets.risk.stream.markers import newest_marker
from refi_assets.risk.stream.settings import KafkaSettings, StreamSettings
from refi_assets.risk.stream.sink import FencedError, ScoreSink, SinkResult, score_messages
from refi_assets.risk.topics import DEAD_LETTERS, LOAN_EVENTS, RISK_MARKERS, RISK_SCORES, topic_schema
from refi_assets.settings import overridden, settings_of
from tests.support.risk_streams import committed

ENDS = {LOAN_EVENTS: {0: 7, 1: 9}}
RECEIVED = datetime(2026, 11, 27, 10, 0, 0, 5000)  # noqa: DTZ001 - UTC, as in Arrow's tables

# Ends as kill -9 does: its transaction stays open.
DYING_DRIVER = """
import os
from confluent_kafka import Producer
from refi_assets.risk.stream.settings import KafkaSettings, StreamSettings
from refi_assets.settings import settings_of

kafka, query = settings_of(KafkaSettings), settings_of(StreamSettings).stream_query
producer = Producer({**kafka.client_options(), "transactional.id": kafka.topic(query)})
producer.init_transactions(30)
producer.begin_transaction()
producer.produce(kafka.topic("risk-scores"), b"half", b"b")
producer.flush(30)
os._exit(9)
"""


def scores_of(batch_id: int, borrowers: int) -> pa.Table:
    """Scores of `borrowers` borrowers, in the order of their ids."""
    query = f"""
        SELECT
            'c1/{batch_id}/b' || lpad(CAST(n AS VARCHAR), 4, '0') AS score_id,
            'b' || lpad(CAST(n AS VARCHAR), 4, '0') AS borrower_id,
            DATE '2026-11-27' AS as_of,
            CAST(0.25 AS DECIMAL(9,6)) AS probability,
            'high' AS band,
            ['missed_payments', 'utilization_pct'] AS reasons,
            'live_default' AS model,
            3::BIGINT AS version,
            TIMESTAMP '2026-11-27 09:59:59.25' AS newest_event_time,
            TIMESTAMP '2026-11-27 10:00:05' AS processed_at,
            2::BIGINT AS events,
            MAP {{'loan-events': [0::BIGINT, n]}} AS offsets,
            FALSE AS late,
            0.5 AS some_feature
        FROM range({borrowers}) AS numbers(n)
    """
    return duckdb.sql(query).to_arrow_table()


@pytest.fixture(autouse=True)
def topics(topic_names: dict[str, str]) -> None:
    """Topics of this test alone."""
    create_topics()


@contextmanager
def sink(checkpoint_id: str = "c1", follows: str | None = None) -> Iterator[ScoreSink]:
    with closing(ScoreSink(checkpoint_id, follows)) as opened:
        yield opened


def send(topic: str, values: list[bytes | None], partition: int = 0) -> None:
    producer = Producer(settings_of(KafkaSettings).client_options())
    for value in values:
        producer.produce(settings_of(KafkaSettings).topic(topic), value, b"b", partition=partition)
    assert producer.flush(30) == 0


def letter(offset: int, topic: str = LOAN_EVENTS) -> DeadLetter:
    return DeadLetter(Place(topic, 0, offset), "not_json", None, RECEIVED)


def test_a_score_is_a_message_with_its_columns_and_no_feature() -> None:
    [(key, value)] = score_messages(scores_of(17, 1))
    assert key == "b0000"
    assert orjson.loads(value) == {
        "score_id": "c1/17/b0000",
        "borrower_id": "b0000",
        "as_of": "2026-11-27",
        "probability": "0.250000",
        "band": "high",
        "reasons": ["missed_payments", "utilization_pct"],
        "model": "live_default",
        "version": 3,
        "newest_event_time": "2026-11-27T09:59:59.250Z",
        "processed_at": "2026-11-27T10:00:05.000Z",
        "events": 2,
        "offsets": {"loan-events": [0, 0]},
        "late": False,
    }


def test_a_batch_is_sent_once_and_its_replay_is_skipped() -> None:
    with sink() as driver:
        assert driver.write(0, scores_of(0, 50), [], ENDS) == SinkResult(50, 1)
        assert driver.write(0, scores_of(0, 50), [], ENDS) == SinkResult(0, 0)
    with sink() as driver:
        assert driver.write(0, scores_of(0, 50), [], ENDS) == SinkResult(0, 0)
        assert driver.write(1, scores_of(1, 0), [], {LOAN_EVENTS: {0: 8, 1: 9}}) == SinkResult(0, 1)
    assert sorted(score["score_id"] for score in committed(RISK_SCORES)) == [f"c1/0/b{n:04}" for n in range(50)]
    markers = [(marker["batch_id"], marker["part"], marker["parts"]) for marker in committed(RISK_MARKERS)]
    assert markers == [(0, 1, 1), (1, 1, 1)]
    marker = newest_marker(settings_of(StreamSettings).stream_query)
    assert marker is not None
    assert (marker.checkpoint_id, marker.offsets) == ("c1", {LOAN_EVENTS: {0: 8, 1: 9}})


def test_a_batch_of_a_driver_that_died_in_its_transaction_is_sent_by_the_next() -> None:
    died = subprocess.run([sys.executable, "-c", DYING_DRIVER], check=False)
    assert died.returncode == 9
    with sink() as driver:
        driver.write(0, scores_of(0, 50), [], ENDS)
    assert len(committed(RISK_SCORES)) == 50


def test_an_older_driver_is_fenced() -> None:
    with sink() as old, sink() as new:
        new.write(0, scores_of(0, 50), [], ENDS)
        with pytest.raises(FencedError, match="A newer driver"):
            old.write(0, scores_of(0, 50), [], ENDS)
    assert len(committed(RISK_SCORES)) == 50


def test_a_large_batch_that_was_cut_off_is_resumed_after_its_last_part() -> None:
    send(LOAN_EVENTS, [b"bad 0", b"bad 1"])
    with (
        overridden("REFI_STREAM_ROWS_A_TRANSACTION", "10"),
        overridden("REFI_STREAM_BROKER_WAIT_SECONDS", "3"),
        sink() as driver,
        pytest.raises(RefiError, match="cannot be read again"),
    ):
        driver.write(3, scores_of(3, 25), [letter(0, "no-such-topic"), letter(1)], ENDS)
    assert [(marker["part"], marker["messages"]) for marker in committed(RISK_MARKERS)] == [(1, 10), (2, 20)]
    with overridden("REFI_STREAM_ROWS_A_TRANSACTION", "4"), sink() as driver:
        assert driver.write(3, scores_of(3, 25), [letter(1), letter(0)], ENDS) == SinkResult(7, 2)
        assert driver.write(3, scores_of(3, 25), [letter(1), letter(0)], ENDS) == SinkResult(0, 0)
    assert sorted(score["score_id"] for score in committed(RISK_SCORES)) == [f"c1/3/b{n:04}" for n in range(25)]
    assert len(committed(DEAD_LETTERS)) == 2
    assert [(m["part"], m["parts"], m["messages"]) for m in committed(RISK_MARKERS)][2:] == [(3, 4, 24), (4, 4, 27)]


def test_a_checkpoint_that_does_not_follow_the_newest_marker_sends_nothing() -> None:
    with sink("c1") as driver:
        driver.write(5, scores_of(5, 1), [], ENDS)
    with pytest.raises(RefiError, match=r"are of checkpoint c1, not of c2\. .* `refi risk rebuild`"):
        ScoreSink("c2")
    with sink("c2", follows="c1") as driver:
        assert driver.write(0, scores_of(0, 1), [], ENDS) == SinkResult(1, 1)
    with pytest.raises(RefiError, match="are of checkpoint c2, not of c1"):
        ScoreSink("c1")


def test_the_newest_marker_is_found_behind_many_of_another_query() -> None:
    with sink() as driver:
        driver.write(0, scores_of(0, 1), [], ENDS)
    send(RISK_MARKERS, [b"{}"] * 1000)
    marker = newest_marker("live_default")
    assert marker is not None
    assert marker.batch_id == 0


def test_the_open_transaction_of_another_query_does_not_hide_the_newest_marker() -> None:
    kafka = settings_of(KafkaSettings)
    other = Producer({**kafka.client_options(), "transactional.id": kafka.topic("another")})
    other.init_transactions(30)
    with sink() as driver:
        other.begin_transaction()
        other.produce(kafka.topic(RISK_MARKERS), b"{}", b"another", partition=0)
        assert other.flush(30) == 0
        driver.write(0, scores_of(0, 1), [], ENDS)
    end = threading.Timer(1, other.commit_transaction)
    end.start()
    marker = newest_marker("live_default")
    end.join()
    assert marker is not None
    assert marker.batch_id == 0


def test_what_is_sent_meets_its_contracts() -> None:
    send(LOAN_EVENTS, [b"{"])
    with sink() as driver:
        driver.write(0, scores_of(0, 3), [letter(0)], ENDS)
    for topic in (RISK_SCORES, RISK_MARKERS, DEAD_LETTERS):
        messages = committed(topic)
        assert messages
        for message in messages:
            jsonschema.validate(message, topic_schema(topic))


def test_a_dead_letter_has_the_bytes_the_reason_and_the_place() -> None:
    send(LOAN_EVENTS, [b'{"bad', b"x" * 500_000, None])
    with sink() as driver:
        driver.write(0, scores_of(0, 0), [letter(2), letter(0), letter(1)], ENDS)
    letters = sorted(committed(DEAD_LETTERS), key=lambda message: int(message["offset"]))
    assert letters[0] == {
        "dead_letter_id": "loan-events/0/0",
        "topic": "loan-events",
        "partition": 0,
        "offset": 0,
        "reason": "not_json",
        "field": None,
        "value": base64.b64encode(b'{"bad').decode(),
        "value_bytes": 5,
        "received_at": "2026-11-27T10:00:00.005Z",
    }
    assert base64.b64decode(letters[1]["value"]) == b"x" * 256 * 1024
    assert letters[1]["value_bytes"] == 500_000
    assert (letters[2]["value"], letters[2]["value_bytes"]) == (None, None)


def test_messages_are_read_again_by_place_and_deleted_ones_are_missing() -> None:
    kafka = settings_of(KafkaSettings)
    send(LOAN_EVENTS, [b"%d" % number for number in range(3000)])
    send(LOAN_EVENTS, [b"other %d" % number for number in range(3)], partition=1)
    places = [Place(LOAN_EVENTS, 0, offset) for offset in (0, 5, 6, 2500, 2999, 3000)]
    places += [Place(LOAN_EVENTS, 1, 2)]
    assert list(read_messages(places)) == [b"0", b"5", b"6", b"2500", b"2999", None, b"other 2"]
    partition = TopicPartition(kafka.topic(LOAN_EVENTS), 0, 6)
    admin = AdminClient(kafka.client_options())
    for future in admin.delete_records([partition]).values():
        future.result(30)
    assert list(read_messages(places)) == [None, None, b"6", b"2500", b"2999", None, b"other 2"]


def test_a_broker_that_is_away_is_an_error_after_the_time_for_waiting() -> None:
    with (
        overridden("REFI_KAFKA_BOOTSTRAP", "127.0.0.1:1"),
        overridden("REFI_STREAM_BROKER_WAIT_SECONDS", "1"),
        pytest.raises(RefiError, match=r"Kafka at 127\.0\.0\.1:1 did not take the scores of the query live_default"),
    ):
        ScoreSink("c1")
