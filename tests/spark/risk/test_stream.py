"""Events from Kafka through Spark to scores: what counts, what is late, and that the lake and the topics say the same.

The expected features are those that the runs over files compute from the same events.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from refi_assets.errors import ModelError, RefiError
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.registry import CHAMPION, Registry
from refi_assets.risk.scoring import MODEL
from refi_assets.risk.stream.broker import Broker
from refi_assets.risk.stream.kafka_topics import create_topics
from refi_assets.risk.topics import LOAN_EVENTS, TRANSACTIONS
from tests.risk.small_portfolio import SmallPortfolio
from tests.spark.conftest import PREFIXES
from tests.support.registries import new_registry_file
from tests.support.risk_streams import RiskStream, committed, new_stream, register_scorecard
from tests.support.running_query import Message, running

pytestmark = pytest.mark.usefixtures("spark")


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a champion."""
    base = tmp_path_factory.mktemp("registry")
    registry = new_registry_file(base / "own", base)
    register_scorecard(registry)
    return registry


@pytest.fixture
def stream(kafka: Broker, champion: Path, tmp_path: Path) -> Iterator[RiskStream]:
    """A stream of its own, with topics of one partition that keep the messages' times; its settings are in force."""
    one = {"REFI_STREAM_TOPIC_PARTITIONS": "1"}
    begun = new_stream(tmp_path, kafka.bootstrap, next(PREFIXES), champion, **one)
    with begun.in_this_process():
        create_topics(timestamps="CreateTime")
        yield begun


def message(topic: str, event_id: str, kind: str, at: str, received: str = "", **columns: Any) -> Message:
    """A message about B1 at a time in March 2026, such as 10T08:00; it arrives a second later by default."""
    received_at = datetime.fromisoformat(f"2026-03-{received or at}:01+00:00")
    event = {"borrower_id": "B1", "event_id": event_id, "kind": kind, "event_time": f"2026-03-{at}:00Z"} | columns
    return topic, event["borrower_id"], json.dumps(event), int(received_at.timestamp() * 1000)


def payment(event_id: str, at: str, paid_on: str | None, received: str = "", **columns: Any) -> Message:
    """The payment P, due on February 20th."""
    fields = {"payment_id": "P", "due_on": "2026-02-20", "paid_on": paid_on, "amount": "100.00"}
    return message(LOAN_EVENTS, event_id, "payment", at, received, **fields | columns)


def payout(event_id: str, at: str, received: str = "", **columns: Any) -> Message:
    """A payout of 10 USD."""
    return message(TRANSACTIONS, event_id, "transaction", at, received, **{"amount": "-10.00"} | columns)


def last_score(stream: RiskStream, borrower_id: str = "B1") -> dict[str, Any]:
    """The newest score of a borrower in the lake, with its features."""
    scores = stream.stored("scores").filter(f"borrower_id = '{borrower_id}'").order("batch DESC").limit(1)
    (row,) = scores.to_arrow_table().to_pylist()
    return dict(row)


def features_of_run(*messages: Message, as_of: date) -> dict[str, Any]:
    """The features of B1 that a run over files computes from the events of messages."""
    rows: dict[str, list[dict[str, Any]]] = {LOAN_EVENTS: [], TRANSACTIONS: []}
    for topic, _, value, timestamp in messages:
        received_at = datetime.fromtimestamp(timestamp / 1000, UTC).replace(tzinfo=None).isoformat()
        event = json.loads(value or "")
        rows[topic].append(event | {"event_time": event["event_time"].removesuffix("Z"), "received_at": received_at})
    sources = {"loan_event": rows[LOAN_EVENTS], "account_transaction": rows[TRANSACTIONS], "portfolio_borrower": []}
    (row,) = SmallPortfolio(sources, as_of=as_of).arrow("risk/features").to_pylist()
    return dict(row)


def require_features_of_run(stream: RiskStream, *messages: Message, as_of: date) -> None:
    """Whether the last score of B1 has the features of a run over files."""
    expected = features_of_run(*messages, as_of=as_of)
    score = last_score(stream)
    assert {name: score[name] for name in expected} == expected


def test_events_of_two_topics_become_scores_which_the_lake_and_kafka_have(stream: RiskStream) -> None:
    """A payment that is 18 days late, a payout, and what must not count: copies, and messages that break a contract."""
    late, paid_out = payment("e1", "10T08:00", "2026-03-10"), payout("t1", "10T09:00")
    copy = payment("e1", "10T08:00", None, received="10T08:05", amount="1.00")
    poison = [(LOAN_EVENTS, "B1", b"{", late[3]), (TRANSACTIONS, "B1", None, late[3]), payout("t 2", "10T09:00")]
    with running(late, copy, *poison, paid_out) as query:
        (first,) = query.take()
        (second,) = query.take(payment("e1", "10T08:00", "2026-03-10", received="11T08:00"), poison[0])
    assert (first.events, first.scores, first.dead_letters) == (2, 1, 3)
    assert (second.events, second.scores, second.dead_letters) == (0, 0, 1)
    (score,) = committed("risk-scores")
    assert (score["borrower_id"], score["as_of"], score["events"], score["late"]) == ("B1", "2026-03-10", 2, False)
    assert score["offsets"] == {"loan-events": [0, 0], "transactions": [0, 2]}
    assert score["newest_event_time"] == "2026-03-10T09:00:00.000Z"
    kept = last_score(stream)
    assert (score["score_id"], score["probability"]) == (kept["score_id"], str(kept["probability"]))
    letters = committed("dead-letters")
    assert [(letter["topic"], letter["offset"], letter["reason"]) for letter in letters] == [
        ("loan-events", 2, "not_json"),
        ("transactions", 0, "no_value"),
        ("transactions", 1, "wrong_form"),
        ("loan-events", 4, "not_json"),
    ]
    require_features_of_run(stream, late, paid_out, as_of=date(2026, 3, 10))


def test_a_partition_that_lags_loses_nothing(stream: RiskStream) -> None:
    """The transaction of March 2nd is read after the payments of ten days, and changes the score of the 11th."""
    payments = [payment(f"e{day:02}", f"{day:02}T08:00", None) for day in range(1, 12)]
    old = [payout("t1", "01T09:00"), payout("t2", "02T09:00", amount="-90.00"), payout("t3", "11T09:00")]
    with running() as query:
        query.take(payments[0], old[0])
        query.take(*payments[1:])
        (lagging,) = query.take(old[1])
        late = last_score(stream)
        query.take(old[2])
    assert (lagging.events, lagging.scores) == (1, 1)
    assert (late["as_of"], late["late"], late["transactions_90d"]) == (date(2026, 3, 11), True, 2.0)
    assert not last_score(stream)["late"]
    require_features_of_run(stream, *payments, *old, as_of=date(2026, 3, 11))
    assert stream.stored("events").shape[0] == len(payments) + len(old)


def test_a_copy_that_comes_after_the_state_has_expired_does_not_count(stream: RiskStream) -> None:
    """The policy keeps the ids of seven days; the lake has all."""
    first, moved = payout("t1", "01T09:00"), payment("e1", "01T09:00", None)
    with running() as query:
        query.take(first, moved)
        for day in (10, 24, 25):
            query.take(payout(f"t{day}", f"{day}T09:00"), payment(f"e{day}", f"{day}T09:00", None))
        (again,) = query.take(payout("t1", "01T09:00", received="26T09:00"), payout("t26", "26T10:00"))
        progress = query.progress()
    assert (again.events, again.late_events) == (1, 0)
    assert last_score(stream)["transactions_90d"] == 5.0
    assert (progress.duplicates, progress.dropped, progress.messages) == (0, 0, 2)
    assert progress.state_rows == 9  # of the last three days: six ids, and the borrower's days


def test_an_event_that_comes_too_late_is_kept_and_changes_no_score(stream: RiskStream) -> None:
    """The allowance is 48 hours: one event takes exactly that, and one a minute more."""
    in_time, too_late = payout("t1", "08T09:00", received="10T08:59"), payout("t2", "08T09:00", received="10T09:00")
    with running(in_time, too_late) as query:
        (figures,) = query.take()
        (only_late,) = query.take(payout("t3", "01T09:00", received="10T10:00"))
    assert (figures.events, figures.late_events, figures.scores) == (1, 1, 1)
    assert (only_late.events, only_late.late_events, only_late.scores) == (0, 1, 0)
    assert stream.stored("late_events").order("event_id").project("event_id").fetchall() == [("t2",), ("t3",)]
    assert last_score(stream)["transactions_90d"] == 1.0


def test_of_events_at_one_time_the_larger_id_counts_and_a_day_ends_at_midnight(stream: RiskStream) -> None:
    """The last events of March 10th, in UTC, in the other order of their ids, and the first of the 11th."""
    end = [
        payment("b", "10T23:59", None),
        payment("a", "10T23:59", "2026-03-10"),
        payment("c", "11T00:00", "2026-03-11"),
    ]
    with running() as query:
        query.take(*end[:2])
        before = last_score(stream)
        query.take(end[2])
    assert before["as_of"] == date(2026, 3, 10)
    expected = features_of_run(*end, as_of=date(2026, 3, 10))
    assert {name: before[name] for name in expected} == expected
    require_features_of_run(stream, *end, as_of=date(2026, 3, 11))


def test_a_new_champion_scores_from_the_next_batch_on_and_without_one_the_last_stays(
    stream: RiskStream, champion: Path
) -> None:
    registry = Registry(f"{SQLITE}{champion}")
    with running() as query:
        query.take(payout("t1", "10T09:00"))
        register_scorecard(champion)
        query.take(payout("t2", "10T10:00"))
        registry.remove_alias(MODEL, CHAMPION)
        query.take(payout("t3", "10T11:00"))
    versions = [score["version"] for score in committed("risk-scores")]
    assert versions == [versions[0], versions[0] + 1, versions[0] + 1]
    assert len(query.said) == 1
    assert "has no champion" in query.said[0]
    with pytest.raises(ModelError, match="has no champion"), running():
        pass
    registry.set_alias(MODEL, CHAMPION, versions[0])


def test_a_checkpoint_of_other_state_or_partitions_is_refused(
    stream: RiskStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running():
        pass
    description = stream.checkpoint / "refi.json"
    text = description.read_text()
    description.write_text(text.replace('"state_version": 1', '"state_version": 0'))
    with pytest.raises(RefiError, match=r"state of version 0, and this program's is 1.*refi risk rebuild"), running():
        pass
    description.write_text(text.replace('"0": 0', '"0": 0, "1": 0'))
    with pytest.raises(RefiError, match=r"has 1 partitions, and had 2 when.*refi risk rebuild"), running():
        pass
