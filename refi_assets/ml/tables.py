"""Tables of numbers and texts in memory, and the typed columns of a file that nobody has declared.

A column is an array of numbers (NaN for a missing one) or of texts (None for a missing one). Types follow from the
cells: a column of numbers, of dates (then numbers of days since 1970), or of texts. What a column means to a model
belongs to columns.py.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from refi_assets.engines.duckdb import DuckDBSession, open_duckdb
from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.errors import ModelError
from refi_assets.ingestion.files import MACROS
from refi_assets.ingestion.user_files import open_user_file
from refi_assets.lake.folder_store import FolderStore
from refi_assets.lake.spill import SpillFolder
from refi_assets.ml.policy import Reading

Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]
Bools = npt.NDArray[np.bool_]
Column = npt.NDArray[Any]  # Floats or Texts
Table = Mapping[str, Column]  # name -> column, all of one length

# A number as files write it, with an optional sign, currency, thousands, exponent and percent sign.
_NUMBER = r"[+-]?[$€£]? ?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?(\.[0-9]*)?([eE][+-]?[0-9]+)? ?[%$€£]?"
# The same with a decimal comma, as much of Europe writes it; a column is read so if it has no other numbers.
_COMMA_NUMBER = r"[+-]?[$€£]? ?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)? ?[%$€£]?"
_NOT_OF_NUMBER, _NOT_OF_COMMA_NUMBER = "[$€£,% ]", "[$€£.% ]"
_DAY = "CAST(EPOCH({moment}) AS DOUBLE) / 86400"


@dataclass(frozen=True)
class FileTable:
    """A file in memory. `texts` are the columns that were asked for as texts, as written; they are not in `columns`."""

    sha256: str
    rows: int
    columns: dict[str, Column]
    dates: frozenset[str]  # the columns of `columns` that hold days since 1970
    texts: dict[str, Texts]
    warnings: tuple[str, ...]


def is_number(column: Column) -> bool:
    """Whether a column is one of numbers."""
    return column.dtype.kind == "f"


def is_missing(column: Column) -> Bools:
    """Where a column has no value."""
    return np.isnan(column) if is_number(column) else np.asarray(column == None, dtype=bool)  # noqa: E711 (of each element)


def rows_of(table: Table, rows: Any) -> dict[str, Column]:
    """A table with only these rows (numbers, a slice, or a mask)."""
    return {name: column[rows] for name, column in table.items()}


def days_of_numbers(numbers: Floats) -> Floats | None:
    """Days since 1970 of numbers such as 202601 or 20260220; None if they are not all months, or all days."""
    known = ~np.isnan(numbers)
    texts = [f"{number:.0f}" for number in numbers[known].tolist()]
    if {len(text) for text in texts} not in ({6}, {8}) or np.any(numbers[known] % 1):
        return None
    days = numbers.copy()
    try:
        dates = [f"{text[:4]}-{text[4:6]}-{text[6:] or '01'}" for text in texts]
        days[known] = np.array(dates, dtype="datetime64[D]").astype(np.float64)
    except ValueError:
        return None
    return days


def typed_columns(arrays: Mapping[str, Any]) -> tuple[dict[str, Column], frozenset[str]]:
    """Columns from DuckDB's arrays, and the names of those with dates: texts, numbers, or days since 1970.

    A Boolean is the text true or false.
    """
    columns = {name: _array(values) for name, values in arrays.items()}
    return columns, frozenset(name for name, values in arrays.items() if values.dtype.kind == "M")


def read_table(path: Path, as_texts: Collection[str], rules: Reading) -> FileTable:
    """A CSV or Parquet file in memory. `as_texts` names columns, in any case, that are kept as texts.

    Raises SourceError for a file that cannot be read, and ModelError for a column that it does not have.
    """
    with _opened(path) as (session, names, sha256):
        spelling = {name.casefold(): name for name in names}
        if missing := [name for name in as_texts if name.strip().casefold() not in spelling]:
            raise ModelError(f"{path}: no column is named {missing[0]!a}. It has {', '.join(names.keys())}.")
        kept = [spelling[name.strip().casefold()] for name in dict.fromkeys(as_texts)]
        rows = session.value("SELECT COUNT(*) FROM cells")
        known = {name: _known(cell, rules.missing_words) for name, cell in names.items() if name not in kept}
        kinds, warnings = _kinds(session, known, rules)
        selected = [f"{sql} AS v{number}" for number, sql in enumerate([*kinds.values(), *map(names.get, kept)])]
        columns = [_array(values) for values in _fetch(session, selected)]
    return FileTable(
        sha256=sha256,
        rows=rows,
        columns=dict(zip(kinds, columns, strict=False)),
        dates=frozenset(name for name, sql in kinds.items() if "EPOCH" in sql),
        texts=dict(zip(kept, columns[len(kinds) :], strict=True)),
        warnings=tuple(warnings),
    )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[DuckDBSession, dict[str, str], str]]:
    """A session with the table `cells` of a file's texts, the SQL of each column by name, and the file's SHA-256."""
    spill = SpillFolder()
    try:
        lake = FolderStore(str(spill.path / "lake"))
        with open_duckdb(lake).session() as session:
            session.execute(MACROS)
            file = open_user_file(session, lake, 0, path)
            cells = ", ".join(f"cell({text}) AS c{number}" for number, text in enumerate(file.texts))
            session.execute(f"CREATE TEMP TABLE cells AS SELECT {cells} FROM {file.rows}")
            names = [name or f"column {number}" for number, name in enumerate(file.spelled, start=1)]
            yield session, {name: f"c{number}" for number, name in enumerate(names)}, file.sha256
    finally:
        spill.close()


def _known(cell: str, missing_words: Collection[str]) -> str:
    words = ", ".join(text_literal(word.casefold()) for word in missing_words)
    return f"CASE WHEN LOWER({cell}) NOT IN ({words}) THEN {cell} END"


def _kinds(session: DuckDBSession, known: dict[str, str], rules: Reading) -> tuple[dict[str, str], list[str]]:
    """Column -> the SQL of its values: numbers, days or texts; and warnings about cells that became missing."""
    values, warnings = {}, []
    for name, cell in known.items():
        filled = session.value(f"SELECT COUNT({cell}) FROM cells")
        values[name] = cell
        for sql in _number_and_date_sql(cell, rules.date_formats) if filled else [_numbers_sql(cell)]:
            fitting = session.value(f"SELECT COUNT({sql}) FROM cells")
            if fitting * 100 >= filled * rules.number_share_pct:
                values[name] = sql
                if fitting < filled:
                    kind = "dates" if "EPOCH" in sql else "numbers"
                    warnings.append(f"{name}: {filled - fitting:,} of its cells are not {kind}, and count as missing")
                break
    return values, warnings


def _numbers_sql(cell: str, form: str = _NUMBER, removed: str = _NOT_OF_NUMBER) -> str:
    """The SQL of the numbers of a column, null for other cells."""
    digits = f"REPLACE(REGEXP_REPLACE({cell}, {text_literal(removed)}, '', 'g'), ',', '.')"
    return f"CASE WHEN REGEXP_FULL_MATCH({cell}, {text_literal(form)}) THEN TRY_CAST({digits} AS DOUBLE) END"


def _number_and_date_sql(cell: str, formats: Collection[str]) -> Iterator[str]:
    """The SQL of each kind of value that the cells of a column may have: numbers, and days since 1970."""
    yield _numbers_sql(cell)
    yield _numbers_sql(cell, _COMMA_NUMBER, _NOT_OF_COMMA_NUMBER)
    has_digits = f"CASE WHEN REGEXP_MATCHES({cell}, '[0-9]') THEN {cell} END"
    yield _DAY.format(moment=f"TRY_CAST({has_digits} AS TIMESTAMP)")
    for date_format in formats:
        yield _DAY.format(moment=f"TRY_STRPTIME({has_digits}, {text_literal(date_format)})")


def _fetch(session: DuckDBSession, selected: list[str]) -> list[Any]:
    """The values of expressions over `cells`, in the order of the file."""
    result = session.connection.execute(f"SELECT {', '.join(selected)} FROM cells ORDER BY rowid").fetchnumpy()
    return [result[f"v{number}"] for number in range(len(selected))]


def _array(values: Any) -> Column:
    """A column from DuckDB's array, which is masked if it has nulls."""
    data, missing = np.ma.getdata(values), np.ma.getmaskarray(values)
    if values.dtype.kind == "M":
        data = data.astype("datetime64[s]").astype(np.float64) / 86400
    if values.dtype.kind in "fiuM":
        numbers = data.astype(np.float64)
        return np.where(missing | np.isinf(numbers), np.nan, numbers)
    if values.dtype.kind == "b":
        data = np.where(data, "true", "false")
    texts: Texts = np.array(data, dtype=object)
    texts[missing] = None
    return texts
