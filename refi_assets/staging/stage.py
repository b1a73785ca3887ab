"""Staging a source: typed rows to Parquet, every other row to quarantine, nothing lost.

Each file is read once, into one Parquet file that is not written again; its plainly good rows are the source's. The
other rows are cut out of the files and judged cell by cell (judge.py); those that pass go to a second Parquet file.
Rows that passed are compared if they are of one thing (keys.py): identical rows are kept once, conflicting ones are all
rejected. A third file lists the rows of the first that do not count.
"""

from collections.abc import Callable
from importlib.resources import files

from refi_assets.engines.duckdb import ORDERED_PARQUET, DuckDBSession, repeated_numbers
from refi_assets.engines.duckdb_sql import columns_sql, parquet_sql, path_literal, quoted, text_literal
from refi_assets.errors import EngineError
from refi_assets.ingestion.details import StagedCounts
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
from refi_assets.specs.contracts import Contract
from refi_assets.staging.causes import causes_of_quarantine
from refi_assets.staging.cell_sql import EMPTY, INVISIBLE
from refi_assets.staging.judge import PLAIN, judged_rows_sql, notes_sql, original_cells_sql, plain_rows_sql
from refi_assets.staging.keys import facts_sql, is_exclusive_sql, party_sql, thing_columns, thing_names, thing_sql
from refi_assets.staging.profile import medians_by_file, profiles_of, shared_values

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

_HASHES_IN_A_STATEMENT = 100_000  # DuckDB parses a million in a second; to compute them again takes less time then


class Staged(StagedCounts):
    """A staged source. rows = accepted + the sum of quarantined; a check compares them.

    `deleted` rows of the first file do not count; `added` rows were written to the second. `constants` are the columns
    that were not written, since no file has them, with their values. `grain`: columns that are unique together among
    the accepted rows, if every file has them.
    """

    rows: int
    accepted: int
    deleted: int
    added: int
    constants: dict[str, str | None]
    grain: tuple[str, ...]


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

    `deletes_path` lists the rows in `plain_path` that do not count; `additions_path` has further rows. For engines that
    cannot combine these files, the accepted rows are written once more, to `accepted_path`. A file that would have no
    row is not written. source_files must have every column that the contract requires. Raises EngineError.
    """
    session.execute(MACROS)
    staging = _Staging(session, lake, contract, source_files)
    staging.write_plain_rows(plain_path)
    staging.judge_doubtful_rows()
    staging.load_malformed()
    staging.find_repeated_rows()
    session.execute(_sql("quarantined.sql"))
    session.copy("FROM quarantined", quarantine_path, ORDERED_PARQUET)
    staging.create_accepted()
    deleted = added = 0
    if accepted_path is not None:
        staging.write_accepted(accepted_path)
    else:
        deleted, added = staging.write_changes(deletes_path, additions_path)
    return staging.counts(deleted, added)


class _Staging:
    """The steps of one staging. Each leaves tables in the session, on which later steps build."""

    def __init__(
        self, session: DuckDBSession, lake: ObjectStore, contract: Contract, source_files: list[ScannedFile]
    ) -> None:
        self._session, self._lake, self._contract, self._files = session, lake, contract, source_files
        self._columns_of_files = [file.columns for file in source_files]
        self._file_columns = {name for columns in self._columns_of_files for name in columns}
        absent = {c.name: c.when_absent for c in contract.columns if c.name not in self._file_columns}
        states = [column.state_column for column in contract.columns_with_states]  # no plainly good row has one
        self._constants: dict[str, str | None] = absent | dict.fromkeys(states)
        self._names = columns_sql(contract.sql_types)

    def write_plain_rows(self, path: str) -> None:
        """Write every well-formed row, in order, with its cells if it is plainly good. Creates written, source_file."""
        selects, values = [], []
        names = self._contract.sql_types.keys() - self._constants.keys()
        position = 0
        for number, file in enumerate(self._files):
            columns, rows = text_columns(self._session, self._lake, file), rows_sql(self._lake, file)
            plain = plain_rows_sql(self._contract, columns, names, rows)
            selects.append(f"SELECT {number} AS file_number, * FROM ({plain})")
            values.append(f"({number}, {text_literal(self._contract.source)}, {text_literal(file.key)}, {position})")
            position += file.rows - file.malformed
        self._session.copy(" UNION ALL ".join(selects), path, ORDERED_PARQUET)
        self._session.execute(
            "CREATE TEMP VIEW written AS SELECT * RENAME (file_row_number AS position) "
            f"FROM {parquet_sql(path, options=', file_row_number = true')}; "
            "CREATE TEMP TABLE source_file AS SELECT * FROM "
            f"(VALUES {', '.join(values)}) AS source_file (file_number, source, file, first_position)"
        )
        self._require_every_record()

    def _require_every_record(self) -> None:
        rows = self._session.execute(
            "SELECT file_number, MIN(position), MAX(position) + 1 - MIN(position), COUNT(*) FROM written "
            "GROUP BY file_number"
        )
        places = {number: tuple(place) for number, *place in rows}
        position = 0
        for number, file in enumerate(self._files):
            row_count = file.rows - file.malformed
            if places.get(number, (position, 0, 0)) != (position, row_count, row_count):
                raise EngineError(
                    f"{file.key}: DuckDB read {places.get(number, (0, 0, 0))[2]} records, but {row_count} are "
                    "well-formed; nothing was published. Please report this with the shape of the file."
                )
            position += row_count

    def judge_doubtful_rows(self) -> None:
        """Judge the rows that are not plainly good. Creates doubtful, reconsidered, judged (all rows) and note."""
        typed = ", ".join(f"{quoted(name)} {sql_type}" for name, sql_type in self._contract.sql_types.items())
        self._session.execute(
            f"CREATE TEMP TABLE doubtful AS SELECT file_number, position FROM written WHERE NOT {PLAIN}; "
            f"CREATE TEMP TABLE reconsidered (file_number INTEGER, position BIGINT, {typed}, fault VARCHAR, "
            "original_cells VARCHAR, noted VARCHAR)"
        )
        self._read_again("doubtful", "reconsidered", lambda *rows: judged_rows_sql(self._contract, *rows))
        plain = columns_sql(self._contract.sql_types, self._constants)
        judged = f"SELECT file_number, position, {plain}, CAST(NULL AS VARCHAR) AS fault FROM written"
        if self._session.value("SELECT COUNT(*) FROM doubtful"):
            judged += f" WHERE {PLAIN} UNION ALL SELECT file_number, position, {self._names}, fault FROM reconsidered"
        self._session.execute(
            f"CREATE TEMP VIEW judged AS {judged}; CREATE TEMP TABLE note AS {notes_sql('reconsidered')}"
        )

    def load_malformed(self) -> None:
        """Create the table malformed, with the malformed records of all files."""
        self._session.execute(
            "CREATE TEMP TABLE malformed (file_number INTEGER, record_number BIGINT, problem VARCHAR, raw BLOB)"
        )
        for number, file in enumerate(self._files):
            if file.malformed_key is not None:
                path = path_literal(self._lake.url(file.malformed_key))
                self._session.execute(
                    f"INSERT INTO malformed SELECT {number}, record_number, problem, "
                    f"unhex(STRING_AGG(raw, '' ORDER BY part)) FROM read_csv({path}, {CSV_DIALECT}, header = false, "
                    "max_line_size = 8388608, force_not_null = ['raw'], columns = {"
                    "'record_number': 'BIGINT', 'problem': 'VARCHAR', 'part': 'INTEGER', 'raw': 'VARCHAR'}) "
                    "GROUP BY record_number, problem"
                )

    def find_repeated_rows(self) -> None:
        """Create repeated_row: the rows to be rejected although each is good in itself. Also creates suspect."""
        contract, columns = self._contract, self._columns_of_files
        thing, party = thing_sql(contract, columns), party_sql(contract, columns)
        names = ", ".join(map(quoted, thing_columns(contract, columns))) or "''"
        hashes = repeated_numbers(
            self._session.numbers(f"SELECT HASH({names}) AS hash FROM judged WHERE fault IS NULL", "hash")
        )
        if len(hashes) <= _HASHES_IN_A_STATEMENT:
            repeated_hashes = f"SELECT UNNEST(CAST({hashes.tolist()} AS UBIGINT[]))"
        else:
            repeated_hashes = (
                f"SELECT HASH({names}) AS hash FROM judged WHERE fault IS NULL GROUP BY hash HAVING COUNT(*) > 1"
            )
        self._session.execute(
            f"CREATE TEMP TABLE repeated_hash AS {repeated_hashes}; "
            f"CREATE TEMP TABLE suspect AS SELECT file_number, position, {thing} AS thing, {party} AS party, "
            f"{facts_sql(contract)} AS facts, {is_exclusive_sql(contract)} AS is_exclusive FROM judged "
            f"WHERE fault IS NULL AND HASH({names}) IN (FROM repeated_hash); "
            "CREATE TEMP TABLE at_odds AS SELECT thing FROM suspect GROUP BY thing HAVING MIN(facts) <> MAX(facts) "
            "OR COUNT(DISTINCT party) FILTER (WHERE is_exclusive) > 1; "
            "CREATE TEMP TABLE compared AS SELECT file_number, position FROM suspect WHERE thing IN ("
            "SELECT thing FROM suspect GROUP BY thing, party HAVING COUNT(*) > 1 UNION FROM at_odds); "
            "CREATE TEMP TABLE read_again (file_number INTEGER, position BIGINT, original_cells VARCHAR, "
            "trimmed_cells VARCHAR)"
        )
        self._read_again("compared", "read_again", original_cells_sql)
        self._session.execute(_sql("repeated_rows.sql"))

    def _read_again(self, places: str, table: str, select: Callable[[list[FileColumn], str], str]) -> None:
        """Insert a SELECT of the rows at some places, a table of `file_number` and `position`, into another table.

        `select` is given a file's columns and a FROM item with its rows; the SELECT has their `position` in the file.
        """
        for number, first in self._session.execute(
            "SELECT file_number, first_position FROM source_file "
            f"WHERE file_number IN (SELECT file_number FROM {places}) ORDER BY file_number"
        ):
            file = self._files[number]
            positions = f"SELECT position - {first} AS position FROM {places} WHERE file_number = {number}"
            selected = select(*chosen_rows(self._session, self._lake, file, positions))
            self._session.execute(
                f"INSERT INTO {table} BY NAME SELECT * REPLACE (position + {first} AS position), "
                f"{number} AS file_number FROM ({selected})"
            )
            if unread := self._session.value(
                f"SELECT COUNT(*) FROM {places} ANTI JOIN {table} USING (file_number, position) "
                f"WHERE file_number = {number}"
            ):
                raise EngineError(f"{file.key}: {unread} rows were not read again.")

    def create_accepted(self) -> None:
        """Create rejected, accepted and deleted: rows of judged, and those of the first file that do not count."""
        self._session.execute(
            "CREATE TEMP TABLE rejected AS SELECT position FROM reconsidered WHERE fault IS NOT NULL "
            "UNION ALL SELECT position FROM repeated_row; "
            "CREATE TEMP TABLE deleted AS SELECT position FROM reconsidered UNION SELECT position FROM repeated_row"
        )
        is_any_rejected = self._session.value("SELECT COUNT(*) FROM rejected") > 0
        without = "ANTI JOIN rejected USING (position)" if is_any_rejected else ""
        self._session.execute(f"CREATE TEMP VIEW accepted AS FROM judged {without}")

    def write_accepted(self, path: str) -> None:
        """Write the accepted rows to one file."""
        self._session.copy(f"SELECT {self._names} FROM accepted ORDER BY position", path, ORDERED_PARQUET)

    def write_changes(self, deletes_path: str, additions_path: str) -> tuple[int, int]:
        """Write the deleted rows of the first file, and the added ones; returns the number of each."""
        deleted = self._session.value("SELECT COUNT(*) FROM deleted")
        if not deleted:
            return 0, 0
        self._session.copy("FROM deleted ORDER BY position", deletes_path, ORDERED_PARQUET)
        additions = "FROM reconsidered ANTI JOIN rejected USING (position)"
        added = self._session.value(f"SELECT COUNT(*) {additions}")
        if added:
            rows = f"SELECT position, {self._names} {additions} ORDER BY position"
            self._session.copy(rows, additions_path, ORDERED_PARQUET)
        return deleted, added

    def counts(self, deleted: int, added: int) -> Staged:
        """All counts of the source."""
        session, contract = self._session, self._contract
        accepted = session.value("SELECT COUNT(*) FROM accepted")
        # Every row that is not a suspect has a key of its own.
        suspects, suspect_keys = session.execute(
            "SELECT COUNT(*), COUNT(DISTINCT (thing, party)) FROM suspect ANTI JOIN rejected USING (position)"
        )[0]
        keys = accepted - suspects + suspect_keys
        grains = {tuple(column.name for column in contract.key(columns)) for columns in self._columns_of_files}
        quarantined = session.execute("SELECT reason, COUNT(*) FROM quarantined GROUP BY reason ORDER BY reason")
        thing = thing_names(contract, self._columns_of_files[0])
        nulled, emptied, invisible = self._counts_of_notes()
        return Staged(
            rows=sum(file.rows for file in self._files),
            accepted=accepted,
            deleted=deleted,
            added=added,
            constants=self._constants,
            grain=grains.pop() if len(grains) == 1 and keys == accepted else (),
            quarantined=dict(quarantined),
            nulled=nulled,
            emptied=emptied,
            invisible=invisible,
            keys=keys,
            quarantined_keys=self._quarantined_keys(),
            profiles=profiles_of(session, contract, self._file_columns),
            file_medians=medians_by_file(session, contract, self._file_columns),
            shared=shared_values(session, contract, self._file_columns),
            causes=causes_of_quarantine(session, thing, contract.file_format) if quarantined else (),
        )

    def _counts_of_notes(self) -> tuple[dict[str, int], dict[str, dict[str, int]], dict[str, int]]:
        """Cells that became null, by column; that read as empty, by column and word; with invisible characters."""
        not_null = ", ".join(text_literal(column.name) for column in self._contract.columns if column.not_null)
        is_empty = f"kind = {text_literal(EMPTY)}"
        nulled: dict[str, int] = {}
        emptied: dict[str, dict[str, int]] = {}
        invisible: dict[str, int] = {}
        for name, kind, word, cells in self._session.execute(
            f"SELECT name, kind, CASE WHEN {is_empty} THEN cell END AS word, COUNT(*) FROM note "
            f"WHERE position NOT IN (FROM rejected) OR ({is_empty} AND name IN ({not_null})) GROUP BY ALL ORDER BY ALL"
        ):
            if kind == EMPTY:
                emptied.setdefault(name, {})[word] = cells
            elif kind == INVISIBLE:
                invisible[name] = cells
            else:
                nulled[name] = nulled.get(name, 0) + cells
        return nulled, emptied, invisible

    def _quarantined_keys(self) -> tuple[str, ...]:
        names = dict.fromkeys(self._contract.key(columns)[0].name for columns in self._columns_of_files)
        key = ", ".join(f"cell(original_cells ->> {text_literal(name)})" for name in names)
        keys = self._session.execute(
            f"SELECT DISTINCT COALESCE({key}) AS key FROM quarantined "
            "WHERE original_cells IS NOT NULL AND key IS NOT NULL ORDER BY key LIMIT 10"
        )
        return tuple(key for (key,) in keys)


def _sql(name: str) -> str:
    return files("refi_assets.staging").joinpath(name).read_text("utf-8")
