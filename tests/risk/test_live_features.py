"""Features of borrowers from their events, by hand; what the stream computes is what a run computes."""

import random
from datetime import date, timedelta
from typing import Any

import duckdb

from refi_assets.risk.event_columns import EVENT_COLUMNS
from refi_assets.risk.live_features import LiveFeatures
from tests.risk.small_portfolio import AS_OF, SmallPortfolio, event, moment, payment, portfolio, transaction
from tests.support.small_relations import Row

FEATURES, SUBJECT_FEATURES = "risk/features", "risk/subject_features"


def features(*events: Any, transactions: Any = (), **more: Any) -> dict[str, Any]:
    """The features of the only borrower."""
    rows = portfolio(events, transactions, **more)
    table = rows.arrow(FEATURES)
    (row,) = table.to_pylist()
    return dict(row)


def test_a_borrower_without_events_has_the_age_of_the_account_only() -> None:
    """Opened on 2020-03-10, six years before the as-of day."""
    known = {name: value for name, value in features().items() if value is not None}
    assert known == {"borrower_id": "B1", "as_of": AS_OF, "account_age": 72.0}


def test_a_borrower_who_is_not_in_the_portfolio_has_features_of_their_events() -> None:
    rows = portfolio([event("income", "03-09", amount="1", borrower_id="B2")])
    assert rows.rows(FEATURES, "borrower_id", "account_age") == [("B1", 72.0), ("B2", None)]


def test_the_newest_event_of_a_payment_counts_whatever_the_order_of_arrival() -> None:
    """Due on January 5th: paid 40 days late, which is a month; the earlier event, still unpaid, arrives last."""
    paid = payment("02-14", "P", "01-05", "02-14", received="02-14 13:00")
    unpaid = payment("01-06", "P", "01-05", None, received="02-14 14:00")
    assert features(paid, unpaid, late_after_hours=24 * 60)["worst_payment_delay_3m"] == 1.0


def test_of_events_at_the_same_time_the_one_with_the_larger_id_counts() -> None:
    """64 days from January 5th to the as-of day are two months, if the payment is still unpaid."""
    paid = payment("02-14", "P", "01-05", "02-14", event_id="a")
    unpaid = payment("02-14", "P", "01-05", None, event_id="b")
    assert features(paid, unpaid)["worst_payment_delay_3m"] == 2.0


def test_the_last_balance_of_a_day_counts() -> None:
    """100, 200 and then 300 or 0 at the ends of three months: a slope of 100 USD a month with the last one."""
    ends = [event("balance", at, balance=b) for at, b in (("01-31", "100"), ("02-27", "200"))]
    today = [event("balance", f"03-10 {at}", balance=b) for at, b in (("08:00", "0"), ("09:00", "300"))]
    assert features(*ends, *today)["balance_trend"] == 100.0


def test_limits_add_up_by_line_and_the_newest_of_a_line_counts() -> None:
    """(400 + 100) / (1,000 + 1,000)."""
    lines = [("03-01", "L1", "900"), ("03-02", "L1", "400"), ("03-01", "L2", "100")]
    limits = [event("limit", at, credit_line_id=line, balance=b, credit_limit="1000") for at, line, b in lines]
    assert features(*limits)["credit_utilization"] == 0.25


def test_the_newest_statement_counts() -> None:
    stated = [
        event("statement", at, gross_monthly_income="4000", monthly_debt=debt)
        for at, debt in (("03-09 08:00", "1000"), ("03-09 09:00", "3000"))
    ]
    assert features(*reversed(stated))["debt_to_income"] == 0.75


def test_an_event_that_is_too_late_changes_nothing_unless_the_allowance_is_longer() -> None:
    late = transaction("03-01", "-1", received="03-04")
    assert features(transactions=[late])["transactions_90d"] is None
    assert features(transactions=[late], late_after_hours=73)["transactions_90d"] == 1.0


def test_an_observed_day_reads_only_what_had_happened_and_arrived_by_its_end() -> None:
    """Of four transactions, one had; one arrived a day later, one happened later, and one is too late."""
    observed = {"observed_on": "2026-03-01", "defaulted": True, "outcome_known_on": "2026-03-05"}
    moves = [
        transaction("02-28", "-1"),
        transaction("02-28", "-1", received="03-02 11:00"),
        transaction("03-02", "-1"),
        transaction("02-20", "-1", received="02-28"),
    ]
    rows = portfolio([], moves, default_outcome=[observed])
    columns = ("borrower_id", "observed_on", "transactions_90d", "defaulted", "outcome_known_on")
    assert rows.rows("risk/observed_borrower", *columns) == [("B1", date(2026, 3, 1), 1.0, True, date(2026, 3, 5))]
    assert rows.rows(FEATURES, "transactions_90d") == [(3.0,)]


def test_an_outcome_that_is_known_later_is_not_read() -> None:
    observed = {"observed_on": "2026-03-01", "defaulted": True, "outcome_known_on": "2026-03-11"}
    rows = portfolio(default_outcome=[observed])
    assert rows.rows("risk/observed_borrower", "defaulted", "outcome_known_on") == [(None, None)]


def test_the_stream_computes_the_features_of_a_run_exactly() -> None:
    """Random events of 40 borrowers of every kind, with doubled payments, equal times and odd cents."""
    rows = random_portfolio(random.Random(7))
    expected = rows.arrow(SUBJECT_FEATURES)
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA risk; CREATE SCHEMA staging")
        for key in ("risk/events", "risk/subject", "staging/portfolio_borrower"):
            table = rows.arrow(key)
            connection.register("source", table)
            connection.execute(f"CREATE TABLE {key.replace('/', '.')} AS FROM source")
        live = LiveFeatures(connection)
        live.compute()
        connection.execute("DELETE FROM risk.subject WHERE borrower_id <> 'B7'")
        connection.execute("CREATE TABLE all_features AS FROM risk.features")
        live.compute()
        order = [("borrower_id", "ascending"), ("as_of", "ascending")]
        computed = connection.execute("FROM all_features").to_arrow_table()
        assert computed.sort_by(order).equals(expected.sort_by(order))
        of_one = connection.execute("FROM risk.features").to_arrow_table()
    assert of_one.sort_by(order).to_pylist() == [
        row for row in expected.sort_by(order).to_pylist() if row["borrower_id"] == "B7"
    ]
    assert all(expected[name].null_count < len(expected) - 10 for name in expected.column_names)


def test_the_relation_of_events_has_the_columns_of_events() -> None:
    columns = dict(portfolio().columns("risk/events"))
    assert columns == EVENT_COLUMNS | {"is_too_late": "BOOLEAN"}


def random_portfolio(draw: random.Random) -> SmallPortfolio:
    """A year of events of 40 borrowers, of whom half also have an observed outcome."""
    loan_events: list[Row] = []
    transactions: list[Row] = []
    for number in range(40):
        for _ in range(60):
            after = timedelta(hours=draw.randrange(24 * 370), milliseconds=draw.randrange(3))
            at = moment("03-10") - timedelta(days=374) + after
            cents = f"{draw.randrange(-(10**6), 10**6) / 100:.2f}"
            kind = draw.choice(["payment", "balance", "limit", "income", "statement", "transaction", "transaction"])
            due = (at - timedelta(days=draw.randrange(100))).date()
            columns_of_kinds: dict[str, Row] = {
                "payment": {"payment_id": f"P{draw.randrange(9)}", "due_on": due, "amount": "9.99"},
                "balance": {"balance": cents},
                "limit": {"credit_line_id": draw.choice("LM"), "balance": cents, "credit_limit": "5000.01"},
                "income": {"amount": cents.lstrip("-")},
                "statement": {"gross_monthly_income": "4321.09", "monthly_debt": cents.lstrip("-")},
                "transaction": {"amount": cents},
            }
            columns = columns_of_kinds[kind]
            if kind == "payment" and draw.random() < 0.7:
                columns["paid_on"] = at.date()
            row = event(kind, "03-01", **columns, borrower_id=f"B{number}") | {
                "event_time": at,
                "received_at": at + timedelta(hours=draw.choice([0, 1, 47, 49])),
            }
            (transactions if kind == "transaction" else loan_events).append(row)
    outcomes = [{"borrower_id": f"B{n}", "observed_on": "2025-12-31", "defaulted": False} for n in range(20)]
    opened = [{"borrower_id": f"B{n}", "opened_on": date(2015 + n % 9, 1, 31)} for n in range(30)]
    return portfolio(loan_events, transactions, default_outcome=outcomes, portfolio_borrower=opened)
