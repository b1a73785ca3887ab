"""Trino, through its own client: models run there as CREATE TABLE AS, on tables of a Hive catalog over the lake.

Everything is done in SQL, so any metastore will do. The catalog must allow writes to external locations
(hive.non-managed-table-writes-enabled=true).
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from sqlglot import exp

from refi_assets import aws
from refi_assets.engines.base import Descriptions, Row, Tasks, text_table_comment
from refi_assets.engines.duckdb_sql import quoted, text_literal
from refi_assets.engines.remote import RemoteSession, query_error, run_table, table_location, tables_of_other_runs
from refi_assets.engines.types import from_dialect, to_dialect
from refi_assets.errors import EngineError
from refi_assets.lake import ObjectStore, Relation
from refi_assets.lake.relations import QueryCost
from refi_assets.specs.file_formats import FileFormat
from refi_assets.specs.names import catalog_database

with aws.needs_extra("trino", "Trino"):
    from trino.auth import BasicAuthentication
    from trino.dbapi import connect
    from trino.exceptions import Error, TrinoConnectionError, TrinoQueryError


@dataclass(eq=False)
class TrinoEngine:
    """Trino on a lake on S3; `url` names the catalog and the schema."""

    lake: ObjectStore
    url: str
    registered: set[str] = field(default_factory=set)

    reads_deletes: ClassVar[bool] = False
    tasks: ClassVar[Tasks | None] = None

    @cached_property
    def connection(self) -> Any:
        """The client's connection. It makes no request before the first query."""
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
        self,
        table: str,
        columns: Sequence[str],
        folder: str,
        first_day: date,
        comments: Descriptions,
        file_format: FileFormat,
    ) -> dict[str, Any]:
        """Point a view of text at a source's text files. It includes the files of new days automatically."""
        lines = [
            *(f"{quoted(column)} VARCHAR{_comment(comments.get(column))}" for column in columns),
            _load_date(first_day),
        ]
        properties = [
            "format = 'CSV'",
            f"external_location = {text_literal(self.lake.address(folder) + '/')}",
            *_csv_properties(file_format),
            "partitioned_by = ARRAY['load_date']",
            "partition_projection_enabled = true",
        ]
        version = f"{table}_{hashlib.sha256(repr((lines, properties)).encode()).hexdigest()[:8]}"
        self.execute(
            f"CREATE TABLE IF NOT EXISTS {quoted(version)} ({', '.join(lines)}) WITH ({', '.join(properties)})"
        )
        names = ", ".join(map(quoted, (*columns, "load_date")))
        self._show(quoted(table), names, version, text_table_comment(file_format))
        return {"database": self.connection.schema}

    def publish(self, relations: Sequence[Relation], comments: Mapping[str, Descriptions]) -> None:
        """Point the views of the groups' schemas at these relations, one after the other."""
        schemas = {relation.key: catalog_database(relation.key, self.connection.schema) for relation in relations}
        for schema in sorted({*schemas.values()} - {self.connection.schema}):
            self._create_schema(schema)
        for relation in relations:
            view = f"{quoted(schemas[relation.key])}.{quoted(relation.name)}"
            names = ", ".join(map(quoted, relation.columns))
            self._show(view, names, self.register(relation, comments.get(relation.key, {})))

    def create_database(self) -> None:
        """Create the URL's schema unless it exists."""
        self._create_schema(self.connection.schema)

    def _create_schema(self, schema: str) -> None:
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")

    def keep_only(self, run_ids: Collection[str]) -> None:
        """Drop the tables of all other runs; their data stay."""
        names = [row[0] for row in self.execute("SHOW TABLES LIKE 'run$_%' ESCAPE '$'")]
        for name in tables_of_other_runs(names, run_ids):
            self.execute(f"DROP TABLE {quoted(name)}")

    def register(self, relation: Relation, comments: Descriptions) -> str:
        """Create the run's table of a relation's Parquet files unless it exists; returns its name."""
        table = run_table(relation)
        if table not in self.registered:
            columns = ", ".join(
                f"{quoted(name)} {to_dialect(sql_type, 'trino')}{_comment(comments.get(name))}"
                for name, sql_type in relation.columns.items()
            )
            self.execute(
                f"CREATE TABLE IF NOT EXISTS {quoted(table)} ({columns}) WITH (format = 'PARQUET', "
                f"external_location = {text_literal(table_location(self.lake, relation))})"
            )
            self.registered.add(table)
        return table

    def _show(self, view: str, names: str, table: str, comment: str = "") -> None:
        sql = f"SELECT {names} FROM {quoted(self.connection.schema)}.{quoted(table)}"
        self.execute(f"CREATE OR REPLACE VIEW {view}{_comment(comment)} SECURITY INVOKER AS {sql}")

    def execute(self, sql: str) -> list[list[Any]]:
        """The rows of a statement in Trino's SQL. Raises EngineError."""
        return self.run(sql)[0]

    def run(self, sql: str) -> tuple[list[list[Any]], Any]:
        """Run a statement to its end; returns its rows, and the cursor. Raises EngineError."""
        cursor = self.connection.cursor()
        try:
            return cursor.execute(sql).fetchall(), cursor
        except TrinoQueryError as error:
            raise query_error(error.error_name or "UNKNOWN", error.message, sql) from None
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
        """Write a query's rows by CREATE TABLE AS. An interrupted try leaves a folder that nothing reads."""
        table, folder = run_table(draft), f"runs/{draft.run_id}/{draft.key}/{uuid4()}"
        self._engine.execute(f"DROP TABLE IF EXISTS {quoted(table)}")  # of an earlier try of this step
        self._run(
            f"CREATE TABLE {quoted(table)} WITH (format = 'PARQUET', "
            f"external_location = {text_literal(self.lake.address(folder) + '/')}) AS\n{self._sql(statement)}"
        )
        columns = {row[0]: from_dialect(row[1], "trino") for row in self._engine.execute(f"DESCRIBE {quoted(table)}")}
        return self._created(draft, folder, columns)

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


def _csv_properties(file_format: FileFormat) -> list[str]:
    quote = text_literal(file_format.quote) if file_format.quote else "U&'\\0000'"
    properties = [f"csv_separator = {text_literal(file_format.delimiter)}", f"csv_quote = {quote}"]
    return [*properties, "skip_header_line_count = 1"] if file_format.header else properties


def _comment(text: str | None) -> str:
    return f" COMMENT {text_literal(text)}" if text else ""
