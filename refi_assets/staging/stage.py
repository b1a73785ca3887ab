"""Staging a source in one session: typed rows to Parquet, every other row to quarantine, nothing lost.

Rows that pass on their own (source_rows.py) are compared if they are of one thing (keys.py): identical rows are kept
once, conflicting ones are all rejected. The source's rows are then in two files, of the plainly good rows and of the
others that passed; a third lists the rows of the first that do not count. spread.py does the same on several machines.
"""

from collections.abc import Sequence

from refi_assets.engines.duckdb import DuckDBSession, repeated_numbers
from refi_assets.ingestion.files import ScannedFile
from refi_assets.lake import ObjectStore
from refi_assets.specs.contracts import Contract
from refi_assets.staging.counts import Staged, count_staged
from refi_assets.staging.quarantine import find_repeated_rows, write_quarantine
from refi_assets.staging.source_rows import SourceRows

_NUMBERS_IN_A_STATEMENT = 100_000  # DuckDB parses a million in a second; to compute them again takes less time then


def stage_source(
    session: DuckDBSession,
    lake: ObjectStore,
    contract: Contract,
    source_files: Sequence[ScannedFile],
    *,
    plain_path: str,
    quarantine_path: str,
    deletes_path: str,
    additions_path: str,
    accepted_path: str | None = None,
) -> Staged:
    """Write a source's well-formed rows, judged, and the quarantine, as Parquet; count them.

    `deletes_path` lists the rows in `plain_path` that do not count; `additions_path` has further rows. For engines that
    cannot combine these files, the accepted rows are written once more, to `accepted_path`. A file that would have no
    row is not written. source_files must have every column that the contract requires. Raises EngineError.
    """
    source = SourceRows(session, lake, contract, source_files)
    source.write(plain_path, range(len(source_files)))
    source.judge()
    source.create_suspect(_repeated_sql(source))
    find_repeated_rows(session, source.read_compared)
    write_quarantine(session, lake, source_files, quarantine_path)
    source.create_accepted()
    if accepted_path is not None:
        source.write_accepted(accepted_path)
        return count_staged(source)
    return count_staged(source, *source.write_changes(deletes_path, additions_path))


def _repeated_sql(source: SourceRows) -> str:
    """SELECT of the numbers of things that several rows have."""
    numbers = repeated_numbers(source.thing_numbers())
    if len(numbers) <= _NUMBERS_IN_A_STATEMENT:
        return f"SELECT UNNEST(CAST({numbers.tolist()} AS BIGINT[]))"
    return f"SELECT thing_number FROM ({source.thing_numbers_sql}) GROUP BY thing_number HAVING COUNT(*) > 1"
