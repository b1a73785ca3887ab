"""SQL as DuckDB reads it: statements of the project's dialect, names, literals and files."""

import re
from collections.abc import Mapping

from sqlglot import exp

from refi_assets.engines.views import needs_all, parts_of
from refi_assets.errors import EngineError


def to_duckdb(statement: exp.Expr) -> str:
    """A statement of the project's dialect as DuckDB reads it.

    DuckDB keeps the rows of a CTE that is read twice. Of one that only joins and computes, that may be all rows of all
    that it joins; its readers are given its query instead, each to filter it in its own way.
    """
    tree = statement.copy()
    for cte in tree.find_all(exp.CTE):
        if not any(map(needs_all, parts_of(cte.this))) and not cte.this.find(exp.Window):
            cte.set("materialized", False)
    return tree.sql("duckdb", copy=False)


def text_literal(text: str) -> str:
    """A text as a literal in DuckDB's SQL. (Bound parameters would make the client import pandas: 1.5 s.)"""
    quoted = "'" + text.replace("'", "''") + "'"
    return "(" + quoted.replace("\0", "' || CHR(0) || '") + ")" if "\0" in text else quoted  # a NUL ends a statement


def quoted(name: str) -> str:
    """The name of a column, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def path_literal(path: str) -> str:
    """The path of one file to be read, as a literal and no pattern. Raises EngineError where that cannot be."""
    pattern = re.search(r"[*?\[]", path)
    if pattern and "\\" in path:
        raise EngineError(f"DuckDB cannot read {path!r}: it holds a backslash and a {pattern[0]}. Rename the file.")
    return text_literal(re.sub(r"[*?\[]", r"[\g<0>]", path))


def columns_sql(types: Mapping[str, str], constants: Mapping[str, str | None] | None = None) -> str:
    """A SELECT list of these columns, name -> SQL type, of which some are constants, name -> value as text."""
    return ", ".join(
        f"{constant_sql(constants[name], sql_type)} AS {quoted(name)}"
        if constants and name in constants
        else quoted(name)
        for name, sql_type in types.items()
    )


def constant_sql(value: str | None, sql_type: str) -> str:
    """A value, given as text, of a SQL type."""
    return f"CAST({'NULL' if value is None else text_literal(value)} AS {sql_type})"


def parquet_sql(*paths: str, options: str = "") -> str:
    """A FROM item with the rows of Parquet files; names of folders above them are no columns."""
    return f"read_parquet([{', '.join(map(path_literal, paths))}], hive_partitioning = false{options})"
