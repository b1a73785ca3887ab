"""Escapes text that a spreadsheet would run as a formula, by a leading apostrophe. Numbers stay numbers.

Every CSV file that people open passes through here: from DuckDBSession.write_csv, or from code that has rows but no
session.
"""

from collections.abc import Mapping

from refi_assets.engines.duckdb_sql import quoted

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_CLASS = "".join(f"\\x{ord(start):02x}" for start in FORMULA_STARTS)  # of a regular expression


def escape_formula(text: str | None) -> str | None:
    """The text, with a leading apostrophe if a spreadsheet would run it."""
    return "'" + text if text and text.startswith(FORMULA_STARTS) else text


def escape_formulas(sql: str, columns: Mapping[str, str]) -> str:
    """A query (in DuckDB's SQL) with its texts and column names escaped. `columns`: its columns, name -> SQL type."""
    selects = [
        f"{_escaped_column(name, sql_type)} AS {quoted(escape_formula(name) or '')}"
        for name, sql_type in columns.items()
    ]
    return f"SELECT {', '.join(selects)} FROM ({sql}) AS written"


def _escaped_column(name: str, sql_type: str) -> str:
    if not _is_text(sql_type):
        return quoted(name)
    text = f"CAST({quoted(name)} AS VARCHAR)"
    # Not IN (...): DuckDB turns a long list into a join, and the rows lose the query's order.
    return f"CASE WHEN REGEXP_MATCHES({text}, '^[{_CLASS}]') THEN '''' || {text} ELSE {text} END"


def _is_text(sql_type: str) -> bool:
    """Whether a CSV file has a value's characters unchanged. (A list, for one, begins with a bracket.)"""
    is_list = sql_type.endswith("]")
    return sql_type in ("VARCHAR", "JSON", "BLOB") or (sql_type.startswith(("ENUM(", "UNION(")) and not is_list)
