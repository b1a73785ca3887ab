"""Events from sources, each once: copies, lateness, refusals, and what arrives later."""

from collections import Counter

import pytest

from refi_assets.orchestration.asset_checks import checking_models
from tests.risk.small_portfolio import AS_OF, event, moment, payment, portfolio, transaction

EVENTS, SET_ASIDE = "risk/events", "risk/set_aside_event"


def test_of_copies_the_first_to_arrive_counts_and_the_rest_are_set_aside() -> None:
    first = transaction("03-09", "5", event_id="T", received="03-09 12:01")
    second = transaction("03-09", "6", event_id="T", received="03-09 12:02")
    copies = portfolio([], [second, first])
    assert copies.rows(EVENTS, "event_id", "amount::VARCHAR") == [("T", "5.00")]
    assert copies.rows(SET_ASIDE, "event_id", "arrival", "reason") == [("T", 2, "duplicate")]


def test_of_copies_that_arrive_at_once_the_lower_sequence_counts() -> None:
    rows = [transaction("03-09", str(n), event_id="T", received="03-09 13:00", sequence=n) for n in (12, 11)]
    assert portfolio([], rows).rows(EVENTS, "amount::VARCHAR") == [("11.00",)]


def test_an_id_is_that_of_another_event_for_another_borrower_or_topic() -> None:
    rows = portfolio(
        [event("income", "03-09", event_id="X", amount="1")],
        [transaction("03-09", "1", event_id="X"), transaction("03-09", "1", event_id="X", borrower_id="B2")],
    )
    assert rows.rows(EVENTS, "topic", "borrower_id") == [
        *(("loan-events", "B1"), ("transactions", "B1"), ("transactions", "B2"))
    ]
    assert rows.rows(SET_ASIDE) == []


def test_an_event_is_too_late_only_beyond_the_allowance_of_48_hours() -> None:
    arrivals = {"at": "03-10 12:00:00.000", "beyond": "03-10 12:00:00.001"}
    rows = [transaction("03-08", "1", event_id=name, received=received) for name, received in arrivals.items()]
    assert portfolio([], rows).rows(EVENTS, "event_id", "is_too_late") == [("at", False), ("beyond", True)]


def test_an_event_that_is_more_than_five_minutes_ahead_is_refused() -> None:
    times = {"at": "03-09 12:05:00.000", "beyond": "03-09 12:05:00.001"}
    rows = [transaction(at, "1", event_id=name, received="03-09 12:00") for name, at in times.items()]
    ahead = portfolio([], rows)
    assert ahead.rows(EVENTS, "event_id") == [("at",)]
    assert ahead.rows(SET_ASIDE, "event_id", "reason") == [("beyond", "event_time_ahead")]


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("payment", {"due_on": "2026-03-01", "amount": "1"}),
        ("payment", {"payment_id": "P", "amount": "1"}),
        ("payment", {"payment_id": "P", "due_on": "2026-03-01"}),
        ("balance", {}),
        ("limit", {"balance": "1", "credit_limit": "1"}),
        ("limit", {"credit_line_id": "L", "credit_limit": "1"}),
        ("limit", {"credit_line_id": "L", "balance": "1"}),
        ("income", {}),
        ("statement", {"monthly_debt": "1"}),
        ("statement", {"gross_monthly_income": "1"}),
    ],
)
def test_an_event_without_a_column_of_its_kind_is_refused(kind: str, columns: dict[str, str]) -> None:
    rows = portfolio([event(kind, "03-09", **columns)])
    assert rows.rows(EVENTS) == []
    assert rows.rows(SET_ASIDE, "reason") == [("incomplete",)]


def test_a_refused_copy_does_not_shadow_a_valid_one() -> None:
    refused = event("income", "03-09", event_id="I", received="03-09 12:01")
    valid = event("income", "03-09", event_id="I", received="03-09 12:02", amount="7")
    rows = portfolio([refused, valid])
    assert rows.rows(EVENTS, "amount::VARCHAR") == [("7.00",)]
    assert rows.rows(SET_ASIDE, "reason") == [("incomplete",)]


def test_what_arrives_after_the_day_is_for_later_also_if_it_happened_before() -> None:
    """The as-of day ends before midnight UTC."""
    rows = [
        transaction("03-10 23:59", "1", event_id="today", received="03-10 23:59:59.999"),
        transaction("03-10 23:59", "1", event_id="tomorrow", received="03-11 00:00"),
    ]
    day = portfolio([], rows)
    assert day.rows(EVENTS, "event_id", "received_at") == [("today", moment("03-10 23:59:59.999"))]
    assert day.rows(SET_ASIDE, "event_id", "reason") == [("tomorrow", "later")]


def test_every_row_is_an_event_or_set_aside() -> None:
    rows = [transaction("03-09", "1", event_id=f"T{n % 5}", received=f"03-{9 + n % 4:02} 13:00") for n in range(20)]
    events = portfolio([payment("03-09", "P", "03-01", None), event("balance", "03-09")], rows)
    reasons = Counter(reason for (reason,) in events.rows(SET_ASIDE, "reason"))
    assert len(events.rows(EVENTS)) + reasons.total() == 22
    assert set(reasons) == {"duplicate", "incomplete", "later"}


@pytest.mark.parametrize("relation", ["risk/events", "risk/subject_features", "risk/observed_borrower"])
def test_the_checks_of_a_relation_pass_and_fail_by_the_example_in_their_file(relation: str) -> None:
    checks = checking_models(relation)
    assert checks
    for check in checks:
        outcome = {"observed_on": AS_OF, "defaulted": None, "outcome_known_on": None}
        rows = portfolio([], [transaction("03-09", "1")], default_outcome=[outcome])
        assert rows.broken(check) == []
        if check.broken_by:
            rows.replace_column(relation, *check.broken_by)
            assert rows.broken(check) != []
