"""Staging a source: typed rows to Parquet, every other row to quarantine, nothing lost.

Files are read once each, into one Parquet file that is not written again: its plainly good rows are the source's. The
others are cut out of the files and judged cell by cell (judge.py); those that pass are in a second Parquet file.
Among the rows that passed, things that have several rows are looked at again (keys.py): identical rows are kept
once, conflicting ones not at all. Which rows of the first file do not count is listed beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files

from refi_assets.engines.duckdb import ORDERED_PARQUET, DuckDBSession, repeated
from refi_assets.engines.duckdb_sql import columns_sql, parquet_sql, path_literal, quoted, text_literal
from refi_assets.errors import EngineError
from refi_assets.ingestion.details import Profile, SharedValue
from refi_assets.ingestion.files import (
    CSV_DIALECT,
    MACROS,
    FileColumn,
    ScannedFile,
    chosen_rows,
    rows_sql,
    text_columns,
)
from refi_assets.lake import ObjectStore
from refi_assets.specs.checks import Cause
from refi_assets.specs.contracts import Contract
from refi_assets.staging.causes import causes_of_quarantine
from refi_assets.staging.cell_sql import EMPTY, INVISIBLE
from refi_assets.staging.judge import PLAIN, judged_rows_sql, notes_sql, original_cells_sql, plain_rows_sql
from refi_assets.staging.keys import facts_sql, is_the_one_sql, party_sql, thing_columns, thing_names, thing_sql
from refi_assets.staging.profile import medians_by_file, profiles_of, shared_values

# One row a quarantined record. A record that parsed has original_cells, a malformed one original_bytes.
QUARANTINE_COLUMNS = {
    "source": "VARCHAR",
    "file": "VARCHAR",
    "record_number": "BIGINT",
    "reason": "VARCHAR",
    "column_name": "VARCHAR",
    "problem": "VARCHAR",
    "original_cells": "VARCHAR",
    "original_bytes": "BLOB",
}

_HASHES_IN_A_STATEMENT = 100_000  # DuckDB reads a million in a second; to find them anew takes less then


@dataclass(frozen=True)
class Staged:
    """What staging a source counted. rows = accepted + the sum of quarantined, or a check says so.

    `deleted` of the rows that were written first do not count, `added` ones were written apart. `constants` has the
    columns that were not written, since no file has them, with their values. `grain`: the columns that no two accepted
    rows have in common, if every file has them.

    Of the accepted rows: `nulled` cells by column, `emptied` ones by column and word (those of keys, too, which cost
    the row), `invisible` characters taken out of cells by column, `keys` (distinct ones), `shared` (the value that most
    rows share, of some columns). Of all well-formed rows: `profiles` of the columns of numbers, `file_medians` in each
    of several files. `quarantined_keys` are up to ten of them.
    """

    rows: int
    accepted: int
    deleted: int
    added: int
    constants: dict[str, str | None]
    grain: tuple[str, ...]
    quarantined: dict[str, int]
    nulled: dict[str, int]
    emptied: dict[str, dict[str, int]]
    invisible: dict[str, int]
    keys: int
    quarantined_keys: list[str]
    profiles: dict[str, Profile]
    file_medians: dict[str, dict[str, Decimal]]
    shared: dict[str, SharedValue]
    causes: tuple[Cause, ...]


def stage_source(
    session: DuckDBSession,
    lake: ObjectStore,
    contract: Contract,
    source_files: list[ScannedFile],
    *,
    plain_path: str,
    quarantine_path: str,
    deletes_path: str,
    additions_path: str,
    accepted_path: str | None = None,
) -> Staged:
    """Write a source's well-formed rows, judged, and the quarantine, as Parquet; count them.

    Which rows in `plain_path` do not count is listed in `deletes_path`; `additions_path` has further ones. For engines
    that cannot put these together, the accepted rows are written once more, to `accepted_path`. No file is written to
    say that there is nothing. source_files must have every column that the contract requires. Raises EngineError.
    """
    session.execute(MACROS)
    constants = _constants(contract, source_files)
    _write_plain_rows(session, lake, contract, source_files, constants, plain_path)
    _judge_others(session, lake, contract, source_files, constants)
    _load_malformed(session, lake, source_files)
    _find_repeated_rows(session, lake, contract, source_files)
    session.execute(_sql("quarantined.sql"))
    session.copy("FROM quarantined", quarantine_path, ORDERED_PARQUET)
    session.execute(
        "CREATE TEMP TABLE rejected AS SELECT position FROM reconsidered WHERE fault IS NOT NULL "
        "UNION ALL SELECT position FROM repeated_row"
    )
    is_any_rejected = session.value("SELECT COUNT(*) FROM rejected") > 0
    session.execute(
        f"CREATE TEMP VIEW accepted AS FROM judged {'ANTI JOIN rejected USING (position)' if is_any_rejected else ''}; "
        "CREATE TEMP TABLE deleted AS SELECT position FROM reconsidered UNION SELECT position FROM repeated_row"
    )
    names = ", ".join(f'"{name}"' for name in contract.sql_types)
    deleted = added = 0
    if accepted_path is not None:
        session.copy(f"SELECT {names} FROM accepted ORDER BY position", accepted_path, ORDERED_PARQUET)
    elif deleted := session.value("SELECT COUNT(*) FROM deleted"):
        session.copy("FROM deleted ORDER BY position", deletes_path, ORDERED_PARQUET)
        added = session.value("SELECT COUNT(*) FROM reconsidered ANTI JOIN rejected USING (position)")
    if added:
        session.copy(
            f"SELECT position, {names} FROM reconsidered ANTI JOIN rejected USING (position) ORDER BY position",
            additions_path,
            ORDERED_PARQUET,
        )
    return _count(session, contract, source_files, deleted, added, constants)


def _constants(contract: Contract, source_files: list[ScannedFile]) -> dict[str, str | None]:
    """The columns that no file has, and the states, which no plainly good row tells, with their values as text."""
    in_files = {name for file in source_files for name in file.columns}
    absent = {column.name: column.when_absent for column in contract.columns if column.name not in in_files}
    return {**absent, **dict.fromkeys(column.state_column for column in contract.columns_with_states)}


def _write_plain_rows(
    session: DuckDBSession,
    lake: ObjectStore,
    contract: Contract,
    source_files: list[ScannedFile],
    constants: dict[str, str | None],
    path: str,
) -> None:
    """Write every well-formed row, in order, if plainly good, and give it the names by which later steps know it."""
    selects, known = [], []
    names = contract.sql_types.keys() - constants.keys()
    position = 0
    for number, file in enumerate(source_files):
        plain = plain_rows_sql(contract, text_columns(session, lake, file), names, rows_sql(lake, file))
        selects.append(f"SELECT {number} AS file_number, * FROM ({plain})")
        known.append(f"({number}, {text_literal(contract.source)}, {text_literal(file.key)}, {position})")
        position += file.rows - file.malformed
    session.copy(" UNION ALL ".join(selects), path, ORDERED_PARQUET)
    session.execute(
        "CREATE TEMP VIEW written AS SELECT * RENAME (file_row_number AS position) "
        f"FROM {parquet_sql(path, options=', file_row_number = true')}; "
        "CREATE TEMP TABLE source_file AS SELECT * FROM "
        f"(VALUES {', '.join(known)}) AS known (file_number, source, file, first_position)"
    )
    rows = session.execute(
        "SELECT file_number, MIN(position), MAX(position) + 1 - MIN(position), COUNT(*) FROM written "
        "GROUP BY file_number"
    )
    _require_every_record(source_files, {number: tuple(places) for number, *places in rows})


def _judge_others(
    session: DuckDBSession,
    lake: ObjectStore,
    contract: Contract,
    source_files: list[ScannedFile],
    constants: dict[str, str | None],
) -> None:
    """Judge the rows that are not plainly good, `reconsidered`, and let these and the others be `judged` together."""
    typed = ", ".join(f"{quoted(name)} {sql_type}" for name, sql_type in contract.sql_types.items())
    session.execute(
        f"CREATE TEMP TABLE doubtful AS SELECT file_number, position FROM written WHERE NOT {PLAIN}; "
        f"CREATE TEMP TABLE reconsidered (file_number INTEGER, position BIGINT, {typed}, fault VARCHAR, "
        "original_cells VARCHAR, noted VARCHAR)"
    )
    _read_again(session, lake, source_files, "doubtful", "reconsidered", lambda *rows: judged_rows_sql(contract, *rows))
    names = columns_sql(contract.sql_types, constants)
    judged = f"SELECT file_number, position, {names}, CAST(NULL AS VARCHAR) AS fault FROM written"
    if session.value("SELECT COUNT(*) FROM doubtful"):
        judged += (
            f" WHERE {PLAIN} UNION ALL SELECT file_number, position, {columns_sql(contract.sql_types)}, fault "
            "FROM reconsidered"
        )
    session.execute(f"CREATE TEMP VIEW judged AS {judged}; CREATE TEMP TABLE note AS {notes_sql('reconsidered')}")


def _require_every_record(source_files: list[ScannedFile], found: dict[int, tuple[int, ...]]) -> None:
    position = 0
    for number, file in enumerate(source_files):
        rows = file.rows - file.malformed
        if found.get(number, (position, 0, 0)) != (position, rows, rows):
            raise EngineError(
                f"{file.key}: DuckDB read {found.get(number, (0, 0, 0))[2]} records where {rows} are well-formed; "
                "nothing was published. Please report this with the shape of the file."
            )
        position += rows


def _load_malformed(session: DuckDBSession, lake: ObjectStore, source_files: list[ScannedFile]) -> None:
    session.execute(
        "CREATE TEMP TABLE malformed (file_number INTEGER, record_number BIGINT, problem VARCHAR, raw BLOB)"
    )
    for number, file in enumerate(source_files):
        if file.malformed_key is not None:
            path = path_literal(lake.url(file.malformed_key))
            session.execute(
                f"INSERT INTO malformed SELECT {number}, record_number, problem, "
                f"unhex(STRING_AGG(raw, '' ORDER BY part)) FROM read_csv({path}, {CSV_DIALECT}, header = false, "
                "max_line_size = 8388608, force_not_null = ['raw'], "
                "columns = {'record_number': 'BIGINT', 'problem': 'VARCHAR', 'part': 'INTEGER', 'raw': 'VARCHAR'}) "
                "GROUP BY record_number, problem"
            )


def _find_repeated_rows(
    session: DuckDBSession, lake: ObjectStore, contract: Contract, source_files: list[ScannedFile]
) -> None:
    """Fill `repeated_row`: the rows not to be kept although each is good by itself."""
    columns_of = [file.columns for file in source_files]
    thing, party = thing_sql(contract, columns_of), party_sql(contract, columns_of)
    facts, is_the_one = facts_sql(contract), is_the_one_sql(contract)
    names = ", ".join(map(quoted, thing_columns(contract, columns_of))) or "''"
    hashes = repeated(session.numbers(f"SELECT HASH({names}) AS hash FROM judged WHERE fault IS NULL", "hash"))
    if len(hashes) <= _HASHES_IN_A_STATEMENT:
        repeated_hashes = f"SELECT UNNEST(CAST({hashes.tolist()} AS UBIGINT[]))"
    else:
        repeated_hashes = (
            f"SELECT HASH({names}) AS hash FROM judged WHERE fault IS NULL GROUP BY hash HAVING COUNT(*) > 1"
        )
    session.execute(
        f"CREATE TEMP TABLE repeated_hash AS {repeated_hashes}; "
        f"CREATE TEMP TABLE suspect AS SELECT file_number, position, {thing} AS thing, {party} AS party, "
        f"{facts} AS facts, {is_the_one} AS is_the_one FROM judged "
        f"WHERE fault IS NULL AND HASH({names}) IN (FROM repeated_hash); "
        "CREATE TEMP TABLE at_odds AS SELECT thing FROM suspect GROUP BY thing HAVING MIN(facts) <> MAX(facts) "
        "OR COUNT(DISTINCT party) FILTER (WHERE is_the_one) > 1; "
        "CREATE TEMP TABLE looked_at AS SELECT file_number, position FROM suspect WHERE thing IN ("
        "SELECT thing FROM suspect GROUP BY thing, party HAVING COUNT(*) > 1 UNION FROM at_odds); "
        "CREATE TEMP TABLE read_again (file_number INTEGER, position BIGINT, original_cells VARCHAR, "
        "trimmed_cells VARCHAR)"
    )
    _read_again(session, lake, source_files, "looked_at", "read_again", original_cells_sql)
    session.execute(_sql("repeated_rows.sql"))


def _read_again(
    session: DuckDBSession,
    lake: ObjectStore,
    source_files: list[ScannedFile],
    places: str,
    table: str,
    select: Callable[[list[FileColumn], str], str],
) -> None:
    """Insert into a table what a SELECT makes of the rows at some places, a table of `file_number` and `position`.

    `select` is given a file's columns and a FROM item with its rows; the SELECT has their `position` in the file.
    """
    for number, first in session.execute(
        f"SELECT file_number, first_position FROM source_file WHERE file_number IN (SELECT file_number FROM {places}) "
        "ORDER BY file_number"
    ):
        positions = f"SELECT position - {first} AS position FROM {places} WHERE file_number = {number}"
        columns, rows = chosen_rows(session, lake, source_files[number], positions)
        session.execute(
            f"INSERT INTO {table} BY NAME SELECT * REPLACE (position + {first} AS position), {number} AS file_number "
            f"FROM ({select(columns, rows)})"
        )
        if unread := session.value(
            f"SELECT COUNT(*) FROM {places} ANTI JOIN {table} USING (file_number, position) "
            f"WHERE file_number = {number}"
        ):
            raise EngineError(f"{source_files[number].key}: {unread} rows were not read again.")


def _count(
    session: DuckDBSession,
    contract: Contract,
    source_files: list[ScannedFile],
    deleted: int,
    added: int,
    constants: dict[str, str | None],
) -> Staged:
    rows = session.value("SELECT COUNT(*) FROM accepted")
    # Rows that are no suspects have a key of their own.
    repeated, keys = session.execute(
        "SELECT COUNT(*), COUNT(DISTINCT (thing, party)) FROM suspect ANTI JOIN rejected USING (position)"
    )[0]
    must_be_filled = ", ".join(text_literal(column.name) for column in contract.columns if column.not_null)
    nulled: dict[str, int] = {}
    emptied: dict[str, dict[str, int]] = {}
    invisible: dict[str, int] = {}
    for name, kind, word, cells in session.execute(
        f"SELECT name, kind, CASE WHEN kind = {text_literal(EMPTY)} THEN cell END AS word, COUNT(*) "
        "FROM note WHERE position NOT IN (FROM rejected) "
        f"OR (kind = {text_literal(EMPTY)} AND name IN ({must_be_filled})) GROUP BY ALL ORDER BY ALL"
    ):
        if kind == EMPTY:
            emptied.setdefault(name, {})[word] = cells
        elif kind == INVISIBLE:
            invisible[name] = cells
        else:
            nulled[name] = nulled.get(name, 0) + cells
    quarantined = session.execute("SELECT reason, COUNT(*) FROM quarantined GROUP BY reason ORDER BY reason")
    key_columns = dict.fromkeys(contract.key(file.columns)[0].name for file in source_files)
    key = ", ".join(f"cell(original_cells ->> {text_literal(name)})" for name in key_columns)
    some_keys = session.execute(
        f"SELECT DISTINCT COALESCE({key}) AS key FROM quarantined "
        "WHERE original_cells IS NOT NULL AND key IS NOT NULL ORDER BY key LIMIT 10"
    )
    file_columns = {name for file in source_files for name in file.columns}
    grains = {tuple(column.name for column in contract.key(file.columns)) for file in source_files}
    keys = rows - repeated + keys
    return Staged(
        rows=sum(file.rows for file in source_files),
        accepted=rows,
        deleted=deleted,
        added=added,
        constants=constants,
        grain=grains.pop() if len(grains) == 1 and keys == rows else (),
        quarantined=dict(quarantined),
        nulled=nulled,
        emptied=emptied,
        invisible=invisible,
        keys=keys,
        quarantined_keys=[row[0] for row in some_keys],
        profiles=profiles_of(session, contract, file_columns),
        file_medians=medians_by_file(session, contract, file_columns),
        shared=shared_values(session, contract, file_columns),
        causes=causes_of_quarantine(session, thing_names(contract, source_files[0].columns)) if quarantined else (),
    )


def _sql(name: str) -> str:
    return files("refi_assets.staging").joinpath(name).read_text("utf-8")
