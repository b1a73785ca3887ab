"""`refi risk dead-letters`, and what our own messages look like: they keep the contracts of their topics."""

from datetime import datetime
from typing import Any

import duckdb
import jsonschema
import orjson
import pytest
from confluent_kafka import Producer

from refi_assets.risk.stream.dead_letters import DeadLetter, Place, dead_letter_messages
from refi_assets.risk.stream.kafka_topics import create_topics
from refi_assets.risk.stream.markers import Marker
from refi_assets.risk.stream.settings import KafkaSettings
from refi_assets.risk.stream.sink import score_messages
from refi_assets.risk.topics import DEAD_LETTERS, RISK_MARKERS, RISK_SCORES, topic_schema
from refi_assets.settings import settings_of
from tests.support.commands import refi_here

LETTERS = [
    DeadLetter(Place("loan-events", 0, 0), "not_json", None, datetime.fromisoformat("2026-11-27T10:00:00")),
    DeadLetter(Place("loan-events", 0, 1), "no_value", None, datetime.fromisoformat("2026-11-27T10:00:01")),
    DeadLetter(Place("loan-events", 0, 2), "wrong_form", "amount", datetime.fromisoformat("2026-11-27T10:00:03")),
    DeadLetter(Place("transactions", 0, 0), "wrong_form", "amount", datetime.fromisoformat("2026-11-27T10:00:02")),
]


def problems(topic: str, message: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(topic_schema(topic), format_checker=jsonschema.FormatChecker())
    return [error.message for error in validator.iter_errors(message)]


@pytest.fixture
def producer(topic_names: dict[str, str]) -> Producer:
    create_topics()
    producer = Producer(settings_of(KafkaSettings).client_options())
    sources: dict[str, list[bytes | None]] = {"loan-events": [b"hello", None, b"{}"], "transactions": [b"{}"]}
    for topic, values in sources.items():
        for value in values:
            producer.produce(topic_names[topic], value, b"B1", partition=0)
    assert producer.flush(30) == 0
    return producer


def test_letters_are_counted_once_by_reason_and_the_newest_are_listed_without_their_text(
    producer: Producer, topic_names: dict[str, str]
) -> None:
    assert refi_here("risk", "dead-letters").stdout == "There are no dead letters.\n"
    for key, value in [*dead_letter_messages(LETTERS), *dead_letter_messages(LETTERS[2:3])]:
        assert problems(DEAD_LETTERS, orjson.loads(value)) == []
        producer.produce(topic_names[DEAD_LETTERS], value, key)
    assert producer.flush(30) == 0
    answer = refi_here("risk", "dead-letters", "--newest", 2)
    lines = [line.strip() for line in answer.stdout.splitlines()]
    counts = sorted(line.split()[:3] for line in lines if line.startswith(("loan-events", "transactions")))
    assert counts == [
        ["loan-events", "no_value", "1"],
        ["loan-events", "not_json", "1"],
        ["loan-events", "wrong_form", "1"],
        ["transactions", "wrong_form", "1"],
    ]
    assert [line.split() for line in lines if line.startswith("2026")] == [
        ["2026-11-27T10:00:03.000Z", "loan-events", "0", "2", "wrong_form", "amount"],
        ["2026-11-27T10:00:02.000Z", "transactions", "0", "0", "wrong_form", "amount"],
    ]
    assert "hello" not in answer.stdout


@pytest.mark.usefixtures("topic_names")
def test_without_the_topics_the_command_says_so() -> None:
    answer = refi_here("risk", "dead-letters")
    assert answer.returncode == 1
    assert "dead-letters cannot be read from Kafka" in answer.stderr


def test_scores_and_markers_keep_their_contracts() -> None:
    scores = duckdb.sql("""
        SELECT
            'c1/0/b1' AS score_id, 'b1' AS borrower_id, DATE '2026-11-27' AS as_of,
            CAST(1 AS DECIMAL(9,6)) AS probability, 'high' AS band, ['missed_payments'] AS reasons,
            'live_default' AS model, 3::BIGINT AS version, TIMESTAMP '2026-11-27 09:59:59.25' AS newest_event_time,
            TIMESTAMP '2026-11-27 10:00:05' AS processed_at, 2::BIGINT AS events,
            MAP {'loan-events': [0::BIGINT, 7]} AS offsets, FALSE AS late
    """).to_arrow_table()
    [(key, value)] = score_messages(scores)
    assert (key, problems(RISK_SCORES, orjson.loads(value))) == ("b1", [])
    marker = Marker("c1", 0, 1, 1, 3, {"loan-events": {0: 3}})
    assert problems(RISK_MARKERS, orjson.loads(marker.to_bytes())) == []
