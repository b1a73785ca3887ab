"""The bench of the stream: latencies, rates without the first batches, days of state, and the page."""

from dataclasses import asdict
from typing import Any

import pytest

from bench.measure import MeasureError
from bench.stream import Sizes, messages_of
from bench.stream_page import days_of, growth_after_expiry, render, warm_rate

pytest.importorskip("confluent_kafka")
from bench.stream_load import Event, Place, Score, latencies

LOANS, PAYMENTS = Place("loan-events", 0), Place("transactions", 1)


def test_a_latency_lasts_until_the_first_score_with_the_event():
    events = [Event("B1", LOANS, 5, 100.0), Event("B1", LOANS, 9, 101.0), Event("B2", PAYMENTS, 1, 100.0)]
    scores = [
        Score("B1", {LOANS: 4}, 100.5),
        Score("B2", {PAYMENTS: 1}, 103.0),
        Score("B1", {LOANS: 7, PAYMENTS: 20}, 102.0),
        Score("B1", {LOANS: 9}, 104.0),
    ]
    assert latencies(events, scores).tolist() == [2.0, 3.0, 3.0]


def test_an_event_without_a_score_is_an_error():
    with pytest.raises(MeasureError, match=r"offset 8 of .*loan-events.* is in no score"):
        latencies([Event("B1", LOANS, 8, 100.0)], [Score("B1", {LOANS: 7}, 101.0), Score("B2", {LOANS: 9}, 101.0)])


def batch(messages: int, ended: float, **phases: float) -> dict[str, Any]:
    return {"messages": messages, "ended": ended, "phases": phases or {"send": 1.0}}


def test_the_rate_leaves_out_the_first_three_batches():
    batches = [batch(100, 30), batch(100, 50), batch(100, 60), batch(100, 65), batch(50, 70)]
    assert warm_rate(batches) == 150 / 10
    assert warm_rate(batches[:2]) == 100 / 20


def test_the_messages_of_a_batch_are_those_between_its_offsets():
    decision = {"start": {"a": {"0": 5, "1": 0}, "b": {"0": 7}}, "end": {"a": {"0": 9, "1": 2}, "b": {"0": 7}}}
    assert messages_of(decision) == 6


def sample(messages: int, rows: int, memory: float = 100.0) -> dict[str, float]:
    return {
        "messages_total": messages,
        "state_rows": rows,
        "state_bytes": rows * 2**20,
        "memory_mib": memory,
        "dropped_total": 0,
    }


def test_state_is_flat_if_the_days_after_its_expiry_have_no_more_than_the_last_day_before():
    samples = [sample(0, 0), *(sample(100 * day, 10 * min(day, 9)) for day in range(1, 21))]
    days = days_of(samples, 2000, 20)
    assert list(days) == list(range(1, 21))
    assert growth_after_expiry(days, "state_rows") == 1
    growing = days_of([sample(100 * day, 10 * day) for day in range(1, 21)], 2000, 20)
    assert growth_after_expiry(growing, "state_rows") == pytest.approx(165 / 120)


@pytest.fixture
def measured() -> dict[str, Any]:
    ours = [batch(100_000, 10.0 * n, arrive=1.0, send=2.0) for n in range(1, 9)]
    bare = [{"messages": 100_000, "ended": 6.0 * n} for n in range(1, 9)]
    peaks = {"broker": 600.0, "query": 4000.0, "all together": 4500.0}
    return {
        "machine": "2 cores",
        "sizes": asdict(Sizes(borrowers=1000, events=800_000, replayed_days=20)),
        "backlog": {
            "sent_a_second": 300_000.0,
            "ours": {"batches": ours, "peak_mib": peaks},
            "bare": {"batches": bare, "peak_mib": peaks},
        },
        "latency": {
            "events": 500_000,
            "seconds": {"p50": 1.0, "p90": 2.0, "p99": 4.0, "max": 6.0},
            "most_seconds_behind": 0.1,
            "cores": {"broker": 0.1, "query": 1.4, "others": 0.05},
            "peak_mib": peaks,
            "batches": ours,
        },
        "expiry": {"messages": 2000, "samples": [sample(100 * day, 10 * min(day, 9)) for day in range(1, 21)]},
    }


def test_the_page_says_which_goals_are_reached(measured: dict[str, Any]) -> None:
    page = render(measured)
    assert "| at least 10,000 messages a second, warm | 10,000 | reached |" in page
    assert "| at least 50 % of the bare query's rate | 60 % of 16,667 | reached |" in page
    assert "| P99 below 5 s | 4.00 s | reached |" in page
    assert "| P99 below 3 s, which is wished | 4.00 s | **not reached** |" in page
    assert "| less than 8 GiB in all | 4.39 GiB | reached |" in page
    assert "| rest | 7.00 | 7.00 |" in page
    assert "busy machine" not in page
    measured["latency"]["cores"]["others"] = 0.5
    measured["backlog"]["ours"]["peak_mib"] = {"all together": 9000.0}
    assert "Other programs used 0.50 of the cores" in render(measured)
    assert "| less than 8 GiB in all | 8.79 GiB | **not reached** |" in render(measured)


def test_the_page_leaves_out_no_placeholder(measured: dict[str, Any]) -> None:
    assert "{" not in render(measured)
