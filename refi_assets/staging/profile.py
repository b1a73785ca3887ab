"""What the numbers of a source look like as a whole, and which ids too many rows share.

A profile is taken of all cells that are numbers, plausible or not, so that it shows what a rule for single cells cannot
see: a column in another unit. Whether it may go on is judged by checks.
"""

from collections.abc import Collection
from decimal import Decimal

from refi_assets.engines.duckdb import DuckDBSession, quoted, text_literal
from refi_assets.ingestion.details import Profile, SharedValue
from refi_assets.specs.columns import Column
from refi_assets.specs.contracts import Contract
from refi_assets.staging.judge import EMPTY

FEW_NUMBERS = 20  # from here on, a file has a median of its own
HEAVY_HITTERS = 30  # a value of one row in thirty is among them for certain


def profiles_of(session: DuckDBSession, contract: Contract, file_columns: Collection[str]) -> dict[str, Profile]:
    """The profile of each column of numbers that the files have, over `judged` and `note`."""
    columns = [column for column in contract.columns if column.is_numeric and column.name in file_columns]
    if not columns:
        return {}
    nulled = {name for (name,) in session.execute("SELECT DISTINCT name FROM note")}
    plain = [column for column in columns if column.name not in nulled]
    profiles = {}
    if plain:
        (row,) = session.execute(f"SELECT COUNT(*), {', '.join(map(_measures, plain))} FROM judged")
        for number, column in enumerate(plain):
            profiles[column.name] = _profile(row[0], row[1 + 4 * number : 5 + 4 * number])
    for column in columns:
        if column.name in nulled:
            (row,) = session.execute(
                f"SELECT (SELECT COUNT(*) FROM judged), {_measures(column)} FROM (SELECT {quoted(column.name)} "
                f"FROM judged UNION ALL SELECT TRY_CAST(cell AS {column.sql_type}) FROM note "
                f"WHERE name = {text_literal(column.name)} AND cell <> '' AND kind <> {text_literal(EMPTY)})"
            )
            profiles[column.name] = _profile(row[0], row[1:])
    return {column.name: profiles[column.name] for column in columns}


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


def _measures(column: Column) -> str:
    name = quoted(column.name)
    return (
        f"COUNT({name}), QUANTILE_CONT({name}, [0.25, 0.5, 0.75]), COUNT(*) FILTER (WHERE {name} = 0), "
        f"COUNT(*) FILTER (WHERE {name} = FLOOR({name}))"
    )


def _profile(rows: int, measures: tuple[int, list[Decimal] | None, int, int]) -> Profile:
    numbers, quartiles, zeros, whole = measures
    first, median, third = (Decimal(str(q)) for q in quartiles) if quartiles else (None, None, None)
    return Profile(
        rows=rows, numbers=numbers, quartile_1=first, median=median, quartile_3=third, zeros=zeros, whole=whole
    )
