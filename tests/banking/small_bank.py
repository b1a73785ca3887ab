"""A bank of a few rows, written by hand."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tests.support.small_relations import Row, SmallRelations

AS_OF_DAY = date(2024, 7, 1)
USUAL: dict[str, Row] = {
    "district": {"district_id": "1", "name": "Here", "region": "North"},
    "client": {"birth_number": "706213", "district_id": "1"},
    "account": {"district_id": "1", "frequency": "poplatek mesicne", "opened_on": date(2024, 1, 1), "currency": "CZK"},
    "disposition": {"role": "owner"},
    "card": {"card_type": "classic", "issued_on": date(2024, 2, 1)},
    "loan": {
        **{"granted_on": date(2024, 2, 1), "amount": "1200.00", "duration_months": 12, "monthly_payment": "100.00"},
        **{"status": "c", "currency": "CZK"},
    },
    "order": {"amount": "100.00", "currency": "CZK"},
    "transaction": {
        **{"booked_on": date(2024, 1, 10), "direction": "prijem", "amount": "100.00", "balance": "100.00"},
        **{"currency": "CZK"},
    },
}


class SmallBank(SmallRelations):
    """Relations of the bank."""

    domain, as_of, usual, always = "banking", AS_OF_DAY, USUAL, ("district",)


def owned(*accounts: str, client: str = "C1", **account: Any) -> dict[str, list[Row]]:
    """The clients, accounts and dispositions of a client who owns these accounts."""
    return {
        "client": [{"client_id": client}],
        "account": [{"account_id": name, **account} for name in accounts],
        "disposition": [
            {"disposition_id": f"{name}-owner", "client_id": client, "account_id": name} for name in accounts
        ],
    }


def joined(*banks: Mapping[str, Iterable[Row]]) -> dict[str, list[Row]]:
    """The sources of several banks in one."""
    sources: dict[str, list[Row]] = {}
    for bank in banks:
        for source, rows in bank.items():
            sources.setdefault(source, []).extend(rows)
    return sources


def transactions(account: str, *movements: tuple[str, str], balance: str = "0", **more: Any) -> list[Row]:
    """Transactions on an account in their true order: the day in 2024 and the signed amount of each.

    Their ids are in an order of their own, as in a bank's files.
    """
    from decimal import Decimal

    rows: list[Row] = []
    running = Decimal(balance)
    for number, (day, signed) in enumerate(movements):
        amount = Decimal(signed)
        running += amount
        rows.append(
            {
                "transaction_id": f"{account}-{(number * 7919) % 1009:04}",
                "account_id": account,
                "booked_on": date.fromisoformat(f"2024-{day}"),
                "direction": "prijem" if amount > 0 else "vydaj",
                "amount": abs(amount),
                "balance": running,
                **more,
            }
        )
    return rows
