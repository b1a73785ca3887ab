"""Relations of a domain by hand: what the domain's SQL makes of a few staged rows, in DuckDB.

A row names only the columns that matter; the others have the domain's usual values.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import cache
from typing import Any, ClassVar

import duckdb
import pyarrow as pa

from refi_assets.engines.duckdb_sql import to_duckdb
from refi_assets.specs.contracts import contracts_of
from refi_assets.specs.names import group_and_name
from refi_assets.specs.policies import policy_of
from refi_assets.specs.sql_models import AS_OF, SqlModel, load_sql_models

Row = dict[str, Any]


class SmallRelations:
    """Relations by key, each computed from the staged rows when it is first asked for."""

    domain: ClassVar[str]
    as_of: ClassVar[date]
    usual: ClassVar[Mapping[str, Row]]  # by source
    always: ClassVar[tuple[str, ...]] = ()  # sources that have one usual row if none is given

    def __init__(self, sources: Mapping[str, Iterable[Row]], **parameters: Any) -> None:
        self._connection = duckdb.connect()
        self._parameters = {**policy_of(self.domain).parameters, AS_OF: self.as_of, **parameters}
        self._made: set[str] = set()
        for source in contracts_of(self.domain):
            self._stage(source, sources.get(source, [self.usual[source]] if source in self.always else []))

    def rows(self, key: str, *columns: str, order: str = "ALL") -> list[tuple[Any, ...]]:
        """The rows of a relation, of these columns or all, in order."""
        names = ", ".join(columns) or "*"
        return self.query(f"SELECT {names} FROM {self.table(key)} ORDER BY {order}")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on tables that table() has returned."""
        return self._connection.execute(sql).fetchall()

    def columns(self, key: str) -> dict[str, str]:
        """The columns of a relation, in order, with their types."""
        return {row[0]: row[1] for row in self.query(f"DESCRIBE {self.table(key)}")}

    def arrow(self, key: str) -> Any:
        """A relation as an Arrow table."""
        return self._connection.sql(f"FROM {self.table(key)}").to_arrow_table()

    def broken(self, check: SqlModel) -> list[tuple[Any, ...]]:
        """The rows that break a check."""
        self._make(check.inputs)
        return self.query(to_duckdb(check.bind(self._parameters)))

    def replace(self, key: str, sql: str) -> None:
        """Give a relation the rows of a query in DuckDB's SQL, by name."""
        table = self.table(key)
        self._connection.execute(f"DELETE FROM {table}; INSERT INTO {table} BY NAME {sql}")

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
        types = contracts_of(self.domain)[source].sql_types
        table = self._new(f"staging/{source}")
        self._connection.execute(
            f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in types.items())})"
        )
        texts = [{name: _text((self.usual[source] | dict(row)).get(name)) for name in types} for row in rows]
        if texts:
            cells = pa.table({name: pa.array([row[name] for row in texts], pa.string()) for name in types})
            self._connection.from_arrow(cells).insert_into(table)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@cache
def _table(key: str) -> str:
    group, name = group_and_name(key)
    return f'{group}."{name}"'
