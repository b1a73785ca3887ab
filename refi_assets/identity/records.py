"""Records out of files that anyone brings: CSV or Parquet, all of it text, columns found by name.

What a column is, its user says: KIND=COLUMN, or KIND=ONE+OTHER for columns to be joined. No type is guessed.
"""

import csv
import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from refi_assets.engines.duckdb_sql import parquet_sql, path_literal, text_literal
from refi_assets.errors import IdentityError, SourceError
from refi_assets.identity.features import KINDS

Columns = Mapping[str, tuple[str, ...]]  # kind -> the columns that it is joined of

_DELIMITERS = ",;\t|"
_SHOWN = 5  # rows that a message names
# What stands for nothing where programs write tables; a number that was once a float is the whole number it is.
_NOTHING = "('', 'na', 'nan', 'nat', 'none', 'null', '<na>', '\\n')"


@dataclass(frozen=True)
class _File:
    """A file, its column names as they stand there, and the SQL of each column's text."""

    path: Path
    source: str
    names: list[str]
    texts: list[str]
    rows: str  # a FROM item

    def text_of(self, wanted: str) -> str | None:
        """The SQL of a column's text, trimmed, null where empty; None where there is no such column.

        Upper and lower case are the same, unless the file tells columns apart by it. Raises SourceError.
        """
        exact = [at for at, name in enumerate(self.names) if name == wanted.strip()]
        found = exact or [at for at, name in enumerate(self.names) if name.casefold() == wanted.strip().casefold()]
        if len(found) > 1:
            raise SourceError(f"{self.path}: {len(found)} columns are named {wanted.strip()!r}. Rename all but one.")
        return f"NULLIF(TRIM({self.texts[found[0]]}, E' \\t\\r\\n'), '')" if found else None


def parse_columns(stated: Sequence[str]) -> Columns:
    """Columns by kind, of texts such as given_name=fname. Raises ValueError in words for the user."""
    columns: dict[str, tuple[str, ...]] = {}
    for text in stated:
        kind, equals, joined = (part.strip() for part in text.partition("="))
        names = tuple(name.strip() for name in joined.split("+"))
        if not equals or not all(names):
            raise ValueError(f"{text!r} is not KIND=COLUMN or KIND=COLUMN+COLUMN, such as given_name=fname")
        if kind not in KINDS:
            raise ValueError(f"{text!r}: a column cannot be {kind!r}, but {', '.join(KINDS)}")
        if columns.setdefault(kind, names) != names:
            raise ValueError(f"{kind} is given twice; join its columns: {kind}={'+'.join(columns[kind] + names)}")
    return {kind: columns[kind] for kind in KINDS if kind in columns}


def load_records(
    connection: DuckDBPyConnection, paths: Sequence[Path], columns: Columns, id_column: str, truth: str | None = None
) -> list[str]:
    """Make the table `loaded`: record (from 0, in the order of the files), source, id, truth, and the kinds, all text.

    Returns the sources' names. Raises SourceError for a file that cannot be read as a table, or whose ids are not
    there or not unique, and IdentityError for a column that none of the files has.
    """
    files = _open(connection, paths)
    wanted = {*(name for names in columns.values() for name in names), *([truth] if truth else [])}
    for name in sorted(wanted):
        if all(file.text_of(name) is None for file in files):
            raise IdentityError(f"No column is named {name!a}. " + " ".join(map(_found, files)))
    made = ", ".join(f"{name} VARCHAR" for name in ("source", "id", "truth", *columns))
    connection.execute(f"CREATE TABLE row_of_file ({made})")
    for file in files:
        if (id_text := file.text_of(id_column)) is None:
            raise IdentityError(f"{file.path}: no column is named {id_column!a}. {_found(file)}")
        texts = [text_literal(file.source), _whole(id_text), (truth and file.text_of(truth)) or "NULL"]
        texts += [_joined(connection, file, kind, names) for kind, names in columns.items()]
        _insert(connection, file, texts)
        _require_unique_ids(connection, file)
    connection.execute("CREATE VIEW loaded AS SELECT rowid AS record, * FROM row_of_file")
    return [file.source for file in files]


def _open(connection: DuckDBPyConnection, paths: Sequence[Path]) -> list[_File]:
    names = [path.name for path in paths]
    sources = names if len(set(names)) == len(names) else [str(path) for path in paths]
    if len(set(sources)) < len(sources):
        raise IdentityError(f"{max(sources, key=sources.count)} is named twice. Name each file once.")
    opened = []
    for path, source in zip(paths, sources, strict=True):
        if path.suffix.lower() == ".parquet":
            opened.append(_open_parquet(connection, path, source))
        else:
            opened.append(_open_csv(path, source))
    return opened


def _open_parquet(connection: DuckDBPyConnection, path: Path, source: str) -> _File:
    rows = parquet_sql(str(path))
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()
    except duckdb.Error as error:
        raise SourceError(f"{path} cannot be read as Parquet ({type(error).__name__}).") from None
    texts = ['CAST("' + row[0].replace('"', '""') + '" AS VARCHAR)' for row in described]
    return _File(path, source, [row[0].strip() for row in described], texts, rows)


def _open_csv(path: Path, source: str) -> _File:
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
    except EOFError:
        raise SourceError(f"{path} cannot be read: it is cut short.") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or 'it is not what its name says'}.") from None
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not UTF-8. Convert it: iconv -f LATIN1 -t UTF-8, for example.") from None
    unquoted = re.sub('"[^"]*"', "", first)
    delimiter = max(_DELIMITERS, key=unquoted.count)
    (names,) = csv.reader([first], delimiter=delimiter, skipinitialspace=True) if first.strip() else ([],)
    if not names:
        raise SourceError(f"{path} is empty: it has no header.")
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(names)))
    # Of lines that end in LF, a stray CR is white space; left to itself, DuckDB refuses such a file.
    line_end = "" if first.endswith("\r\n") else ", new_line = '\\n'"
    rows = (
        f"read_csv({path_literal(str(path))}, auto_detect = false, header = true, delim = {text_literal(delimiter)}, "
        f"quote = '\"', escape = '\"', columns = {{{columns}}}{line_end})"
    )
    return _File(path, source, [name.strip() for name in names], [f"c{number}" for number in range(len(names))], rows)


def _joined(connection: DuckDBPyConnection, file: _File, kind: str, names: Sequence[str]) -> str:
    """The SQL of a kind's text: its columns joined by spaces, the parts of a date by dashes."""
    parts = [_known(text) for name in names if (text := file.text_of(name))]
    if not parts:
        return "NULL"
    if len(parts) == 1:
        return parts[0]
    if kind != "date_of_birth":
        return f"NULLIF(CONCAT_WS(' ', {', '.join(parts)}), '')"
    # An empty part leaves its place empty; a year's place keeps its width, by which dates are read.
    widths = ", ".join(f"COALESCE(MAX(LENGTH({part})), 0)" for part in parts)
    (found,) = _rows(connection, file, f"SELECT {widths} FROM {file.rows}")
    held = [f"COALESCE({part}, '{'0000' if width == 4 else ''}')" for part, width in zip(parts, found, strict=True)]
    return f"CASE WHEN COALESCE({', '.join(parts)}) IS NOT NULL THEN CONCAT_WS('-', {', '.join(held)}) END"


def _known(text: str) -> str:
    whole = _whole(text)
    return f"CASE WHEN LOWER({whole}) NOT IN {_NOTHING} THEN {whole} END"


def _whole(text: str) -> str:
    return f"REGEXP_REPLACE({text}, '^(\\d+)\\.0$', '\\1')"


def _insert(connection: DuckDBPyConnection, file: _File, texts: Sequence[str]) -> None:
    _rows(connection, file, f"INSERT INTO row_of_file SELECT {', '.join(texts)} FROM {file.rows}")


def _rows(connection: DuckDBPyConnection, file: _File, sql: str) -> list[tuple[object, ...]]:
    """Rows of a query on a file. Raises SourceError without DuckDB's words, since they quote the row."""
    try:
        return connection.execute(sql).fetchall()
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        line = re.search(r"Line: (\d+)", str(error))
        where = f"line {int(line[1]):,}" if line else "some line"
        why = "it does not have as many fields as the header, or its quotes are broken"
        for words, reason in (
            (r"Expected Number of Columns: (\d+) Found: (\d+)", "the header has {} fields and this line {}"),
            ("unterminated quote", "a quote is not closed, or goes on after its end"),
            ("not utf-8 encoded", "it is not UTF-8"),
            ("Maximum line size", "it is longer than two million bytes; perhaps a quote is not closed"),
        ):
            if found := re.search(words, str(error)):
                why = reason.format(*found.groups())
                break
        raise SourceError(f"{file.path}, {where}: {why}. Nothing was written; mend the file.") from None


def _require_unique_ids(connection: DuckDBPyConnection, file: _File) -> None:
    numbered = (
        "(SELECT id, ROW_NUMBER() OVER (ORDER BY rowid) AS place FROM row_of_file "
        f"WHERE source = {text_literal(file.source)})"
    )
    for where, what in (
        ("id IS NULL", "have no id"),
        (f"id IN (SELECT id FROM {numbered} GROUP BY id HAVING COUNT(*) > 1)", "share an id with another row"),
    ):
        (count, places) = connection.execute(
            f"SELECT COUNT(*), MIN(place, {_SHOWN}) FROM {numbered} WHERE {where}"
        ).fetchall()[0]
        if count:
            shown = ", ".join(str(place) for place in places) + (", …" if count > _SHOWN else "")
            raise SourceError(
                f"{file.path}: {count:,} rows {what} (rows {shown}, the header not counted). Ids must tell records "
                "apart: mend them, or name another column with --id."
            )


def _found(file: _File) -> str:
    return f"{file.path.name} has {', '.join(file.names)}."
