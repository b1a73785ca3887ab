"""DuckDB: an in-memory connection whose views point at the lake's Parquet files.

There is no database file to lock or lose, and no catalog: the lake is the state. Statements arrive as syntax trees in
the project's dialect and run in DuckDB's. DuckDB also reads relations that other engines wrote.
"""

import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast
from urllib.parse import urlsplit

import duckdb
from sqlglot import exp

from refi_assets import aws
from refi_assets.engines.base import Descriptions, Row, Tasks, statement_start
from refi_assets.engines.database import shared_database
from refi_assets.engines.duckdb_sql import columns_sql, parquet_sql, quoted, text_literal, to_duckdb
from refi_assets.engines.proofs import HASH, balance_of_groups, distinct_parts, hashes_of_groups, hashes_of_rows
from refi_assets.engines.settings import EngineSettings
from refi_assets.engines.spreadsheets import escape_formulas
from refi_assets.engines.views import ALL, columns_read, prune_query
from refi_assets.errors import EngineError, LakeError
from refi_assets.lake import ObjectStore, Relation
from refi_assets.lake.relations import QueryCost
from refi_assets.lake.s3_store import S3Store
from refi_assets.settings import settings_of
from refi_assets.specs.file_formats import FileFormat
from refi_assets.specs.names import group_and_name
from refi_assets.specs.sql_models import parsed

if TYPE_CHECKING:
    import numpy as np

    NumberArray = np.ndarray[Any, np.dtype[Any]]

T = TypeVar("T")

# The messages of these errors are about statements. Those of all others may quote a file's cells.
_SAFE_ERRORS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)

# Keeping the order of rows costs time and memory. Building dictionaries of columns with many distinct values costs more
# than compression, and makes files no smaller.
PARQUET = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 1000, PRESERVE_ORDER false"
ORDERED_PARQUET = PARQUET.replace("PRESERVE_ORDER false", "PRESERVE_ORDER true")


@dataclass(frozen=True)
class DuckDBEngine:
    """DuckDB on a lake. `threads` 0 means one per core; beyond `memory_limit` it spills to disk."""

    lake: ObjectStore
    threads: int = 0
    memory_limit: str = "2.5GB"

    reads_deletes: ClassVar[bool] = True
    tasks: ClassVar[Tasks | None] = None

    def session(self, relations: Sequence[Relation] = ()) -> "DuckDBSession":
        """A session in which these relations can be read as group.relation."""
        return DuckDBSession(self, relations)

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Keep one database open for all sessions inside this block, even at moments without a session."""
        with shared_database(self.threads, self.memory_limit):
            yield

    def register_files(
        self,
        table: str,
        columns: Sequence[str],
        folder: str,
        first_day: date,
        comments: Descriptions,
        file_format: FileFormat,
    ) -> dict[str, Any]:
        """Do nothing: staging reads the files."""
        return {}

    def publish(self, relations: Sequence[Relation], comments: Mapping[str, Descriptions]) -> None:
        """Do nothing: the manifest names the relations."""

    def keep_only(self, run_ids: Collection[str]) -> None:
        """Do nothing: there is no catalog."""


def open_duckdb(lake: ObjectStore) -> DuckDBEngine:
    """DuckDB on a lake, with the deployment's threads and memory."""
    limits = settings_of(EngineSettings)
    return DuckDBEngine(lake, limits.threads, limits.memory_limit)


class DuckDBSession:
    """A connection with its own catalog. Close it, or use it in a with statement."""

    queries: tuple[QueryCost, ...] = ()

    def __init__(self, engine: DuckDBEngine, relations: Sequence[Relation] = ()) -> None:
        self._engine = engine
        self._relations = {relation.key: relation for relation in relations}
        self._tables: set[str] = set()  # keys of the relations that have a view with all their columns
        self._last: tuple[exp.Query, str] | None = None  # the last statement, and its SQL for DuckDB
        with ExitStack() as stack:
            self._database = stack.enter_context(shared_database(engine.threads, engine.memory_limit))
            self.connection = stack.enter_context(self._database.connection())
            self.scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self._database.scratch)))
            if isinstance(engine.lake, S3Store):
                self._open_s3(engine.lake)
            self._opened = stack.pop_all()

    def _open_s3(self, lake: S3Store) -> None:
        """Give DuckDB access to the lake's bucket, with the current credentials."""
        self.execute(f"LOAD {text_literal(_httpfs())}")
        # DuckDB retries after any error. Its own pauses, each four times the last, would add up to nine minutes.
        self.execute(f"SET http_retries = {aws.max_attempts() - 1}")
        self.execute("SET http_retry_wait_ms = 200; SET http_retry_backoff = 2")
        with aws.readable_errors("The AWS credentials", EngineError):
            credentials = aws.session().get_credentials().get_frozen_credentials()
        options = {
            "KEY_ID": credentials.access_key,
            "SECRET": credentials.secret_key,
            "SESSION_TOKEN": credentials.token,
            "REGION": aws.session().region_name,
            "KMS_KEY_ID": lake.kms_key_id,
        }
        if endpoint := aws.custom_endpoint("s3"):
            parts = urlsplit(endpoint)
            options |= {"ENDPOINT": parts.netloc, "URL_STYLE": "path", "USE_SSL": str(parts.scheme == "https")}
        secret = ", ".join(f"{name} {text_literal(value)}" for name, value in options.items() if value)
        try:
            self._database.set_secret(lake.name, f"TYPE s3, {secret}")
        except duckdb.Error as error:  # its message may contain the secret
            raise EngineError(f"DuckDB cannot use the AWS credentials: {type(error).__name__}.") from None

    def _sql(self, statement: exp.Query) -> str:
        """The statement in DuckDB's SQL; the relations that it reads have views by then.

        The last one is kept, because a statement is often described before it runs.
        """
        if self._last is None or self._last[0] is not statement:
            self._last = None
            self._create_views(statement, {})
            self._last = statement, to_duckdb(statement)
        return self._last[1]

    def _create_views(self, statement: exp.Query, created: dict[str, set[str] | None]) -> None:
        """Create a view of each relation that a statement reads, with the columns that it reads.

        `created`: key -> columns of the views that have been created for this statement so far.
        """
        for key, needed in columns_read(statement).items():
            relation = self._relations.get(key)
            if relation is None or key in self._tables:
                continue
            before = created.get(key, set())
            columns = ALL if needed is ALL or before is ALL else before | needed
            if key in created and columns == before:
                continue
            if relation.parquet is not None and (not relation.kept or _are_kept(columns, relation)):
                self.create_view(key, self._table_sql(relation, relation.parquet))
                if not relation.kept:
                    self._tables.add(key)
            elif relation.sql is not None:
                query = self._view_query(relation, columns)
                self._create_views(query, created)
                self.create_view(key, to_duckdb(query))
            created[key] = columns

    def _view_query(self, relation: Relation, columns: set[str] | None) -> exp.Query:
        query = parsed(relation.sql or "")
        if columns is ALL:
            return query
        return prune_query(query, columns, {key: relation.grain for key, relation in self._relations.items()})

    def rows_sql(self, relation: Relation) -> str:
        """A SELECT, in DuckDB's own SQL, of a relation's rows in the lake."""
        return self._table_sql(relation, relation.parquet or "")

    def create_view(self, key: str, sql: str) -> None:
        """Make a query (in DuckDB's own SQL) readable as group.relation. Raises EngineError."""
        group, name = group_and_name(key)
        self.execute(f'CREATE SCHEMA IF NOT EXISTS "{group}"; CREATE OR REPLACE VIEW "{group}"."{name}" AS {sql}')

    def _table_sql(self, relation: Relation, parquet: str) -> str:
        types = {name: relation.columns[name] for name in relation.kept or relation.columns}
        lake = self._engine.lake
        if parquet.endswith("/"):
            paths = [lake.url(info.key) for info in lake.objects(parquet.rstrip("/")) if info.size]
            if not paths:  # other engines write no file if there is no row
                return f"SELECT {columns_sql(types, dict.fromkeys(types))} WHERE FALSE"
            return f"SELECT {columns_sql(types)} FROM {parquet_sql(*paths)}"
        names = columns_sql(types, relation.constants) or "*"
        path = lake.url(parquet)
        if relation.deletes is None:
            return f"SELECT {names} FROM {parquet_sql(path)}"
        rows = (
            f"SELECT {names} FROM {parquet_sql(path, options=', file_row_number = true')} AS stored "
            f"ANTI JOIN {parquet_sql(lake.url(relation.deletes))} AS deleted "
            "ON deleted.position = stored.file_row_number"
        )
        if relation.additions is not None:
            rows += f" UNION ALL SELECT {columns_sql(types)} FROM {parquet_sql(lake.url(relation.additions))}"
        return rows

    def query(self, statement: exp.Query) -> list[Row]:
        """The rows of a query. Raises EngineError."""
        rows = self.execute(self._sql(statement))
        names = [column[0] for column in self.connection.description or []]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def proves_empty(self, statement: exp.Query) -> bool:
        """Whether hashes of the rows it reads prove that a query returns none; if not, it may. Raises EngineError."""
        if (balance := balance_of_groups(statement)) is not None:
            for part in distinct_parts(balance):
                if self._are_all_different(hashes_of_rows(part)):
                    part.set("distinct", None)
            return bool(self.value(self._sql(balance)))
        hashes = hashes_of_groups(statement)
        return hashes is not None and self._are_all_different(hashes)

    def _are_all_different(self, hashes: exp.Select) -> bool:
        return not len(repeated_numbers(self.numbers(self._sql(hashes), HASH)))

    def create(self, draft: Relation, statement: exp.Query) -> Relation:
        """Write a query's rows to the lake as one Parquet file; of a view, only the columns that it keeps, if any.

        The file has the draft's key, or else that of a run's relation. Rows are in the order of the query's ORDER BY;
        without one, in any order. Raises EngineError.
        """
        relation = draft.model_copy(update={"columns": self.columns(statement)})
        if draft.kind != "view" or draft.kept:
            parquet = draft.parquet or parquet_key(draft)
            sql = self._sql(prune_query(statement, draft.kept, {}) if draft.kept else statement)
            if draft.kept:
                sql = f"SELECT {', '.join(map(quoted, draft.kept))} FROM ({sql})"
            ordered = statement.args.get("order") is not None
            rows = self.copy(sql, self._engine.lake.target(parquet), ORDERED_PARQUET if ordered else PARQUET)
            relation = relation.model_copy(update={"parquet": parquet, "rows": rows})
        self._relations[relation.key] = relation
        return relation

    def create_from(self, draft: Relation, sql: str) -> Relation:
        """The same for a query in DuckDB's own SQL, which may read tables of the session. Raises EngineError."""
        parquet = parquet_key(draft)
        columns = {row[0]: row[1] for row in self.execute(f"DESCRIBE {sql}")}
        rows = self.copy(sql, self._engine.lake.target(parquet), ORDERED_PARQUET)
        return draft.model_copy(update={"parquet": parquet, "columns": columns, "rows": rows})

    def create_table(self, name: str, sql: str) -> None:
        """Store a query's rows (in the project's dialect) in a table of this session alone, which has no group.

        Raises EngineError.
        """
        self.execute(f'CREATE TABLE "{name}" AS {self._sql(parsed(sql))}')

    def set_variable(self, name: str, value: bytes) -> None:
        """Set a variable of the session, which SQL reads as getvariable(name). No statement contains the value."""
        self.connection.execute(f"SET VARIABLE {name} = $1", [value])

    def write_csv(self, statement: exp.Query, path: Path) -> int:
        """Write a query's rows to a CSV file, with a header; returns their number. Raises EngineError.

        A text that a spreadsheet would run as a formula gets a leading apostrophe; numbers stay numbers.
        """
        rows = escape_formulas(self._sql(statement), self.columns(statement))
        return self.copy(rows, str(path), "FORMAT csv, HEADER")

    def copy(self, sql: str, path: str, options: str) -> int:
        """COPY a query (in DuckDB's own SQL) to a file, or a target of the lake; returns the number of rows.

        Raises EngineError, or LakeError if the file cannot be put into the lake.
        """
        rows = int(self.value(f"COPY ({sql}) TO {text_literal(path)} ({options})"))
        self._engine.lake.written(path)
        return rows

    def columns(self, statement: exp.Query) -> dict[str, str]:
        """A query's columns, name -> SQL type, without running it. Raises EngineError."""
        return {row[0]: row[1] for row in self.execute(f"DESCRIBE {self._sql(statement)}")}

    def value(self, sql: str) -> Any:
        """The single value that a statement in DuckDB's own SQL returns. Raises EngineError."""
        ((value,),) = self.execute(sql)
        return value

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement in DuckDB's own SQL.

        Raises EngineError, whose text quotes no cell of any file, or LakeError if the lake failed.
        """
        return self._run(sql, lambda result: result.fetchall())

    def batches(self, sql: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """The same, at most `size` rows at a time; nothing else may run in the session meanwhile."""
        result = self._run(sql, lambda result: result)
        while rows := self._fetch(sql, lambda: result.fetchmany(size)):
            yield rows

    def _run(self, sql: str, fetch: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        return self._fetch(sql, lambda: fetch(self.connection.execute(sql)))  # some errors come only with the fetch

    def _fetch(self, sql: str, fetch: Callable[[], T]) -> T:
        try:
            return fetch()
        except duckdb.OutOfMemoryException:
            raise out_of_memory_error(self._engine.memory_limit) from None
        except duckdb.IOException as error:
            if message := _s3_failure(error):
                raise LakeError(f"DuckDB: {message.rstrip('.')}.") from None
            self._engine.lake.require_open()
            raise EngineError(f"DuckDB: {str(error).splitlines()[0]}") from None
        except _SAFE_ERRORS as error:
            raise EngineError(f"DuckDB: {str(error).splitlines()[0]}") from None
        except duckdb.Error as error:
            raise EngineError(
                f"DuckDB: {type(error).__name__}. Its message is withheld because it may quote a cell. "
                f"The statement began: {statement_start(sql)}"
            ) from None

    def numbers(self, sql: str, name: str) -> "NumberArray":
        """A column of numbers without nulls that a statement in DuckDB's own SQL returns. Raises EngineError."""
        return self._run(sql, lambda result: cast("NumberArray", result.fetchnumpy()[name]))

    def arrays(self, statement: exp.Query) -> "dict[str, NumberArray]":
        """The columns that a query returns, as arrays of NumPy, masked where they have nulls. Raises EngineError."""
        return self._run(self._sql(statement), lambda result: result.fetchnumpy())

    def close(self) -> None:
        """Close the connection, and drop everything that the session created except relations."""
        self._opened.close()

    def __enter__(self) -> "DuckDBSession":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _httpfs() -> str:
    """Path of DuckDB's extension for S3 from PyPI, so that DuckDB downloads none. Raises SettingError."""
    with aws.needs_extra("duckdb_extension_httpfs", "DuckDB on S3"):
        import duckdb_extension_httpfs
    folder = Path(duckdb_extension_httpfs.__file__).parent
    (path,) = folder.glob(f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension")
    return str(path)


def out_of_memory_error(memory_limit: str) -> EngineError:
    """The error of a query that ran out of memory."""
    return EngineError(
        f"DuckDB: {memory_limit} of memory was not enough. Raise REFI_MEMORY_LIMIT, or make room to spill in "
        f"{tempfile.gettempdir()} (TMPDIR)."
    )


def _s3_failure(error: duckdb.IOException) -> str | None:
    """The request to S3 that failed and S3's answer; None if the error is not S3's."""
    request = re.sub(r"\?[^']*'", "'", str(error).splitlines()[0])  # as in ?partNumber=3&uploadId=…
    if isinstance(error, duckdb.HTTPException):
        return f"{request}: {aws.s3_message(error.body) or 'it gave no reason'}"
    return request if " for HTTP " in request else None


def repeated_numbers(numbers: "NumberArray") -> "NumberArray":
    """The numbers that occur more than once, each at least once. Sorts `numbers` in place."""
    numbers.sort()
    repeats: NumberArray = numbers[1:][numbers[1:] == numbers[:-1]]
    return repeats


def _are_kept(columns: set[str] | None, view: Relation) -> bool:
    return columns is not ALL and columns.issubset(view.kept)


def parquet_key(relation: Relation) -> str:
    """The object key of a relation's rows, in its own folder, as a catalog's tables require."""
    return f"runs/{relation.run_id}/{relation.key}/data.parquet"
