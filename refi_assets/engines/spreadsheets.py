"""Text that a spreadsheet would run as a formula, made harmless: it gets a leading apostrophe. Numbers stay numbers.

Every CSV that people open is written through this: by DuckDBSession.write_csv, or by who has rows and no session.
"""

from collections.abc import Mapping

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_CLASS = "".join(f"\\x{ord(start):02x}" for start in FORMULA_STARTS)  # of a regular expression


def inert(text: str | None) -> str | None:
    """A text that a spreadsheet does not run."""
    return "'" + text if text and text.startswith(FORMULA_STARTS) else text


def inert_rows(sql: str, columns: Mapping[str, str]) -> str:
    """A query (in DuckDB's SQL) whose text columns, and names of columns, a spreadsheet does not run.

    columns: name -> SQL type of the query's columns.
    """
    selected = ", ".join(
        f"{_inert_column(_quoted(name)) if _is_text(kind) else _quoted(name)} AS {_quoted(inert(name) or name)}"
        for name, kind in columns.items()
    )
    return f"SELECT {selected} FROM ({sql}) AS written"


def _inert_column(column: str) -> str:
    text = f"CAST({column} AS VARCHAR)"
    # No IN: DuckDB makes a join of a long list, and rows lose the order of the query.
    return f"CASE WHEN REGEXP_MATCHES({text}, '^[{_CLASS}]') THEN '''' || {text} ELSE {text} END"


def _is_text(kind: str) -> bool:
    """Whether a CSV shows the characters of a value as they are; lists and the like begin with a bracket."""
    return kind in ("VARCHAR", "JSON", "BLOB") or (kind.startswith(("ENUM(", "UNION(")) and not kind.endswith("]"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
