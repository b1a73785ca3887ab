"""The log of decisions: what is kept of one, and that none is changed or removed."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from refi_assets.errors import StoreError
from refi_assets.store.decision_log import DECISION_FILE, DecisionLog, LoggedDecision

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DECISION = LoggedDecision(
    at=datetime(2026, 3, 2, 7, 0, 0, 1_000, tzinfo=timezone(timedelta(hours=-5))),
    request_id="r1",
    client="0123456789ab",
    key="B1",
    answer="refer",
    reasons=("score_too_old",),
    probability=0.1 + 0.2,
    model="live_default",
    version=3,
    policy_sha256="ab" * 32,
    checkpoint_id="first",
    batch=7,
    as_of=date(2026, 3, 1),
    processed_at=NOON - timedelta(days=1),
    alerts=("possible_fraud",),
    features={"utilization": 1 / 3, "product": "card", "is_employed": None},
)


@pytest.fixture
def log(tmp_path: Path) -> DecisionLog:
    """A log without decisions."""
    return DecisionLog(tmp_path / DECISION_FILE, busy_seconds=0.1)


def test_decisions_are_kept_whole_and_in_order(log: DecisionLog) -> None:
    assert log.decisions_of("B1") == []
    later = DECISION.model_copy(update={"answer": "approve", "at": NOON - timedelta(days=9), "request_id": "r2"})
    log.record([DECISION, DECISION.model_copy(update={"key": "B2"})])
    log.record([later])
    assert log.decisions_of("B1") == [DECISION, later]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE decision SET key = 'B2'", "a decision is never changed"),
        ("UPDATE decision SET body = '{}'", "a decision is never changed"),
        ("DELETE FROM decision", "a decision is never removed"),
        ("INSERT OR REPLACE INTO decision VALUES (1, '', 'B1', '', '{}')", "a decision is never replaced"),
    ],
)
def test_the_file_refuses_to_change_a_decision(log: DecisionLog, tmp_path: Path, statement: str, message: str) -> None:
    log.record([DECISION])
    with closing(sqlite3.connect(tmp_path / DECISION_FILE)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match=message):
            connection.execute(statement)
        connection.commit()
    assert log.decisions_of("B1") == [DECISION]


def test_a_log_that_cannot_be_written_is_an_error_that_says_so(log: DecisionLog, tmp_path: Path) -> None:
    log.record([DECISION])
    with closing(sqlite3.connect(tmp_path / DECISION_FILE, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"locked it\. No decision was recorded or answered\. Wait until"):
            log.record([DECISION])
