"""Staging a source on several machines: a task judges each file, and one shuffle finds the keys that files share.

The tasks use the same two parts as stage.py, each in a session of its own. A task leaves its result in a folder of the
lake, by one put under a name that does not depend on the attempt, and this process combines them: it decides about rows
of one thing, writes the quarantine and counts. The folder is deleted at the end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from refi_assets.engines.base import Tasks
from refi_assets.engines.duckdb import ORDERED_PARQUET, DuckDBEngine, DuckDBSession
from refi_assets.engines.duckdb_sql import parquet_sql
from refi_assets.ingestion.files import ScannedFile
from refi_assets.lake import ObjectStore
from refi_assets.specs.contracts import Contract
from refi_assets.staging.counts import Staged, count_staged
from refi_assets.staging.quarantine import find_repeated_rows, write_quarantine
from refi_assets.staging.source_rows import SourceRows

if TYPE_CHECKING:
    from refi_assets.engines.duckdb import NumberArray

_NUMBERS_IN_A_STATEMENT = 100_000


def stage_spread(
    tasks: Tasks,
    engine: DuckDBEngine,
    contract: Contract,
    source_files: tuple[ScannedFile, ...],
    *,
    folder: str,
    accepted_folder: str,
    quarantine_path: str,
) -> Staged:
    """Write a source's accepted rows, a Parquet file for each of its files, and the quarantine; count them.

    `folder` is for the tasks alone. source_files must have every column that the contract requires. Raises RefiError.
    """
    spread = _Spread(replace(engine, threads=1), contract, source_files, folder, accepted_folder)
    names = {number: file.key for number, file in enumerate(source_files)}
    try:
        tasks.run(spread.judge, names)
        repeated = tasks.shared_numbers(spread.thing_numbers, names)
        with engine.session() as session:
            source = spread.judged(session, names)
            _create_suspect(tasks, spread, source, repeated, names)
            find_repeated_rows(session, lambda: _read_compared(tasks, spread, session, names))
            write_quarantine(session, engine.lake, source_files, quarantine_path)
            spread.put(session, "SELECT file_number, position FROM repeated_row", "repeated")
            source.create_accepted()
            accepted = sum(tasks.run(spread.accept, names))
            return count_staged(source).model_copy(update={"accepted": accepted})
    finally:
        engine.lake.delete_folder(folder)


def _create_suspect(
    tasks: Tasks, spread: "_Spread", source: SourceRows, repeated: "NumberArray", names: dict[int, str]
) -> None:
    """Create suspect in this process's session."""
    if not len(repeated):
        source.create_suspect("SELECT 0 WHERE FALSE")
        return
    session = source.session
    session.execute("CREATE TEMP TABLE shared_number (thing_number BIGINT)")
    for first in range(0, len(repeated), _NUMBERS_IN_A_STATEMENT):
        part = repeated[first : first + _NUMBERS_IN_A_STATEMENT].tolist()
        session.execute(f"INSERT INTO shared_number SELECT UNNEST(CAST({part} AS BIGINT[]))")
    spread.put(session, "FROM shared_number", "shared")
    tasks.run(spread.find_suspect, names)
    session.execute(f"CREATE TEMP TABLE suspect AS FROM {spread.parquet('suspect', names)}")


def _read_compared(tasks: Tasks, spread: "_Spread", session: DuckDBSession, names: dict[int, str]) -> None:
    """Create read_again in this process's session: tasks read the files that have rows to be compared."""
    spread.put(session, "FROM compared", "compared")
    numbers = session.execute("SELECT DISTINCT file_number FROM compared ORDER BY file_number")
    # Of a file without such rows nothing is read, so the first one's result, perhaps without rows, has the columns.
    compared = {number: names[number] for (number,) in numbers} or {0: names[0]}
    tasks.run(spread.read_compared, compared)
    session.execute(f"CREATE TEMP TABLE read_again AS FROM {spread.parquet('cells', compared)}")


@dataclass(frozen=True)
class _Spread:
    """The files of a source, and the tasks on each of them by its number."""

    engine: DuckDBEngine
    contract: Contract
    files: tuple[ScannedFile, ...]
    folder: str
    accepted_folder: str

    def judge(self, number: int) -> None:
        """Put the rows of a file as written and as reconsidered."""
        with self.engine.session() as session:
            source, path = self._source(session), session.scratch / "written.parquet"
            source.write(str(path), range(number, number + 1))
            source.judge()
            self._lake.put(self._key("written", number), path)
            self.put(session, "FROM reconsidered ORDER BY position", "reconsidered", number)

    def thing_numbers(self, number: int) -> "NumberArray":
        """The numbers by which rows of one thing are found."""
        with self.engine.session() as session:
            return self.judged(session, [number]).thing_numbers()

    def find_suspect(self, number: int) -> None:
        """Put the rows of a file that have one of the numbers that rows share."""
        with self.engine.session() as session:
            self.judged(session, [number]).create_suspect(f"FROM {self.parquet('shared')}")
            self.put(session, "FROM suspect ORDER BY position", "suspect", number)

    def read_compared(self, number: int) -> None:
        """Put the cells of the rows of a file that are to be compared."""
        with self.engine.session() as session:
            source, compared = self._source(session), self.parquet("compared")
            session.execute(f"CREATE TEMP TABLE compared AS FROM {compared} WHERE file_number = {number}")
            source.read_compared()
            self.put(session, "FROM read_again ORDER BY position", "cells", number)

    def accept(self, number: int) -> int:
        """Put the accepted rows of a file; returns their number."""
        with self.engine.session() as session:
            source, repeated = self.judged(session, [number]), self.parquet("repeated")
            session.execute(f"CREATE TEMP TABLE repeated_row AS FROM {repeated} WHERE file_number = {number}")
            source.create_accepted()
            path = session.scratch / "accepted.parquet"
            accepted = source.write_accepted(str(path))
            self._lake.put(f"{self.accepted_folder}/part-{number:05}.parquet", path)
            return accepted

    def judged(self, session: DuckDBSession, numbers: Iterable[int]) -> SourceRows:
        """The judged rows of some files, in a session."""
        source = self._source(session)
        source.reopen(self._urls("written", numbers), self._urls("reconsidered", numbers))
        return source

    def _source(self, session: DuckDBSession) -> SourceRows:
        return SourceRows(session, self._lake, self.contract, self.files)

    def put(self, session: DuckDBSession, sql: str, kind: str, number: int | None = None) -> None:
        """Put a query's rows for other tasks: those of a file, or of all."""
        path = session.scratch / f"{kind}.parquet"
        session.copy(sql, str(path), ORDERED_PARQUET)
        self._lake.put(self._key(kind, number), path)

    def parquet(self, kind: str, numbers: Iterable[int | None] = (None,)) -> str:
        """A FROM item with the rows that were put, of all or of some files."""
        return parquet_sql(*self._urls(kind, numbers))

    def _urls(self, kind: str, numbers: Iterable[int | None]) -> list[str]:
        return [self._lake.url(self._key(kind, number)) for number in numbers]

    def _key(self, kind: str, number: int | None) -> str:
        return f"{self.folder}/{kind}.parquet" if number is None else f"{self.folder}/{kind}-{number:05}.parquet"

    @property
    def _lake(self) -> ObjectStore:
        return self.engine.lake
