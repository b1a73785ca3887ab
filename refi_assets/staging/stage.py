"""Staging a source: typed rows to one Parquet file, every other row to quarantine, nothing lost.

Files are read once each, judged row by row (judge.py), and then, among the rows that passed, keys that stand
there more than once are looked at again: identical rows are kept once, conflicting ones not at all.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from refi_assets.contracts import Contract
from refi_assets.engines.duckdb import PARQUET, DuckDBSession, parquet_sql, path_literal, text_literal
from refi_assets.errors import EngineError
from refi_assets.lake import ObjectStore
from refi_assets.staging.files import CSV_DIALECT, ScannedFile, rows_sql, text_columns
from refi_assets.staging.judge import MACROS, judged_rows_sql, keyed_cells_sql

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


@dataclass(frozen=True)
class Staged:
    """What staging a source counted. rows = accepted + the sum of quarantined, or a check says so."""

    rows: int
    accepted: int
    quarantined: dict[str, int]
    nulled: dict[str, int]
    keys: int  # distinct keys among the accepted rows
    quarantined_borrower_ids: list[str]  # up to ten of them


def stage_source(
    session: DuckDBSession,
    lake: ObjectStore,
    contract: Contract,
    source_files: list[ScannedFile],
    *,
    accepted_path: Path,
    quarantine_path: Path,
) -> Staged:
    """Write a source's accepted and quarantined rows as Parquet, and count them.

    source_files must have every column that the contract requires. Raises EngineError.
    """
    session.execute(MACROS)
    work = accepted_path.with_suffix(".judged")
    work.mkdir(parents=True, exist_ok=True)
    try:
        _judge(session, lake, contract, source_files, work)
        _load_malformed(session, lake, source_files)
        _judge_repeated_keys(session, lake, contract, source_files)
        _write_quarantine(session, quarantine_path)
        return _write_accepted(session, contract, source_files, accepted_path)
    finally:
        for path in work.iterdir():
            path.unlink()
        work.rmdir()


def _judge(
    session: DuckDBSession, lake: ObjectStore, contract: Contract, source_files: list[ScannedFile], work: Path
) -> None:
    parts = []
    for number, file in enumerate(source_files):
        path = work / f"{number}.parquet"
        columns = text_columns(session, lake, file)
        rows = session.copy(
            judged_rows_sql(contract, columns, rows_sql(lake, file)),
            str(path),
            "FORMAT parquet, COMPRESSION lz4_raw, PRESERVE_ORDER true",
        )
        if rows != file.rows - file.malformed:
            raise EngineError(
                f"{file.key}: DuckDB read {rows} records where {file.rows - file.malformed} are well-formed; "
                "nothing was published. Please report this with the shape of the file."
            )
        parts.append(
            f"SELECT {number} AS file_number, file_row_number + 1 AS ordinal, * EXCLUDE (file_row_number) "
            f"FROM {parquet_sql(str(path), ', file_row_number = true')}"
        )
    session.execute(f"CREATE TEMP VIEW judged AS {' UNION ALL '.join(parts)}")
    known = ", ".join(
        f"({number}, {text_literal(contract.source)}, {text_literal(file.key)})"
        for number, file in enumerate(source_files)
    )
    session.execute(
        f"CREATE TEMP TABLE source_file AS SELECT * FROM (VALUES {known}) AS known (file_number, source, file)"
    )


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


def _judge_repeated_keys(
    session: DuckDBSession, lake: ObjectStore, contract: Contract, source_files: list[ScannedFile]
) -> None:
    """Fill `repeated_row`: the rows not to be kept although each is good by itself."""
    session.execute(
        "CREATE TEMP TABLE repeated_key AS "
        "SELECT row_key FROM judged WHERE fault IS NULL GROUP BY row_key HAVING COUNT(*) > 1"
    )
    session.execute("CREATE TEMP TABLE suspect AS SELECT * FROM judged WHERE row_key IN (FROM repeated_key)")
    session.execute(
        "CREATE TEMP TABLE read_again (file_number INTEGER, row_key VARCHAR, raw_hash UBIGINT, "
        "original_cells VARCHAR, trimmed_cells VARCHAR)"
    )
    suspects = session.value("SELECT COUNT(*) FROM suspect")
    for number, file in enumerate(source_files if suspects else []):
        columns, rows = text_columns(session, lake, file), rows_sql(lake, file)
        cells_sql = keyed_cells_sql(contract, columns, rows, keys_table="repeated_key")
        session.execute(f"INSERT INTO read_again SELECT DISTINCT {number}, * FROM ({cells_sql})")
    session.execute(_sql("repeated_rows.sql"))
    found = session.value("SELECT COUNT(*) FROM keyed_row")
    if found != suspects:
        raise EngineError(f"{contract.source}: {suspects} rows have a repeated key, but {found} were read again.")


def _write_quarantine(session: DuckDBSession, path: Path) -> None:
    session.execute(_sql("quarantined.sql"))
    session.copy(
        "SELECT * FROM quarantined ORDER BY file, record_number", str(path), "FORMAT parquet, COMPRESSION zstd"
    )


def _write_accepted(session: DuckDBSession, contract: Contract, source_files: list[ScannedFile], path: Path) -> Staged:
    columns = ", ".join(f'"{column.name}"' for column in contract.columns)
    accepted = (
        "SELECT * FROM judged WHERE fault IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM repeated_row WHERE repeated_row.file_number = judged.file_number "
        "AND repeated_row.ordinal = judged.ordinal)"
    )
    rows = session.copy(f"SELECT {columns} FROM ({accepted})", str(path), PARQUET)
    nulled = session.execute(
        f"SELECT name, COUNT(*) FROM (SELECT UNNEST(STRING_SPLIT(nulled, ' ')) AS name FROM ({accepted}) "
        "WHERE nulled IS NOT NULL) GROUP BY name ORDER BY name"
    )
    quarantined = session.execute("SELECT reason, COUNT(*) FROM quarantined GROUP BY reason ORDER BY reason")
    keys = session.value(f"SELECT COUNT(DISTINCT row_key) FROM ({accepted})")
    some_ids = session.execute(
        "SELECT DISTINCT cell(original_cells ->> 'borrower_id') AS id FROM quarantined "
        "WHERE original_cells IS NOT NULL AND id IS NOT NULL ORDER BY id LIMIT 10"
    )
    return Staged(
        rows=sum(file.rows for file in source_files),
        accepted=rows,
        quarantined=dict(quarantined),
        nulled=dict(nulled),
        keys=keys,
        quarantined_borrower_ids=[row[0] for row in some_ids],
    )


def _sql(name: str) -> str:
    return files("refi_assets.staging").joinpath(name).read_text("utf-8")
