"""SQL for DuckDB: statements translated from the project's dialect, names, literals and files."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from refi_assets.engines.views import depends_on_columns, union_parts
from refi_assets.errors import EngineError


def to_duckdb(statement: exp.Expr) -> str:
    """A statement of the project's dialect, translated to DuckDB's.

    DuckDB stores the rows of a CTE that is read twice. A CTE that only joins and computes may hold all rows of the
    relations that it joins, so it is inlined: each of its readers then filters it as it needs.
    """
    tree = statement.copy()
    for cte in tree.find_all(exp.CTE):
        if not any(map(depends_on_columns, union_parts(cte.this))) and not cte.this.find(exp.Window):
            cte.set("materialized", False)
    return tree.sql("duckdb", copy=False)


def text_literal(text: str) -> str:
    """A text as a literal in DuckDB's SQL. (Bound parameters make the client import pandas, which takes 1.5 s.)"""
    quoted = "'" + text.replace("'", "''") + "'"
    return "(" + quoted.replace("\0", "' || CHR(0) || '") + ")" if "\0" in text else quoted  # a NUL ends a statement


def quoted(name: str) -> str:
    """A column's name in quotes, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def path_literal(path: str) -> str:
    """A literal that matches exactly the file at this path. Raises EngineError if no pattern can."""
    pattern = re.search(r"[*?\[]", path)
    if pattern and "\\" in path:
        raise EngineError(f"DuckDB cannot read {path!r}: its path has both a backslash and a {pattern[0]}. Rename it.")
    return text_literal(re.sub(r"[*?\[]", r"[\g<0>]", path))


def columns_sql(types: Mapping[str, str], constants: Mapping[str, str | None] | None = None) -> str:
    """A SELECT list of columns (name -> SQL type), some of which may be constants (name -> value as text)."""
    return ", ".join(
        f"{constant_sql(constants[name], sql_type)} AS {quoted(name)}"
        if constants and name in constants
        else quoted(name)
        for name, sql_type in types.items()
    )


def rows_sql(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """A FROM item with these columns (name -> SQL type) of rows in memory; a missing one is null.

    Bound parameters would make the client import pandas.
    """
    cells = json.dumps([{column: row.get(column) for column in columns} for row in rows], default=str)
    structure = json.dumps([dict(columns)])
    return f"(SELECT UNNEST(from_json_strict({text_literal(cells)}, {text_literal(structure)}), max_depth := 2))"


def constant_sql(value: str | None, sql_type: str) -> str:
    """A literal of a SQL type, from its text."""
    return f"CAST({'NULL' if value is None else text_literal(value)} AS {sql_type})"


def parquet_sql(*paths: str, options: str = "") -> str:
    """A FROM item with the rows of Parquet files. The names of the folders above them add no columns."""
    return f"read_parquet([{', '.join(map(path_literal, paths))}], hive_partitioning = false{options})"
