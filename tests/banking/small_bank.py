"""A bank of a few rows, written by hand: the relations that the domain's SQL makes of its staged rows, in DuckDB.

A row names only the columns that matter; the others have a value that is always right.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from refi_assets.engines.duckdb_sql import to_duckdb
from refi_assets.specs.contracts import contracts_of
from refi_assets.specs.names import group_and_name
from refi_assets.specs.policies import policy_of
from refi_assets.specs.sql_models import AS_OF, SqlModel, load_sql_models

Row = dict[str, Any]

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


class SmallBank:
    """Relations by key, each computed from the staged rows when it is first asked for."""

    def __init__(self, sources: Mapping[str, Iterable[Row]], **parameters: Any) -> None:
        self._connection = duckdb.connect()
        self._parameters = {**policy_of("banking").parameters, AS_OF: AS_OF_DAY, **parameters}
        self._made: set[str] = set()
        for source in contracts_of("banking"):
            self._stage(source, sources.get(source, [USUAL[source]] if source == "district" else []))

    def rows(self, key: str, *columns: str, order: str = "ALL") -> list[tuple[Any, ...]]:
        """The rows of a relation, of these columns or all, in order."""
        names = ", ".join(columns) or "*"
        return self.query(f"SELECT {names} FROM {self.table(key)} ORDER BY {order}")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on tables that table() has returned."""
        return self._connection.execute(sql).fetchall()

    def arrow(self, key: str) -> Any:
        """A relation as an Arrow table."""
        return self._connection.sql(f"FROM {self.table(key)}").to_arrow_table()

    def broken(self, check: SqlModel) -> list[tuple[Any, ...]]:
        """The rows that break a check."""
        self._make(check.inputs)
        return self.query(to_duckdb(check.bind(self._parameters)))

    def replace_column(self, key: str, column: str, expression: str) -> None:
        """Change a column of a relation that is already made, or is made now."""
        table = self.table(key)
        self._connection.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT * REPLACE ({expression} AS {column}) FROM {table}"
        )

    def table(self, key: str) -> str:
        """The name of a relation's table, which is made first if it is missing."""
        if key not in self._made:
            model = load_sql_models()[key]
            self._make(model.inputs)
            self._connection.execute(f"CREATE TABLE {self._new(key)} AS {to_duckdb(model.bind(self._parameters))}")
        return _table(key)

    def _make(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.table(key)

    def _new(self, key: str) -> str:
        with suppress(duckdb.CatalogException):
            self._connection.execute(f"CREATE SCHEMA {group_and_name(key)[0]}")
        self._made.add(key)
        return _table(key)

    def _stage(self, source: str, rows: Iterable[Row]) -> None:
        types = contracts_of("banking")[source].sql_types
        table = self._new(f"staging/{source}")
        self._connection.execute(
            f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in types.items())})"
        )
        texts = [{name: _text((USUAL[source] | dict(row)).get(name)) for name in types} for row in rows]
        if texts:
            cells = pa.table({name: pa.array([row[name] for row in texts], pa.string()) for name in types})
            self._connection.from_arrow(cells).insert_into(table)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@cache
def _table(key: str) -> str:
    group, name = group_and_name(key)
    return f'{group}."{name}"'


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
