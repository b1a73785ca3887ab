"""Tables of numbers and texts in memory, and the typed columns of a file that nobody has declared.

A column is an array of numbers (NaN for a missing one) or of texts (None for a missing one). Types follow from the
cells: a column of numbers, of dates (then numbers of days since 1970), or of texts. What a column means to a model
belongs to columns.py.
"""

import re
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
_NUMBER = r"[+-]?[$€£]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?(\.[0-9]*)?([eE][+-]?[0-9]+)?%?"
_NOT_OF_NUMBER = "[$€£,%]"
_DAY = "CAST(EPOCH({moment}) AS DOUBLE) / 86400"


@dataclass(frozen=True)
class FileTable:
    """A file in memory. `texts` are the columns that were asked for as texts; they are not in `columns`."""

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
        known = {name: _known(cell, rules.missing_words) for name, cell in names.items()}
        kinds, warnings = _kinds(session, {name: known[name] for name in names if name not in kept}, rules)
        selected = [f"{sql} AS v{number}" for number, sql in enumerate([*kinds.values(), *map(known.get, kept)])]
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
            yield session, {name: f"c{number}" for number, name in enumerate(file.spelled)}, file.sha256
    finally:
        spill.close()


def _known(cell: str, missing_words: Collection[str]) -> str:
    words = ", ".join(text_literal(word.casefold()) for word in missing_words)
    return f"CASE WHEN LOWER({cell}) NOT IN ({words}) THEN {cell} END"


def _kinds(session: DuckDBSession, known: dict[str, str], rules: Reading) -> tuple[dict[str, str], list[str]]:
    """Column -> the SQL of its values: numbers, days or texts; and warnings about cells that became missing."""
    numbers = {
        name: f"CASE WHEN REGEXP_FULL_MATCH({cell}, {text_literal(_NUMBER)}) "
        f"THEN TRY_CAST(REGEXP_REPLACE({cell}, {text_literal(_NOT_OF_NUMBER)}, '', 'g') AS DOUBLE) END"
        for name, cell in known.items()
    }
    if not known:
        return {}, []
    counted = ", ".join(f"COUNT({known[name]}), COUNT({numbers[name]})" for name in known)
    ((*counts,),) = session.execute(f"SELECT {counted} FROM cells")
    values, warnings = {}, []
    for place, name in enumerate(known):
        filled, numeric = counts[2 * place : 2 * place + 2]
        if numeric == filled or numeric * 100 >= filled * rules.number_share_pct:
            values[name] = numbers[name]
            if numeric < filled:
                warnings.append(f"{name}: {filled - numeric:,} of its cells are not numbers, and count as missing")
        else:
            values[name] = _date_sql(session, known[name], filled, rules.date_formats) or known[name]
    return values, warnings


def _date_sql(session: DuckDBSession, cell: str, filled: int, formats: Collection[str]) -> str | None:
    """The SQL of a column's days since 1970, if one format fits all of its cells."""
    first = session.value(f"SELECT ANY_VALUE({cell}) FROM cells")
    if first is None or not re.search("[0-9]", str(first)):
        return None
    for date_format in formats:
        moment = f"TRY_STRPTIME({cell}, {text_literal(date_format)})"
        if session.value(f"SELECT COUNT({moment}) FROM cells") == filled:
            return _DAY.format(moment=moment)
    return None


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
        return np.where(missing, np.nan, data.astype(np.float64))
    if values.dtype.kind == "b":
        data = np.where(data, "true", "false")
    texts: Texts = np.array(data, dtype=object)
    texts[missing] = None
    return texts
