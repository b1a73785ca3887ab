"""DuckDB: an in-memory connection whose views point at the lake's Parquet files.

There is no database file to lock or to lose: the lake is the state. Statements arrive as syntax trees in
the project's dialect and leave as DuckDB's.
"""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from refi_assets.engines.base import Row
from refi_assets.engines.spill import SpillFolder
from refi_assets.errors import EngineError
from refi_assets.lake import ObjectStore, Relation
from refi_assets.sql_models import DIALECT

# What these say is about statements, files and memory. Every other error may quote a file's cells.
_SAFE_ERRORS = (
    duckdb.IOException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
)

# COPY writes the rows of a parallel query in any order unless told; keeping the order costs time and memory.
PARQUET = "FORMAT parquet, COMPRESSION zstd, PRESERVE_ORDER false"
ORDERED_PARQUET = "FORMAT parquet, COMPRESSION zstd, PRESERVE_ORDER true"

# Tables are joined as the SQL says, each into what stands before it: DuckDB takes a relation with deletes for a
# fifth of what it is, and then keeps the large side of a join in memory.
JOIN_AS_WRITTEN = "join_order, build_side_probe_side"


@dataclass(frozen=True)
class DuckDBEngine:
    """DuckDB on a lake. `threads` 0 takes one a core; beyond `memory_limit` it spills to disk."""

    lake: ObjectStore
    threads: int = 0
    memory_limit: str = "2.5GB"

    def session(self, relations: Sequence[Relation] = ()) -> "DuckDBSession":
        """A session in which these relations can be read; inputs come before what is made from them."""
        session = DuckDBSession(self)
        try:
            for relation in relations:
                session.register(relation)
        except BaseException:
            session.close()
            raise
        return session


class DuckDBSession:
    """One in-memory connection; close it, or use it in a with statement."""

    def __init__(self, engine: DuckDBEngine) -> None:
        self._engine = engine
        self._spill = SpillFolder()
        config: dict[str, Any] = {"memory_limit": engine.memory_limit, "temp_directory": str(self._spill.path)}
        if engine.threads:
            config["threads"] = engine.threads
        self.connection = duckdb.connect(config=config)
        self.execute(f"SET disabled_optimizers = '{JOIN_AS_WRITTEN}'")

    def register(self, relation: Relation) -> None:
        """Make a relation readable by its name."""
        if relation.parquet is not None:
            source = self._table_sql(relation, relation.parquet)
        elif relation.sql is not None:
            source = to_duckdb(sqlglot.parse_one(relation.sql, read=DIALECT))
        else:
            return
        self.execute(f'CREATE OR REPLACE VIEW "{relation.name}" AS {source}')

    def _table_sql(self, relation: Relation, parquet: str) -> str:
        names = ", ".join(f'"{name}"' for name in relation.columns) or "*"
        path = self._engine.lake.url(parquet)
        if relation.deletes is None:
            return f"SELECT {names} FROM {parquet_sql(path)}"
        return (
            f"SELECT {names} FROM {parquet_sql(path, ', file_row_number = true')} AS stored "
            f"ANTI JOIN {parquet_sql(self._engine.lake.url(relation.deletes))} AS deleted "
            "ON deleted.position = stored.file_row_number"
        )

    def query(self, statement: exp.Query) -> list[Row]:
        """The rows of a query. Raises EngineError."""
        rows = self.execute(to_duckdb(statement))
        names = [column[0] for column in self.connection.description or []]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def write_parquet(self, statement: exp.Query, path: str) -> int:
        """Write a query's rows to a Parquet file; returns their number. Raises EngineError.

        They stand in the order of its ORDER BY; without one, in any order.
        """
        return self.copy(to_duckdb(statement), path, ORDERED_PARQUET if statement.args.get("order") else PARQUET)

    def copy(self, sql: str, path: str, options: str) -> int:
        """COPY a query (in DuckDB's own SQL) to a file; returns the number of rows. Raises EngineError."""
        return int(self.value(f"COPY ({sql}) TO {text_literal(path)} ({options})"))

    def columns(self, statement: exp.Query) -> dict[str, str]:
        """Column name -> SQL type of a query, without running it. Raises EngineError."""
        return {row[0]: row[1] for row in self.execute(f"DESCRIBE {to_duckdb(statement)}")}

    def value(self, sql: str) -> Any:
        """The one value that a statement in DuckDB's own SQL returns. Raises EngineError."""
        ((value,),) = self.execute(sql)
        return value

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement in DuckDB's own SQL. Raises EngineError, whose text quotes no cell of any file."""
        try:
            return self.connection.execute(sql).fetchall()  # errors may come as late as in the fetch
        except duckdb.OutOfMemoryException:
            raise EngineError(
                f"DuckDB: {self._engine.memory_limit} of memory were not enough. Give it more with REFI_MEMORY_LIMIT, "
                f"or room to spill in {tempfile.gettempdir()} (TMPDIR)."
            ) from None
        except _SAFE_ERRORS as error:
            raise EngineError(f"DuckDB: {str(error).splitlines()[0]}") from None
        except duckdb.Error as error:
            raise EngineError(
                f"DuckDB: {type(error).__name__}. Its words are withheld, since they may quote a borrower's data. "
                f"The statement began: {' '.join(sql.split())[:160]}"
            ) from None

    def close(self) -> None:
        """Close the connection and remove what it spilled."""
        self.connection.close()
        self._spill.close()

    def __enter__(self) -> "DuckDBSession":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def to_duckdb(statement: exp.Expr) -> str:
    """A statement of the project's dialect as DuckDB reads it."""
    return statement.sql("duckdb")


def text_literal(text: str) -> str:
    """A text as a literal in DuckDB's SQL. (Bound parameters would make the client import pandas: 1.5 s.)"""
    quoted = "'" + text.replace("'", "''") + "'"
    return "(" + quoted.replace("\0", "' || CHR(0) || '") + ")" if "\0" in text else quoted  # a NUL ends a statement


def path_literal(path: str) -> str:
    """The path of one file to be read, as a literal and no pattern. Raises EngineError where that cannot be."""
    pattern = re.search(r"[*?\[]", path)
    if pattern and "\\" in path:
        raise EngineError(f"DuckDB cannot read {path!r}: it holds a backslash and a {pattern[0]}. Rename the file.")
    return text_literal(re.sub(r"[*?\[]", r"[\g<0>]", path))


def parquet_sql(path: str, options: str = "") -> str:
    """A FROM item with the rows of one Parquet file; names of folders above it are no columns."""
    return f"read_parquet({path_literal(path)}, hive_partitioning = false{options})"
