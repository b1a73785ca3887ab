"""Trino, through its own client: models run there as CREATE TABLE AS, on tables of a Hive catalog over the lake.

Whatever metastore the catalog has, all is done in SQL. The catalog must allow writes to external locations
(hive.non-managed-table-writes-enabled=true).
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from sqlglot import exp

from refi_assets import aws
from refi_assets.engines.base import Descriptions, Row
from refi_assets.engines.remote import RemoteSession, run_table, said, table_location, tables_of_others
from refi_assets.engines.settings import EngineSettings
from refi_assets.engines.types import from_dialect, to_dialect
from refi_assets.errors import EngineError
from refi_assets.lake import ObjectStore, Relation
from refi_assets.lake.relations import QueryCost
from refi_assets.settings import settings_of
from refi_assets.specs.names import catalog_database, group_and_name

with aws.needs_extra("trino", "Trino"):
    from trino.auth import BasicAuthentication
    from trino.dbapi import connect
    from trino.exceptions import Error, TrinoConnectionError, TrinoQueryError


@lru_cache(maxsize=4)
def open_trino(lake: ObjectStore) -> "TrinoEngine":
    """The engine of this deployment on a lake; one for all steps of a run in one process."""
    return TrinoEngine(lake, settings_of(EngineSettings).trino_url)


@dataclass(eq=False)
class TrinoEngine:
    """Trino on a lake on S3; `url` names the catalog and the schema."""

    lake: ObjectStore
    url: str
    registered: set[str] = field(default_factory=set)

    reads_deletes: ClassVar[bool] = False

    @cached_property
    def connection(self) -> Any:
        """The client's connection: no request is made before the first query."""
        parts = urlsplit(self.url)
        catalog, schema = parts.path.strip("/").split("/")
        user = unquote(parts.username or "")
        return connect(  # type: ignore[no-untyped-call]
            host=parts.hostname,
            port=parts.port or (443 if parts.scheme == "https" else 80),
            user=user,
            http_scheme=parts.scheme,
            auth=BasicAuthentication(user, unquote(parts.password)) if parts.password else None,
            catalog=catalog,
            schema=schema,
            source="refi_assets",
            session_properties={f"{catalog}.compression_codec": "ZSTD"},
        )

    def session(self, relations: Sequence[Relation]) -> "TrinoSession":
        """A session in which these relations can be read as group.relation."""
        return TrinoSession(self, relations)

    def register_files(
        self, table: str, columns: Sequence[str], folder: str, first_day: date, comments: Descriptions
    ) -> dict[str, Any]:
        """Let a view of text show a source's CSV files, a new day's without being told of it. Raises EngineError."""
        lines = [
            *(f"{_quoted(column)} VARCHAR{_comment(comments.get(column))}" for column in columns),
            _load_date(first_day),
        ]
        version = f"{table}_{hashlib.sha256(repr(lines).encode()).hexdigest()[:8]}"
        self.execute(
            f"CREATE TABLE IF NOT EXISTS {_quoted(version)} ({', '.join(lines)}) WITH (format = 'CSV', "
            f"external_location = {_text(self.lake.address(folder) + '/')}, skip_header_line_count = 1, "
            "partitioned_by = ARRAY['load_date'], partition_projection_enabled = true)"
        )
        names = ", ".join(map(_quoted, (*columns, "load_date")))
        self._show(_quoted(table), names, version)
        return {"database": self.connection.schema}

    def publish(self, relations: Sequence[Relation], comments: Mapping[str, Descriptions]) -> None:
        """Let the views of the groups' schemas show these relations from now on, one after the other."""
        for relation in relations:
            schema = catalog_database(relation.key, self.connection.schema)
            if schema != self.connection.schema:
                self.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")
            view = f"{_quoted(schema)}.{_quoted(group_and_name(relation.key)[1])}"
            names = ", ".join(map(_quoted, relation.columns))
            self._show(view, names, self.register(relation, comments.get(relation.key, {})))

    def keep_only(self, run_ids: Collection[str]) -> None:
        """Drop the tables of all runs but these; their data stay."""
        names = [row[0] for row in self.execute("SHOW TABLES LIKE 'run$_%' ESCAPE '$'")]
        for name in tables_of_others(names, run_ids):
            self.execute(f"DROP TABLE {_quoted(name)}")

    def register(self, relation: Relation, comments: Descriptions) -> str:
        """Register a relation's Parquet files as a table of its run, unless it is there; returns the table's name."""
        table = run_table(relation)
        if table not in self.registered:
            columns = ", ".join(
                f"{_quoted(name)} {to_dialect(sql_type, 'trino')}{_comment(comments.get(name))}"
                for name, sql_type in relation.columns.items()
            )
            self.execute(
                f"CREATE TABLE IF NOT EXISTS {_quoted(table)} ({columns}) WITH (format = 'PARQUET', "
                f"external_location = {_text(table_location(self.lake, relation))})"
            )
            self.registered.add(table)
        return table

    def _show(self, view: str, names: str, table: str) -> None:
        sql = f"SELECT {names} FROM {_quoted(self.connection.schema)}.{_quoted(table)}"
        self.execute(f"CREATE OR REPLACE VIEW {view} SECURITY INVOKER AS {sql}")

    def execute(self, sql: str) -> list[list[Any]]:
        """The rows of a statement in Trino's SQL. Raises EngineError."""
        return self.run(sql)[0]

    def run(self, sql: str) -> tuple[list[list[Any]], Any]:
        """Run a statement to its end; returns its rows, and the cursor. Raises EngineError."""
        cursor = self.connection.cursor()
        try:
            return cursor.execute(sql).fetchall(), cursor
        except TrinoQueryError as error:
            raise said(error.error_name or "UNKNOWN", error.message, sql) from None
        except (Error, TrinoConnectionError, OSError) as error:
            parts = urlsplit(self.url)
            raise EngineError(f"Trino at {parts.hostname}: {type(error).__name__}: {error}") from None
        except BaseException:
            with suppress(Exception):
                cursor.cancel()
            raise


class TrinoSession(RemoteSession):
    """A session in Trino's SQL."""

    def __init__(self, engine: TrinoEngine, relations: Sequence[Relation]) -> None:
        super().__init__(engine.lake, "trino", engine.registered, relations)
        self._engine = engine

    def create(self, draft: Relation, statement: exp.Query) -> Relation:
        """Write a query's rows by CREATE TABLE AS. A try that was cut short leaves a folder that nobody reads."""
        table, folder = run_table(draft), f"runs/{draft.run_id}/{draft.key}/{uuid4()}"
        self._engine.execute(f"DROP TABLE IF EXISTS {_quoted(table)}")  # of an earlier try of this step
        self._run(
            f"CREATE TABLE {_quoted(table)} WITH (format = 'PARQUET', "
            f"external_location = {_text(self.lake.address(folder) + '/')}) AS\n{self._sql(statement)}"
        )
        columns = {row[0]: from_dialect(row[1], "trino") for row in self._engine.execute(f"DESCRIBE {_quoted(table)}")}
        return self._made(draft, folder, columns)

    def query(self, statement: exp.Query) -> list[Row]:
        """The rows of a query. Raises EngineError."""
        rows, cursor = self._run(self._sql(statement))
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _place(self, relation: Relation) -> exp.Table:
        return exp.table_(self._engine.register(relation, {}), quoted=True)

    def _run(self, sql: str) -> tuple[list[list[Any]], Any]:
        rows, cursor = self._engine.run(sql)
        stats = cursor.stats or {}
        self.queries.append(
            QueryCost(
                id=cursor.query_id,
                bytes_scanned=stats.get("physicalInputBytes", 0),
                queue_ms=stats.get("queuedTimeMillis", 0),
                run_ms=stats.get("elapsedTimeMillis", 0) - stats.get("queuedTimeMillis", 0),
            )
        )
        return rows, cursor


def _load_date(first_day: date) -> str:
    return (
        "load_date VARCHAR WITH (partition_projection_type = 'DATE', partition_projection_format = 'yyyy-MM-dd', "
        f"partition_projection_range = ARRAY['{first_day}', 'NOW+1DAYS'])"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _comment(text: str | None) -> str:
    return f" COMMENT {_text(text)}" if text else ""
