"""Parquet files as tables of text: the text of each type's cells, and which files and rows are refused.

Cells of the contract's columns are exact, or refused: a number that cannot be exact, a type that is not a scalar. The
meaning of a cell's text belongs to staging/.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from refi_assets.engines.duckdb import ORDERED_PARQUET, DuckDBSession
from refi_assets.engines.duckdb_sql import parquet_sql, path_literal
from refi_assets.errors import EngineError, SourceError
from refi_assets.ingestion.first_bytes import not_utf8
from refi_assets.ingestion.headers import read_names
from refi_assets.ingestion.records import MAX_COLUMNS, Malformed, Scan, require_records
from refi_assets.ingestion.settings import GB, beyond_size_limit
from refi_assets.specs.columns import Column
from refi_assets.specs.contracts import Contract

EXACT_BELOW = {"DOUBLE": 2**53, "FLOAT": 2**24}  # from there on, two whole numbers may have the same value
SHOWN_TYPE = 60
MOST_DIGITS = 38
ROWS_AT_ONCE = 1000
COLUMNS_AT_ONCE = 100  # planning ten times as many takes DuckDB much longer
_NOT_SCALARS = ("STRUCT", "MAP", "UNION", "VARIANT", "GEOMETRY")
_DAY_MICROSECONDS = 86_400_000_000


@dataclass(frozen=True)
class ParquetColumn:
    """A column of a file: its SQL, its type, and its column in the contract, if any."""

    sql: str
    sql_type: str
    column: Column | None

    @property
    def text(self) -> str:
        """SQL for its cells as text."""
        return text_sql(self.sql, self.sql_type)


def text_sql(column: str, sql_type: str) -> str:
    """SQL for a column's cells as text, independent of the session's time zone.

    A whole number has no decimals, a time at midnight is a day. Bytes that are not UTF-8 are escaped.
    """
    text = f"CAST({column} AS VARCHAR)"
    if sql_type == "BLOB":
        return f"COALESCE(TRY(DECODE({column})), {text})"
    if sql_type.startswith("TIMESTAMP"):
        if sql_type == "TIMESTAMP WITH TIME ZONE":  # DuckDB shows it in the session's zone
            text = f"CAST(MAKE_TIMESTAMP(EPOCH_US({column})) AS VARCHAR) || '+00'"
        is_day = f"EPOCH_US({column}) % {_DAY_MICROSECONDS} = 0"
        day = f"CAST(CAST(MAKE_TIMESTAMP(EPOCH_US({column})) AS DATE) AS VARCHAR)"
        return f"CASE WHEN {is_day} THEN {day} ELSE {text} END"
    if sql_type.startswith("DECIMAL("):
        scale = int(sql_type.rstrip(")").split(",")[1])
        return _without_ending(text, "." + "0" * scale) if scale else text
    if sql_type not in EXACT_BELOW:
        return text
    # The number's shortest decimal text, without an exponent.
    plain = f"CAST(TRY_CAST({column} AS DECIMAL(38, 18)) AS VARCHAR)"
    return f"CASE WHEN {text} LIKE '%e%' THEN COALESCE({plain}, {text}) ELSE {_without_ending(text, '.0')} END"


def _without_ending(text: str, ending: str) -> str:
    return f"CASE WHEN ENDS_WITH({text}, '{ending}') THEN LEFT({text}, -{len(ending)}) ELSE {text} END"


def scan_parquet(
    session: DuckDBSession,
    url: str,
    contract: Contract | None,
    clean_copy: Path,
    on_malformed: Callable[[Malformed], None],
    max_file_gb: float,
) -> Scan:
    """Count a file's rows; if bytes that should be text are not UTF-8, set the rows aside and write the `clean_copy`.

    Raises SourceError, without the file's name, if the file is too large or a column of the contract cannot be read
    exactly; EngineError if the file is damaged.
    """
    source = parquet_sql(url)
    described = [(row[0], row[1]) for row in session.execute(f"DESCRIBE FROM {source}")]
    rows = session.value(f"SELECT COUNT(*) FROM {source}")
    if len(described) > MAX_COLUMNS:
        raise SourceError(f"{len(described):,} columns, but a file may have at most {MAX_COLUMNS:,}")
    if rows * len(described) / GB > max_file_gb:  # a few bytes may contain any number of equal rows
        raise SourceError(f"{rows:,} rows; as text, they are {beyond_size_limit(max_file_gb)}")
    if any("\0" in name for name, _ in described):
        raise SourceError("a column's name contains a NUL")
    in_contract = {column.name: column for column in contract.columns} if contract else {}
    names, respelled = read_names([name for name, _ in described], contract.file_names if contract else None)
    columns = [
        ParquetColumn('"' + name.replace('"', '""') + '"', sql_type, in_contract.get(read_name))
        for (name, sql_type), read_name in zip(described, names, strict=True)
    ]
    _require_digits(session, url, dict(zip([name for name, _ in described], columns, strict=True)))
    _require_text(session, source, columns)
    for column in columns:
        if column.column:
            _require_exact(session, source, column, column.column)
    scan = Scan(columns=names, respelled=respelled, records=rows)
    _set_malformed_aside(session, url, columns, scan, clean_copy, on_malformed)
    return scan


def _require_digits(session: DuckDBSession, url: str, columns: Mapping[str, ParquetColumn]) -> None:
    """Raise SourceError for a decimal with more digits than DuckDB's: it would read wrong numbers without an error."""
    wide = session.execute(
        f"SELECT name, precision FROM parquet_schema({path_literal(url)}) WHERE precision > {MOST_DIGITS}"
    )
    for name, digits in wide:
        column = columns.get(name)
        if column and column.column:
            raise SourceError(
                f"column '{column.column.name}' is a decimal of {digits} digits, but at most {MOST_DIGITS} can be "
                "read; write it with fewer, or as text"
            )


def _require_text(session: DuckDBSession, source: str, columns: Sequence[ParquetColumn]) -> None:
    """Raise SourceError if text is not UTF-8: DuckDB fails only when it reads the text, in the middle of a run."""
    texts = [(number, column) for number, column in enumerate(columns, start=1) if "VARCHAR" in column.sql_type]
    for start in range(0, len(texts), COLUMNS_AT_ONCE):
        batch = texts[start : start + COLUMNS_AT_ONCE]
        if _is_readable(session, source, [column for _, column in batch]):
            continue
        unreadable = (text for text in batch if not _is_readable(session, source, [text[1]]))
        number, column = next(unreadable, batch[0])
        name = f"'{column.column.name}'" if column.column else number  # a name that is not ours may be a person's
        raise SourceError(f"column {name} cannot be read: the file is damaged, or the text is not UTF-8")


def _is_readable(session: DuckDBSession, source: str, columns: Sequence[ParquetColumn]) -> bool:
    try:
        session.execute(f"SELECT {', '.join(f'MAX(HASH({column.sql}))' for column in columns)} FROM {source}")
    except EngineError:
        return False
    return True


def _require_exact(session: DuckDBSession, source: str, file_column: ParquetColumn, column: Column) -> None:
    """Raise SourceError if not all cells of a column of the contract have an exact text."""
    name, sql = f"column '{column.name}'", file_column.sql
    sql_type, logical_type = file_column.sql_type, column.logical_type
    if sql_type.endswith("]") or sql_type.startswith(_NOT_SCALARS):
        shown = sql_type[:SHOWN_TYPE] + ("…" if len(sql_type) > SHOWN_TYPE else "")
        raise SourceError(f"{name} is of type {shown}, which is not a single value; write it as a {logical_type}")
    if logical_type == "string" and sql_type in EXACT_BELOW:
        limit = EXACT_BELOW[sql_type]
        if session.value(f"SELECT MAX(ABS({sql})) FILTER (ISFINITE({sql})) >= {limit} FROM {source}"):
            raise SourceError(
                f"{name} is of type {sql_type} and has numbers of {limit:,} or more, which are not exact in that "
                "type; write it as a string"
            )
    is_day = logical_type == "date" or column.person_attribute == "date_of_birth"
    if is_day and sql_type.startswith("TIMESTAMP"):
        has_times = session.value(f"SELECT BOOL_OR(EPOCH_US({sql}) % {_DAY_MICROSECONDS} <> 0) FROM {source}")
        if has_times:
            raise SourceError(
                f"{name} is of type {sql_type} and has times other than midnight (in UTC), so the day is ambiguous; "
                "write it as a DATE"
            )


def _set_malformed_aside(
    session: DuckDBSession,
    url: str,
    columns: Sequence[ParquetColumn],
    scan: Scan,
    clean_copy: Path,
    on_malformed: Callable[[Malformed], None],
) -> None:
    """Set aside the rows in which bytes of a column of the contract are not UTF-8, as lines of CSV."""
    source = parquet_sql(url)
    checked = [column.sql for column in columns if column.column and column.sql_type == "BLOB"]
    is_malformed = " OR ".join(f"({sql} IS NOT NULL AND TRY(DECODE({sql})) IS NULL)" for sql in checked) or "FALSE"
    if checked:
        scan.malformed = session.value(f"SELECT COUNT(*) FROM {source} WHERE {is_malformed}")
    if not scan.malformed:
        return
    require_records(scan)
    cells = ", ".join(c.sql if c.sql_type == "BLOB" else f"ENCODE({c.text})" for c in columns)
    rows = session.connection.execute(
        f"SELECT file_row_number + 1, {cells} FROM {parquet_sql(url, options=', file_row_number = true')} "
        f"WHERE {is_malformed} ORDER BY file_row_number"
    )
    while batch := rows.fetchmany(ROWS_AT_ONCE):
        for record_number, *raw_cells in batch:
            raw = b",".join(b'"' + bytes(cell or b"").replace(b'"', b'""') + b'"' for cell in raw_cells)
            on_malformed(Malformed(record_number, not_utf8(raw), raw))
    session.copy(f"SELECT * FROM {source} WHERE NOT ({is_malformed})", str(clean_copy), ORDERED_PARQUET)
    scan.clean = False
