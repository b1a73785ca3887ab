"""The quarantine of a source: rows with a fault, repeated and contradicting rows, and malformed records."""

from collections.abc import Callable, Sequence
from importlib.resources import files

from refi_assets.engines.duckdb import ORDERED_PARQUET, DuckDBSession
from refi_assets.engines.duckdb_sql import path_literal
from refi_assets.ingestion.files import CSV_DIALECT, ScannedFile
from refi_assets.lake import ObjectStore

# One row per quarantined record. A record that parsed has original_cells, a malformed one original_bytes.
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


def find_repeated_rows(session: DuckDBSession, read_compared: Callable[[], None]) -> None:
    """Create repeated_row: the rows of suspect to be rejected although each is good in itself.

    `read_compared` creates read_again, the cells of the rows in the table compared.
    """
    session.execute(_sql("compared.sql"))
    read_compared()
    session.execute(_sql("repeated_rows.sql"))


def write_quarantine(session: DuckDBSession, lake: ObjectStore, source_files: Sequence[ScannedFile], path: str) -> None:
    """Write all rows that are not accepted, in order. Creates malformed and quarantined."""
    session.execute(
        "CREATE TEMP TABLE malformed (file_number INTEGER, record_number BIGINT, problem VARCHAR, raw BLOB)"
    )
    for number, file in enumerate(source_files):
        if file.malformed_key is not None:
            malformed = path_literal(lake.url(file.malformed_key))
            session.execute(
                f"INSERT INTO malformed SELECT {number}, record_number, problem, "
                f"unhex(STRING_AGG(raw, '' ORDER BY part)) FROM read_csv({malformed}, {CSV_DIALECT}, header = false, "
                "max_line_size = 8388608, force_not_null = ['raw'], columns = {"
                "'record_number': 'BIGINT', 'problem': 'VARCHAR', 'part': 'INTEGER', 'raw': 'VARCHAR'}) "
                "GROUP BY record_number, problem"
            )
    session.execute(_sql("quarantined.sql"))
    session.copy("FROM quarantined", path, ORDERED_PARQUET)


def _sql(name: str) -> str:
    return files("refi_assets.staging").joinpath(name).read_text("utf-8")
