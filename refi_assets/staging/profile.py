"""What the numbers of a source look like as a whole, and which ids too many rows share.

A profile is taken of all cells that are numbers, plausible or not, so that it shows what a rule for single cells cannot
see: a column in another unit. Whether it may go on is judged by checks.
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
    from refi_assets.engines.duckdb import Numbers

FEW_NUMBERS = 20  # from here on, a file has a median of its own
HEAVY_HITTERS = 30  # a value of one row in thirty is among them for certain


def profiles_of(session: DuckDBSession, contract: Contract, file_columns: Collection[str]) -> dict[str, Profile]:
    """The profile of each column of numbers that the files have, over `judged` and `note`."""
    columns = [column for column in contract.columns if column.is_numeric and column.name in file_columns]
    if not columns:
        return {}
    rows = session.value("SELECT COUNT(*) FROM judged")
    nulled = {name for (name,) in session.execute("SELECT DISTINCT name FROM note")}
    return {column.name: _profile(session, column, rows, column.name in nulled) for column in columns}


def medians_by_file(
    session: DuckDBSession, contract: Contract, file_columns: Collection[str]
) -> dict[str, dict[str, Decimal]]:
    """The median in each of several files, of the columns for which the contract says where it must be.

    A file with few numbers says nothing of its unit, and is left out.
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
    """Of each column whose contract limits how many rows may share a value: the value that most accepted rows have."""
    shared = {}
    for column in contract.columns:
        if column.shared_share is None or column.name not in file_columns:
            continue
        name = quoted(column.name)
        top = session.execute(
            f"SELECT {name}, COUNT(*), (SELECT COUNT(*) FROM accepted) FROM accepted WHERE {name} IN (SELECT UNNEST("
            f"(SELECT APPROX_TOP_K({name}, {HEAVY_HITTERS}) FROM accepted))) GROUP BY {name} "
            f"ORDER BY COUNT(*) DESC, {name} LIMIT 1"
        )
        if top:
            value, rows, of = top[0]
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


def _quartiles(numbers: "Numbers", scale: int) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Quartiles, between two numbers if they are there. Sorts the numbers.

    NumPy does so in a third of the time that DuckDB takes, which keeps a copy of every column.
    """
    if not len(numbers):
        return None, None, None
    numbers.sort()
    last = len(numbers) - 1
    first, median, third = (_number_at(numbers, last * quarter / 4, scale) for quarter in (1, 2, 3))
    return first, median, third


def _number_at(numbers: "Numbers", place: float, scale: int) -> Decimal:
    """The number at a place in their order, or between two of them, with two more decimals than they have."""
    low, high = float(numbers[floor(place)]), float(numbers[ceil(place)])
    number = round(Decimal(low + (high - low) * (place - floor(place))), scale + 2)
    return Decimal(f"{number.normalize():f}")
