"""The causes of rows in quarantine: counts, and shapes that quote no data: a digit is 9, a letter is a or A.

Likely fixes are in orchestration/fixes.yaml and defs/<domain>/fixes.yaml.
"""

import re
import unicodedata
from collections.abc import Sequence
from importlib.resources import files

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.ingestion.record_grammar import grammar_of
from refi_assets.ingestion.records import is_utf8
from refi_assets.specs.file_formats import FileFormat
from refi_assets.specs.outcomes import Cause

_SHOWN_CHARACTERS = 60
_CONFLICTS_COMPARED = 100


def causes_of_quarantine(session: DuckDBSession, key: Sequence[str], file_format: FileFormat) -> tuple[Cause, ...]:
    """The ten most frequent causes of the rows in the session's table `quarantined`. Raises EngineError.

    `key`: the columns that identify the thing that a row is about. `file_format`: that of the source's text files.
    """
    return tuple(
        Cause(
            reason=reason,
            rows=rows,
            column=column,
            problem=_conflict(session, key) if reason == "conflicting_key" else problem,
            shape=masked_record(record, problem, file_format) if record is not None else masked(cell) if cell else None,
        )
        for reason, column, problem, rows, cell, record in session.execute(
            files("refi_assets.staging").joinpath("causes.sql").read_text("utf-8")
        )
    )


def masked(text: str) -> str:
    """The shape of a text: 6.250% is 9.999%. The E of an exponent stays, as in 9.9E+99."""
    is_exponent = re.fullmatch(r"\s*[+-]?[\d.]+[eE][+-]?\d+\s*", text)
    shape = "".join(c if is_exponent and c in "eE" else _mask(c) for c in text[:_SHOWN_CHARACTERS])
    return shape + ("…" if len(text) > _SHOWN_CHARACTERS else "")


def masked_record(record: bytes, problem: str, file_format: FileFormat) -> str:
    """The shape of a malformed record, or of the field that is wrong in it."""
    grammar, kind = grammar_of(file_format), problem.partition(";")[0]
    fields = record.split(grammar.delimiter) if kind == "broken quoting" else grammar.unquoted_cells(record)
    tests = {
        "broken quoting": lambda field: _is_badly_quoted(field, grammar.quote),
        "not UTF-8": lambda field: not is_utf8(field),
    }
    is_wrong = tests.get(kind)
    shown = next(filter(is_wrong, fields), record) if is_wrong else record
    return masked(shown.decode("utf-8" if is_utf8(shown) else "cp1252", errors="replace"))


def _conflict(session: DuckDBSession, key: Sequence[str]) -> str | None:
    """The columns in which rows of one key differ, those with the most differences first."""
    key_cells = [f"COALESCE(cell(original_cells ->> {text_literal(name)}), '')" for name in key]
    columns = session.execute(
        "WITH conflicting AS ("
        f"SELECT original_cells, CONCAT_WS(CHR(31), {', '.join(key_cells)}) AS key FROM quarantined "
        "WHERE reason = 'conflicting_key'), "
        f"compared AS (SELECT DISTINCT key FROM conflicting ORDER BY key LIMIT {_CONFLICTS_COMPARED}), "
        "cells AS (SELECT key, original_cells, UNNEST(JSON_KEYS(original_cells)) AS name "
        "FROM conflicting SEMI JOIN compared USING (key)), "
        "differing AS (SELECT key, name FROM cells GROUP BY key, name "
        "HAVING COUNT(DISTINCT COALESCE(cell(original_cells ->> "
        "('/' || REPLACE(REPLACE(name, '~', '~0'), '/', '~1'))), '')) > 1) "  # a JSON pointer, whatever is in the name
        "SELECT name FROM differing GROUP BY name ORDER BY COUNT(*) DESC, name LIMIT 5"
    )
    return f"rows of one {' and '.join(key)} differ in {', '.join(name for (name,) in columns)}" if columns else None


def _mask(character: str) -> str:
    kind = unicodedata.category(character)
    if kind[0] == "N":
        return "9"
    if kind[0] in "LM":
        return "A" if kind in ("Lu", "Lt") else "a"
    return "?" if kind[0] == "C" or kind in ("Zl", "Zp") else character


def _is_badly_quoted(field: bytes, quote: bytes) -> bool:
    return quote in field and not re.fullmatch(rb"\s*%b(?:[^%b]|%b%b)*%b\s*" % ((quote,) * 5), field)
