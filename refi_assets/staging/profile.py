"""Profiles of the numeric columns of a source, and the most frequent value of columns with ids.

A profile covers all cells that are numbers, plausible or not, so that it shows problems that a rule for single cells
cannot see, such as a column in another unit. The checks on profiles are in profile_checks.py.
"""

from collections.abc import Collection
from decimal import Decimal
from math import ceil, floor
from typing import TYPE_CHECKING

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.engines.duckdb_sql import quoted, text_literal
from refi_assets.ingestion.details import Profile, SharedValue
from refi_assets.specs.columns import Column
from refi_assets.specs.contracts import Contract
from refi_assets.staging.cell_sql import EMPTY

if TYPE_CHECKING:
    from refi_assets.engines.duckdb import NumberArray

FEW_NUMBERS = 20  # fewer say nothing about a file's unit
HEAVY_HITTERS = 30  # a value that one row in thirty has is certainly among them


def profiles_of(session: DuckDBSession, contract: Contract, file_columns: Collection[str]) -> dict[str, Profile]:
    """The profile of each numeric column that the files have, from the tables `judged` and `note`."""
    columns = [column for column in contract.columns if column.is_numeric and column.name in file_columns]
    if not columns:
        return {}
    rows = session.value("SELECT COUNT(*) FROM judged")
    nulled = {name for (name,) in session.execute("SELECT DISTINCT name FROM note")}
    return {column.name: _profile(session, column, rows, column.name in nulled) for column in columns}


def medians_by_file(
    session: DuckDBSession, contract: Contract, file_columns: Collection[str]
) -> dict[str, dict[str, Decimal]]:
    """The median in each of several files, by column and file, if the contract has a range for it.

    Files with few numbers are left out.
    """
    if session.value("SELECT COUNT(*) FROM source_file") < 2:
        return {}
    return {
        column.name: {
            file: Decimal(str(median))
            for file, median in session.execute(
                f"SELECT source_file.file, QUANTILE_CONT(judged.{quoted(column.name)}, 0.5) FROM judged "
                f"INNER JOIN source_file ON source_file.file_number = judged.file_number GROUP BY source_file.file "
                f"HAVING COUNT(judged.{quoted(column.name)}) >= {FEW_NUMBERS} ORDER BY source_file.file"
            )
        }
        for column in contract.columns
        if column.plausible_median is not None and column.name in file_columns
    }


def shared_values(session: DuckDBSession, contract: Contract, file_columns: Collection[str]) -> dict[str, SharedValue]:
    """The most frequent value among accepted rows, for each column with a sharedShare in its contract."""
    shared = {}
    for column in contract.columns:
        if column.shared_share is None or column.name not in file_columns:
            continue
        name = quoted(column.name)
        most_frequent = session.execute(
            f"SELECT {name}, COUNT(*), (SELECT COUNT(*) FROM accepted) FROM accepted WHERE {name} IN (SELECT UNNEST("
            f"(SELECT APPROX_TOP_K({name}, {HEAVY_HITTERS}) FROM accepted))) GROUP BY {name} "
            f"ORDER BY COUNT(*) DESC, {name} LIMIT 1"
        )
        for value, rows, of in most_frequent:
            shared[column.name] = SharedValue(value=value, rows=rows, of=of)
    return shared


def _profile(session: DuckDBSession, column: Column, rows: int, is_nulled: bool) -> Profile:
    cells = f"SELECT {quoted(column.name)} AS cell FROM judged"
    if is_nulled:
        cells += (
            f" UNION ALL SELECT TRY_CAST(cell AS {column.sql_type}) FROM note "
            f"WHERE name = {text_literal(column.name)} AND cell <> '' AND kind <> {text_literal(EMPTY)}"
        )
    numbers = session.numbers(f"SELECT CAST(cell AS DOUBLE) AS number FROM ({cells}) WHERE cell IS NOT NULL", "number")
    scale = int(column.sql_type.rstrip(")").split(",")[1]) if "," in column.sql_type else 0
    first, median, third = _quartiles(numbers, scale)
    return Profile(
        rows=rows,
        numbers=len(numbers),
        quartile_1=first,
        median=median,
        quartile_3=third,
        zeros=int(numbers.searchsorted(0, "right") - numbers.searchsorted(0)),
        whole=int((numbers.round() == numbers).sum()) if scale else len(numbers),
    )


def _quartiles(numbers: "NumberArray", scale: int) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Interpolated quartiles. Sorts the numbers in place.

    NumPy takes a third of DuckDB's time, and DuckDB keeps a copy of every column.
    """
    if not len(numbers):
        return None, None, None
    numbers.sort()
    last = len(numbers) - 1
    first, median, third = (_number_at(numbers, last * quarter / 4, scale) for quarter in (1, 2, 3))
    return first, median, third


def _number_at(numbers: "NumberArray", place: float, scale: int) -> Decimal:
    """The number at a place in the order, interpolated between two, with two more decimals than they have."""
    low, high = float(numbers[floor(place)]), float(numbers[ceil(place)])
    number = round(Decimal(low + (high - low) * (place - floor(place))), scale + 2)
    return Decimal(f"{number.normalize():f}")
