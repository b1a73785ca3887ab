"""A portfolio of a few events, written by hand."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from tests.support.small_relations import Row, SmallRelations

AS_OF = date(2026, 3, 10)
USUAL: dict[str, Row] = {
    "portfolio_borrower": {"borrower_id": "B1", "opened_on": date(2020, 3, 10), "state": "TX"},
    "portfolio_loan": {},
    "loan_event": {"borrower_id": "B1"},
    "account_transaction": {"borrower_id": "B1", "kind": "transaction"},
    "default_outcome": {"borrower_id": "B1"},
}
_numbers = count()


class SmallPortfolio(SmallRelations):
    """Relations of the domain risk, of one borrower without events by default."""

    domain, as_of, usual, always = "risk", AS_OF, USUAL, ("portfolio_borrower",)


def event(kind: str, at: str, *, received: str = "", **columns: Any) -> Row:
    """An event at a time in 2026, such as 03-10 or 03-10 08:30; by default it arrives a second later, with an id of its
    own.
    """
    event_time = moment(at)
    received_at = moment(received) if received else event_time + timedelta(seconds=1)
    return {"event_id": f"e{next(_numbers):06}", "kind": kind, "event_time": event_time} | {
        "received_at": received_at,
        **columns,
    }


def payment(at: str, payment_id: str, due: str, paid: str | None, **columns: Any) -> Row:
    """The state of a payment of 100 USD; days are in 2026."""
    paid_on = {"paid_on": moment(paid).date()} if paid else {}
    columns = {"payment_id": payment_id, "due_on": moment(due).date(), "amount": "100", **paid_on, **columns}
    return event("payment", at, **columns)


def transaction(at: str, amount: str, **columns: Any) -> Row:
    """A transaction."""
    return event("transaction", at, amount=amount, **columns)


def moment(text: str) -> datetime:
    """A time in 2026; a day is its noon, so that seconds do not change it."""
    return datetime.fromisoformat(f"2026-{text}" if " " in text else f"2026-{text} 12:00")


def portfolio(loan_events: Iterable[Row] = (), transactions: Iterable[Row] = (), **more: Any) -> SmallPortfolio:
    """A portfolio of these events; `more` are other sources and parameters."""
    sources = {name: more.pop(name) for name in list(more) if name in USUAL}
    return SmallPortfolio({"loan_event": loan_events, "account_transaction": transactions, **sources}, **more)
