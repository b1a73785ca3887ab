"""The well-formed rows of a source in a session, each judged on its own; and those of them that are of one thing.

Each file is read once, into a Parquet file that is not written again; its plainly good rows are the source's. The other
rows are cut out of the files and judged cell by cell (judge.py). A session may have all files of a source or some of
them; numbers of files and positions of rows are those of the whole source. Whether rows of one thing repeat or
contradict one another is decided in quarantine.py.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from refi_assets.engines.duckdb import ORDERED_PARQUET, DuckDBSession
from refi_assets.engines.duckdb_sql import columns_sql, parquet_sql, quoted, text_literal
from refi_assets.errors import EngineError
from refi_assets.ingestion.files import MACROS, FileColumn, ScannedFile, chosen_rows, rows_sql, text_columns
from refi_assets.lake import ObjectStore
from refi_assets.specs.contracts import Contract
from refi_assets.staging.judge import PLAIN, judged_rows_sql, notes_sql, original_cells_sql, plain_rows_sql
from refi_assets.staging.keys import facts_sql, is_exclusive_sql, party_sql, thing_columns, thing_sql

if TYPE_CHECKING:
    from refi_assets.engines.duckdb import NumberArray


class SourceRows:
    """The rows of a source in one session. Each step leaves tables there, on which later steps build.

    `constants` are the columns that no file has, with their values.
    """

    def __init__(
        self, session: DuckDBSession, lake: ObjectStore, contract: Contract, source_files: Sequence[ScannedFile]
    ) -> None:
        """Create source_file, the table of all files of the source."""
        self.session, self.contract, self.files = session, contract, source_files
        self._lake = lake
        self.columns_of_files = [file.columns for file in source_files]
        self.file_columns = {name for columns in self.columns_of_files for name in columns}
        absent = {c.name: c.when_absent for c in contract.columns if c.name not in self.file_columns}
        states = [column.state_column for column in contract.columns_with_states]  # no plainly good row has one
        self.constants: dict[str, str | None] = absent | dict.fromkeys(states)
        self._names = columns_sql(contract.sql_types)
        self._first_positions = [0, *accumulate(file.rows - file.malformed for file in source_files)]
        names = ", ".join(map(quoted, thing_columns(contract, self.columns_of_files))) or "''"
        self._thing_number = f"CAST(HASH({names}) >> 1 AS BIGINT)"
        values = ", ".join(
            f"({number}, {text_literal(contract.source)}, {text_literal(file.key)}, {self._first_positions[number]})"
            for number, file in enumerate(source_files)
        )
        session.execute(MACROS)
        session.execute(
            "CREATE TEMP TABLE source_file AS SELECT * FROM "
            f"(VALUES {values}) AS source_file (file_number, source, file, first_position)"
        )

    def write(self, path: str, numbers: range) -> None:
        """Write the rows of some files, which follow one another, with the cells of those that are plainly good.

        Rows are in order. Creates written.
        """
        names = self.contract.sql_types.keys() - self.constants.keys()
        selects = []
        for number in numbers:
            file = self.files[number]
            columns, rows = text_columns(self.session, self._lake, file), rows_sql(self._lake, file)
            plain = plain_rows_sql(self.contract, columns, names, rows)
            selects.append(f"SELECT {number} AS file_number, * FROM ({plain})")
        self.session.copy(" UNION ALL ".join(selects), path, ORDERED_PARQUET)
        self.session.execute(
            "CREATE TEMP VIEW written AS SELECT * EXCLUDE (file_row_number), "
            f"file_row_number + {self._first_positions[numbers[0]]} AS position "
            f"FROM {parquet_sql(path, options=', file_row_number = true')}"
        )
        self._require_every_record(numbers)

    def _require_every_record(self, numbers: range) -> None:
        rows = self.session.execute(
            "SELECT file_number, MIN(position), MAX(position) + 1 - MIN(position), COUNT(*) FROM written "
            "GROUP BY file_number"
        )
        places = {number: tuple(place) for number, *place in rows}
        for number in numbers:
            file, position = self.files[number], self._first_positions[number]
            row_count = file.rows - file.malformed
            if places.get(number, (position, 0, 0)) != (position, row_count, row_count):
                raise EngineError(
                    f"{file.key}: DuckDB read {places.get(number, (0, 0, 0))[2]} records, but {row_count} are "
                    "well-formed; nothing was published. Please report this with the shape of the file."
                )

    def judge(self) -> None:
        """Judge the rows that are not plainly good. Creates doubtful, reconsidered, judged (all rows) and note."""
        typed = ", ".join(f"{quoted(name)} {sql_type}" for name, sql_type in self.contract.sql_types.items())
        self.session.execute(
            f"CREATE TEMP TABLE doubtful AS SELECT file_number, position FROM written WHERE NOT {PLAIN}; "
            f"CREATE TEMP TABLE reconsidered (file_number INTEGER, position BIGINT, {typed}, fault VARCHAR, "
            "original_cells VARCHAR, noted VARCHAR)"
        )
        self._read_again("doubtful", "reconsidered", lambda *rows: judged_rows_sql(self.contract, *rows))
        self._create_judged()

    def _create_judged(self) -> None:
        plain = columns_sql(self.contract.sql_types, self.constants)
        judged = f"SELECT file_number, position, {plain}, CAST(NULL AS VARCHAR) AS fault FROM written"
        if self.session.value("SELECT COUNT(*) FROM reconsidered"):
            judged += f" WHERE {PLAIN} UNION ALL SELECT file_number, position, {self._names}, fault FROM reconsidered"
        self.session.execute(
            f"CREATE TEMP VIEW judged AS {judged}; CREATE TEMP TABLE note AS {notes_sql('reconsidered')}"
        )

    def reopen(self, written_paths: Sequence[str], reconsidered_paths: Sequence[str]) -> None:
        """Create the same tables from files with the rows written and reconsidered, one each of every source file."""
        self.session.execute(
            "CREATE TEMP VIEW written AS SELECT part.* EXCLUDE (file_row_number), "
            "part.file_row_number + source_file.first_position AS position "
            f"FROM {parquet_sql(*written_paths, options=', file_row_number = true')} AS part "
            "INNER JOIN source_file ON source_file.file_number = part.file_number; "
            f"CREATE TEMP TABLE reconsidered AS FROM {parquet_sql(*reconsidered_paths)}"
        )
        self._create_judged()

    def thing_numbers(self) -> "NumberArray":
        """A number for each row that is good in itself. Rows of one thing have the same number, as have few others."""
        return self.session.numbers(f"SELECT thing_number FROM ({self.thing_numbers_sql})", "thing_number")

    @property
    def thing_numbers_sql(self) -> str:
        """SELECT of the same."""
        return f"SELECT {self._thing_number} AS thing_number FROM judged WHERE fault IS NULL"

    def create_suspect(self, repeated: str) -> None:
        """Create suspect: the rows that are good in themselves and have one of the numbers that a SELECT returns."""
        thing, party = thing_sql(self.contract, self.columns_of_files), party_sql(self.contract, self.columns_of_files)
        self.session.execute(
            f"CREATE TEMP TABLE repeated_number AS {repeated}; "
            f"CREATE TEMP TABLE suspect AS SELECT file_number, position, {thing} AS thing, {party} AS party, "
            f"{facts_sql(self.contract)} AS facts, {is_exclusive_sql(self.contract)} AS is_exclusive FROM judged "
            f"WHERE fault IS NULL AND {self._thing_number} IN (FROM repeated_number)"
        )

    def read_compared(self) -> None:
        """Create read_again: the cells of the rows in the table compared."""
        self.session.execute(
            "CREATE TEMP TABLE read_again (file_number INTEGER, position BIGINT, original_cells VARCHAR, "
            "trimmed_cells VARCHAR)"
        )
        self._read_again("compared", "read_again", original_cells_sql)

    def _read_again(self, places: str, table: str, select: Callable[[list[FileColumn], str], str]) -> None:
        """Insert a SELECT of the rows at some places, a table of `file_number` and `position`, into another table.

        `select` is given a file's columns and a FROM item with its rows; the SELECT has their `position` in the file.
        """
        for (number,) in self.session.execute(f"SELECT DISTINCT file_number FROM {places} ORDER BY file_number"):
            file, first = self.files[number], self._first_positions[number]
            positions = f"SELECT position - {first} AS position FROM {places} WHERE file_number = {number}"
            selected = select(*chosen_rows(self.session, self._lake, file, positions))
            self.session.execute(
                f"INSERT INTO {table} BY NAME SELECT * REPLACE (position + {first} AS position), "
                f"{number} AS file_number FROM ({selected})"
            )
            if unread := self.session.value(
                f"SELECT COUNT(*) FROM {places} ANTI JOIN {table} USING (file_number, position) "
                f"WHERE file_number = {number}"
            ):
                raise EngineError(f"{file.key}: {unread} rows were not read again.")

    def create_accepted(self) -> None:
        """Create rejected and accepted: the rows of judged that have a fault or are in repeated_row, and the others."""
        self.session.execute(
            "CREATE TEMP TABLE rejected AS SELECT position FROM reconsidered WHERE fault IS NOT NULL "
            "UNION ALL SELECT position FROM repeated_row"
        )
        is_any_rejected = self.session.value("SELECT COUNT(*) FROM rejected") > 0
        without = "ANTI JOIN rejected USING (position)" if is_any_rejected else ""
        self.session.execute(f"CREATE TEMP VIEW accepted AS FROM judged {without}")

    def write_accepted(self, path: str) -> int:
        """Write the accepted rows to one file, in order; returns their number."""
        return self.session.copy(f"SELECT {self._names} FROM accepted ORDER BY position", path, ORDERED_PARQUET)

    def write_changes(self, deletes_path: str, additions_path: str) -> tuple[int, int]:
        """Write the written rows that do not count, and the accepted rows to be added; returns the number of each."""
        self.session.execute(
            "CREATE TEMP TABLE deleted AS SELECT position FROM reconsidered UNION SELECT position FROM repeated_row"
        )
        deleted = self.session.value("SELECT COUNT(*) FROM deleted")
        if not deleted:
            return 0, 0
        self.session.copy("FROM deleted ORDER BY position", deletes_path, ORDERED_PARQUET)
        additions = "FROM reconsidered ANTI JOIN rejected USING (position)"
        added = self.session.value(f"SELECT COUNT(*) {additions}")
        if added:
            rows = f"SELECT position, {self._names} {additions} ORDER BY position"
            self.session.copy(rows, additions_path, ORDERED_PARQUET)
        return deleted, added
