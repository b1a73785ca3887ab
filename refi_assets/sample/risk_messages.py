"""Events of a made-up portfolio as messages of a topic and as rows of a source: SQL on the columns of arrivals.

`happened_at` and `received` are the columns of times. The tables are in risk_stream.py.
"""

from collections.abc import Mapping

from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.sample.risk_arrivals import COPY_WITH_AMOUNT, COPY_WITH_FIELD
from refi_assets.sample.risk_events import (
    BALANCE,
    EVENT_KINDS,
    INCOME,
    LIMIT,
    NO_DAY,
    NO_REFERENCE,
    PAYMENT,
    STATEMENT,
    TRANSACTION,
)

LOAN_EVENTS, TRANSACTIONS = "loan-events", "transactions"  # topics
SOURCE_OF_TOPIC = {LOAN_EVENTS: "loan_event", TRANSACTIONS: "account_transaction"}
TOPIC_SQL = f"CASE WHEN kind = {TRANSACTION} THEN '{TRANSACTIONS}' ELSE '{LOAN_EVENTS}' END"


def _money(cents: str) -> str:
    return f"CAST(CAST({cents} AS DECIMAL(18, 0)) * 0.01 AS VARCHAR)"


def _day(day: str) -> str:
    return f"CASE WHEN {day} <> {NO_DAY} THEN STRFTIME(DATE '1970-01-01' + CAST({day} AS INTEGER), '%Y-%m-%d') END"


def _time(ms: str) -> str:
    return f"STRFTIME(EPOCH_MS(CAST({ms} AS BIGINT)), '%Y-%m-%dT%H:%M:%S.%gZ')"


# A copy with another amount is one cent more.
_CENTS = f"(first_cents + CASE WHEN copy = {COPY_WITH_AMOUNT} THEN 1 ELSE 0 END)"
_HAS_REFERENCE = f"reference <> {NO_REFERENCE}"
# Field of a message, or column of a source -> the kinds that have it, and its text.
_FIELDS: Mapping[str, tuple[tuple[int, ...], str]] = {
    "payment_id": ((PAYMENT,), "'P' || borrower || '-' || reference"),
    "due_on": ((PAYMENT,), _day("due")),
    "paid_on": ((PAYMENT,), _day("paid")),
    "amount": ((PAYMENT, INCOME, TRANSACTION), _money(_CENTS)),
    "balance": ((BALANCE, LIMIT), _money(_CENTS)),
    "credit_line_id": ((LIMIT,), "'C' || borrower"),
    "credit_limit": ((LIMIT,), _money("second_cents")),
    "gross_monthly_income": ((STATEMENT,), _money(_CENTS)),
    "monthly_debt": ((STATEMENT,), _money("second_cents")),
    "payee_id": ((TRANSACTION,), f"CASE WHEN {_HAS_REFERENCE} THEN 'Y' || reference END"),
}
KIND_SQL = f"([{', '.join(map(text_literal, EVENT_KINDS))}])[1 + kind]"
BORROWER_ID_SQL = "'B' || borrower"


def value_sql(prefix: str) -> str:
    """SQL of a message as JSON, whose event_id begins with a prefix. Without a value, a field is left out.

    Only paid_on is null then.
    """
    whens = []
    for place in range(len(EVENT_KINDS)):
        parts = []
        for name, (kinds, text) in _FIELDS.items():
            if place in kinds and name == "paid_on":
                parts.append(f""" || COALESCE(',"paid_on":"' || ({text}) || '"', ',"paid_on":null')""")
            elif place in kinds:
                parts.append(f""" || COALESCE(',"{name}":"' || ({text}) || '"', '')""")
        whens.append(f"WHEN {place} THEN ''{''.join(parts)}")
    return (
        f"""'{{"event_id":"{prefix}' || original || '","borrower_id":"' || {BORROWER_ID_SQL} || '","kind":"' """
        f"""|| {KIND_SQL} || '","event_time":"' || {_time("happened_at")} || '"' || CASE kind {" ".join(whens)} END """
        f"""|| CASE WHEN copy = {COPY_WITH_FIELD} THEN ',"resent":true}}' ELSE '}}' END"""
    )


def source_columns(topic: str, prefix: str) -> dict[str, str]:
    """The columns of the topic's source, with their SQL; each event_id begins with the prefix."""
    kinds = {place for place in range(len(EVENT_KINDS)) if (place == TRANSACTION) == (topic == TRANSACTIONS)}
    columns = {"event_id": f"{text_literal(prefix)} || original", "borrower_id": BORROWER_ID_SQL, "kind": KIND_SQL}
    columns |= {"event_time": _time("happened_at"), "received_at": _time("received")}
    for name, (of_kinds, text) in _FIELDS.items():
        if shared := kinds.intersection(of_kinds):
            listed = ", ".join(map(str, sorted(shared)))
            columns[name] = f"CASE WHEN kind IN ({listed}) THEN {text} END"
    return columns
