"""refi risk explain: what is in a borrower's timeline, from runs, from the stream and from the store."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import RefiError
from refi_assets.lake import FolderStore
from refi_assets.risk.live_store import open_alert_outbox, open_decision_log, open_live_scores
from refi_assets.risk.timeline import BorrowerTimeline, borrower_timeline
from refi_assets.store.alert_outbox import KeyAlert
from refi_assets.store.live_scores import LiveBatch
from tests.risk.hand_made_runs import publish, put_batch
from tests.store.test_decision_log import DECISION
from tests.support.commands import refi_here

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
INCOME = "SELECT 'loan-events' AS topic, 'B1' AS borrower_id, 'income' AS kind"


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    """An empty lake."""
    return FolderStore(str(tmp_path / "lake"))


def timeline(lake: FolderStore, borrower_id: str = "B1") -> BorrowerTimeline:
    return borrower_timeline(DuckDBEngine(lake), str(lake.root), borrower_id)


def received(event_id: str, at: str, amount: int) -> str:
    """A query of an income that arrived a second after its time."""
    return (
        f"{INCOME}, '{event_id}' AS event_id, TIMESTAMP '{at}' AS event_time, "
        f"TIMESTAMP '{at}' + INTERVAL 1 SECOND AS received_at, {amount}::DECIMAL(18,2) AS amount"
    )


def scored(borrower_id: str, probability: float, processed_at: str, day: date = MONDAY) -> str:
    """A query of a score of the stream."""
    return (
        f"SELECT '{borrower_id}' AS borrower_id, DATE '{day}' AS as_of, {probability}::DECIMAL(9,6) AS probability, "
        "'high' AS band, ['savings_rate', 'debt_to_income'] AS reasons, 'live_default' AS model, 3::BIGINT AS version, "
        f"TIMESTAMP '{processed_at}' AS processed_at, 1::BIGINT AS events, FALSE AS late, ['payout_velocity'] AS rules"
    )


def told(shown: BorrowerTimeline, *names: str) -> list[tuple[Any, ...]]:
    """Of each entry its time, its kind and these facts."""
    return [
        (f"{entry.at:%m-%d %H:%M:%S}", entry.kind, *(entry.facts[name] for name in names if name in entry.facts))
        for entry in shown.entries
    ]


def test_runs_alone_give_events_scores_rules_and_features(lake: FolderStore) -> None:
    score = "SELECT 'B1' AS borrower_id, DATE '{}' AS as_of, {}::DECIMAL(9,6) AS probability, 'low' AS band"
    rule = "SELECT 'B1' AS borrower_id, DATE '2026-03-03' AS as_of, 'probability_rose' AS rule, 0.4 AS probability"
    publish(lake, "r1", MONDAY, {"risk/scores": score.format(MONDAY, 0.1) + ", '' AS reasons"})
    late = received("E2", "2026-03-03 09:00:00", 2)
    publish(
        lake,
        "r2",
        TUESDAY,
        {
            "risk/events": f"{received('E1', '2026-03-01 09:00:00', 1)}, FALSE AS is_too_late "
            f"UNION ALL {late}, TRUE AS is_too_late",
            "risk/features": "SELECT 'B1' AS borrower_id, DATE '2026-03-03' AS as_of, 0.5 AS debt_to_income "
            "UNION ALL SELECT 'B2', DATE '2026-03-03', 0.9",
            "risk/scores": score.format(TUESDAY, 0.4) + ", 'savings_rate|debt_to_income' AS reasons",
            "risk/high_risk": rule,
        },
    )
    shown = timeline(lake)
    assert told(shown, "event_id", "probability", "reasons", "rule", "run_id") == [
        ("03-01 09:00:01", "event", "E1"),
        ("03-03 00:00:00", "score", Decimal("0.1"), [], "r1"),
        ("03-03 09:00:01", "late event", "E2"),
        ("03-04 00:00:00", "rule", Decimal("0.4"), "probability_rose", "r2"),
        ("03-04 00:00:00", "score", Decimal("0.4"), ["savings_rate", "debt_to_income"], "r2"),
    ]
    assert (shown.as_of, shown.features) == (TUESDAY, {"debt_to_income": Decimal("0.5")})


def test_the_stream_alone_gives_events_scores_alerts_and_decisions(lake: FolderStore) -> None:
    put_batch(lake, "events", 1, received("E1", "2026-03-02 09:00:00", 1))
    put_batch(lake, "late_events", 2, received("E2", "2026-03-02 10:00:00", 2))
    put_batch(
        lake, "scores", 1, f"{scored('B1', 0.3, '2026-03-02 09:00:02')} UNION ALL {scored('B2', 0.9, '2026-03-02')}"
    )
    row = {"key": ["B1"], "as_of": [MONDAY], "millionths": pa.array([300_000], pa.int32()), "band": ["high"]}
    more = {"reasons": [""], "newest_event_time": pa.array([None], pa.timestamp("us")), "features": ["[0.25]"]}
    at = datetime(2026, 3, 2, 9, 0, 2, tzinfo=UTC)
    batch = LiveBatch("c", 1, "live_default", 3, at, ("savings_rate",))
    open_live_scores(str(lake.root)).keep(batch, pa.table(row | more))
    open_alert_outbox(str(lake.root)).add([KeyAlert("B1", "payout_velocity", MONDAY)], at)
    open_decision_log(str(lake.root)).record([DECISION])
    shown = timeline(lake)
    assert told(shown, "event_id", "probability", "version", "rule", "rules", "answer") == [
        ("03-02 09:00:01", "event", "E1"),
        ("03-02 09:00:02", "alert", "payout_velocity"),
        ("03-02 09:00:02", "score", Decimal("0.3"), 3, ["payout_velocity"]),
        ("03-02 10:00:01", "late event", "E2"),
        ("03-02 12:00:00", "decision", DECISION.probability, 3, "refer"),
    ]
    assert (shown.as_of, shown.features) == (MONDAY, {"savings_rate": 0.25})


def test_an_event_that_a_run_and_the_stream_have_is_shown_once(lake: FolderStore) -> None:
    event = received("E1", "2026-03-02 09:00:00", 1)
    put_batch(lake, "scores", 1, scored("B2", 0.1, "2026-03-02 10:00:02"))
    put_batch(lake, "events", 1, f"{event} UNION ALL {received('E2', '2026-03-02 10:00:00', 1)}")
    publish(lake, "r1", MONDAY, {"risk/events": f"{event}, FALSE AS is_too_late"})
    assert told(timeline(lake), "event_id") == [("03-02 09:00:01", "event", "E1"), ("03-02 10:00:01", "event", "E2")]


@pytest.mark.parametrize("borrower_id", ["B2", "' OR TRUE --", "B1' OR '1'='1"])
def test_an_unknown_borrower_is_an_error(lake: FolderStore, borrower_id: str) -> None:
    put_batch(lake, "scores", 1, scored("B3", 0.1, "2026-03-02 09:00:02"))
    put_batch(lake, "events", 1, received("E1", "2026-03-02 09:00:00", 1))
    publish(lake, "r1", MONDAY, {"risk/events": f"{received('E1', '2026-03-02 09:00:00', 1)}, FALSE AS is_too_late"})
    with pytest.raises(RefiError, match="Neither a run nor the stream has a borrower"):
        timeline(lake, borrower_id)


def test_the_command_says_that_it_shows_a_persons_data_and_explains_reasons_and_rules(lake: FolderStore) -> None:
    put_batch(lake, "events", 1, received("E1", "2026-03-02 09:00:00", 1))
    put_batch(lake, "scores", 1, scored("B1", 0.4, "2026-03-02 09:00:02"))
    open_alert_outbox(str(lake.root)).add(
        [KeyAlert("B1", rule, MONDAY) for rule in ("probability_above", "gone")], datetime(2026, 3, 2, 10, tzinfo=UTC)
    )
    answer = refi_here("risk", "explain", "B1", "--lake", str(lake.root), "--last", "3")
    assert answer.returncode == 0, answer.stderr
    lines = [line.strip() for line in answer.stdout.splitlines()]
    assert lines[:4] == [
        "Borrower B1. This is a person's data: show it only to those who need it.",
        "Probability of default 0.400000, band high, as of 2026-03-02.",
        "1. savings_rate",
        "2. debt_to_income: Excessive obligations in relation to income",
    ]
    assert "1 older entries: --last" in lines
    assert "probability_above: The probability of default is above 35 %." in lines
    assert "gone: a rule of an earlier version" in lines
    assert not [line for line in lines if "event_id E1" in line]


def test_the_command_prints_json(lake: FolderStore) -> None:
    put_batch(lake, "events", 1, received("E1", "2026-03-02 09:00:00", 1))
    put_batch(lake, "scores", 1, scored("B2", 0.1, "2026-03-02 09:00:02"))
    answer = json.loads(refi_here("risk", "explain", "B1", "--lake", str(lake.root), "--json").stdout)
    (entry,) = answer["entries"]
    assert (answer["borrower_id"], entry["kind"], entry["facts"]["amount"]) == ("B1", "event", "1.00")
