"""Loans with scores and arrears, and what the report asks of them, on rows that were written by hand."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from refi_assets.engines.duckdb_sql import rows_sql, to_duckdb
from refi_assets.specs.sql_models import AS_OF, load_sql_models

TODAY = date(2026, 2, 20)
TABLES = {
    "risk.events": {
        **{"event_id": "VARCHAR", "borrower_id": "VARCHAR", "kind": "VARCHAR", "event_time": "TIMESTAMP"},
        **{"payment_id": "VARCHAR", "due_on": "DATE", "paid_on": "DATE", "is_too_late": "BOOLEAN"},
    },
    "risk.scores": {"borrower_id": "VARCHAR", "probability": "DECIMAL(9,6)", "band": "VARCHAR"},
    "risk.scores_before": {"borrower_id": "VARCHAR", "band": "VARCHAR"},
    "staging.portfolio_borrower": {"borrower_id": "VARCHAR", "state": "VARCHAR"},
    "staging.portfolio_loan": {
        **{"loan_id": "VARCHAR", "borrower_id": "VARCHAR", "product": "VARCHAR", "originated_on": "DATE"},
        "balance": "DECIMAL(18,2)",
    },
}


class Portfolio:
    """Tables of these rows, in DuckDB."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        for table, types in TABLES.items():
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.partition('.')[0]}")
            connection.execute(f"CREATE TABLE {table} AS {rows_sql([], types)}")

    def add(self, table: str, *rows: dict[str, Any]) -> None:
        complete = [dict.fromkeys(TABLES[table]) | row for row in rows]
        self._connection.execute(f"INSERT INTO {table} {rows_sql(complete, TABLES[table])}")

    def loan(self, loan_id: str, borrower: str, product: str, balance: str, originated_on: str = "2025-05-05") -> None:
        row = {"loan_id": loan_id, "borrower_id": borrower, "product": product, "balance": Decimal(balance)}
        self.add("staging.portfolio_loan", row | {"originated_on": date.fromisoformat(originated_on)})

    def score(self, borrower: str, probability: str, band: str) -> None:
        self.add("risk.scores", {"borrower_id": borrower, "probability": Decimal(probability), "band": band})

    def payment(self, event_id: str, days_ago: int, borrower: str = "B", **changed: Any) -> None:
        """A payment that was due so many days ago and is not paid."""
        due_on = TODAY - timedelta(days=days_ago)
        row = {"event_id": event_id, "borrower_id": borrower, "kind": "payment", "payment_id": event_id}
        times = {"event_time": datetime.combine(due_on, time(9)), "due_on": due_on}
        self.add("risk.events", row | times | {"is_too_late": False} | changed)

    def rows(self, key: str, columns: str = "*", order: str = "") -> list[tuple[Any, ...]]:
        model = load_sql_models()[key]
        query = to_duckdb(model.bind({AS_OF: TODAY}))
        return self._connection.execute(f"SELECT {columns} FROM ({query}) {order}").fetchall()

    def ask(self, name: str) -> list[tuple[Any, ...]]:
        """The rows of an answer, on the loans as they are now."""
        loans = to_duckdb(load_sql_models()["risk/loan_exposure"].bind({AS_OF: TODAY}))
        self._connection.execute(f"CREATE OR REPLACE TABLE risk.loan_exposure AS {loans}")
        return self.rows(f"risk/answers/{name}")


@pytest.fixture
def portfolio() -> Iterator[Portfolio]:
    with duckdb.connect() as connection:
        yield Portfolio(connection)


@pytest.mark.parametrize(
    ("days", "delinquency"),
    [
        *((0, "current"), (1, "days_1_to_29"), (29, "days_1_to_29"), (30, "days_30_to_89")),
        *((89, "days_30_to_89"), (90, "days_90_and_more"), (400, "days_90_and_more")),
    ],
)
def test_delinquency_is_by_days_past_due(portfolio: Portfolio, days: int, delinquency: str) -> None:
    portfolio.loan("L", "B", "mortgage", "100.00")
    portfolio.payment("P", days)
    assert portfolio.rows("risk/loan_exposure", "days_past_due, delinquency") == [(days, delinquency)]


def test_the_oldest_unpaid_payment_counts_for_all_loans_of_its_borrower(portfolio: Portfolio) -> None:
    portfolio.loan("L1", "B", "mortgage", "100.00")
    portfolio.loan("L2", "B", "credit_card", "1.00")
    portfolio.loan("L3", "C", "credit_card", "1.00")
    portfolio.payment("P1", 10)
    portfolio.payment("P2", 70)
    portfolio.payment("P3", 100, paid_on=TODAY)
    days = portfolio.rows("risk/loan_exposure", "loan_id, days_past_due", "ORDER BY ALL")
    assert days == [("L1", 70), ("L2", 70), ("L3", 0)]


def test_the_newest_event_of_a_payment_counts_and_ties_are_broken_by_the_event_id(portfolio: Portfolio) -> None:
    portfolio.loan("L", "B", "mortgage", "100.00")
    portfolio.payment("E1", 40, payment_id="P", paid_on=TODAY - timedelta(days=5))
    portfolio.payment("E2", 40, payment_id="P")
    assert portfolio.rows("risk/loan_exposure", "days_past_due") == [(40,)]


@pytest.mark.parametrize(
    "changed",
    [
        {"is_too_late": True},
        {"kind": "income"},
        {"event_time": datetime.fromisoformat("2026-02-21T00:01")},  # the next day
    ],
)
def test_events_that_features_do_not_read_make_no_arrears(portfolio: Portfolio, changed: dict[str, Any]) -> None:
    portfolio.loan("L", "B", "mortgage", "100.00")
    portfolio.payment("P", 40, **changed)
    assert portfolio.rows("risk/loan_exposure", "days_past_due") == [(0,)]


def test_a_loan_without_a_score_or_a_borrower_is_a_row(portfolio: Portfolio) -> None:
    portfolio.loan("L", "B", "mortgage", "100.00")
    assert portfolio.rows("risk/loan_exposure", "loan_id, state, probability, band") == [
        ("L", None, None, "not_scored")
    ]


def test_what_the_report_asks(portfolio: Portfolio) -> None:
    portfolio.add("staging.portfolio_borrower", {"borrower_id": "B", "state": "TX"}, {"borrower_id": "C"})
    portfolio.loan("L1", "B", "mortgage", "200000.00", "2024-12-31")
    portfolio.loan("L2", "B", "credit_card", "1000.00", "2025-01-01")
    portfolio.loan("L3", "C", "mortgage", "100000.00", "2025-03-31")
    portfolio.loan("L4", "C", "mortgage", "0.01", "2025-03-31")
    portfolio.score("B", "0.020000", "low")
    portfolio.score("C", "0.333333", "high")
    portfolio.add("risk.scores_before", {"borrower_id": "C", "band": "low"}, {"borrower_id": "gone", "band": "low"})
    portfolio.payment("P", 40, borrower="C")
    first, second = date(2024, 10, 1), date(2025, 1, 1)
    owed = [Decimal(text) for text in ("200000.00", "1000.00", "100000.01")]
    zero, likely = Decimal(0), Decimal("33333.30333333")  # 100,000.01 x 0.333333
    assert portfolio.ask("exposure_cells") == [
        ("credit_card", "low", "current", 1, owed[1], Decimal(20)),
        ("mortgage", "high", "days_30_to_89", 2, owed[2], likely),
        ("mortgage", "low", "current", 1, owed[0], Decimal(4000)),
    ]
    assert portfolio.ask("exposure_by_vintage") == [
        (first, "mortgage", 1, owed[0], zero, Decimal(4000)),
        (second, "credit_card", 1, owed[1], zero, Decimal(20)),
        (second, "mortgage", 2, owed[2], owed[2], likely),
    ]
    assert portfolio.ask("exposure_by_state") == [("TX", 2, owed[0] + owed[1]), ("unknown", 2, owed[2])]
    assert portfolio.ask("largest_exposures") == [(1, owed[0] + owed[1]), (2, owed[2])]
    assert portfolio.ask("borrowers_by_band") == [("high", 1), ("low", 1)]
    assert portfolio.ask("band_migration") == [("low", "high", 1), ("new", "low", 1)]
