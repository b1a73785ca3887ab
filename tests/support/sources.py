"""Source files of tests, staged as in a run, and read back as plain Python values.

The expectations are in the tests; nothing here reads an answer from refi_assets.
"""

import glob
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from refi_assets.engines.base import Tasks
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.ingestion.files import ScannedFile, scan_file
from refi_assets.ingestion.raw_zone import find_snapshot, ingest_folder
from refi_assets.lake import FolderStore, Relation, RunFolder
from refi_assets.specs.contracts import load_contracts
from refi_assets.staging.counts import Staged
from refi_assets.staging.spread import stage_spread
from refi_assets.staging.stage import stage_source

DAY = date(2026, 2, 20)
MARKET = "property_id,market_rate_offer,ltv_ratio,monthly_savings_est"

# A good row with the required columns of each source; tests replace cells.
GOOD_ROW: dict[str, dict[str, str]] = {
    "borrower_information": {"borrower_id": "B1", "first_name": "Ada", "last_name": "Byron", "property_id": "P1"},
    "loan_information": {"loan_id": "L1", "borrower_id": "B1", "current_interest_rate": "6.5"},
    "market_equity": {
        "property_id": "P1",
        "market_rate_offer": "5.25",
        "ltv_ratio": "70",
        "monthly_savings_est": "120.50",
    },
    "borrower_engagement": {
        "borrower_id": "B1",
        "paperless_billing": "true",
        "email_open_last_30d": "true",
        "mobile_app_login_last_30d": "false",
        "sms_opt_in": "false",
    },
}


def csv_bytes(rows: Sequence[Sequence[str]], line_end: str = "\n") -> bytes:
    """Rows as CSV, every cell quoted, so that any text is a cell."""
    lines = (",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    return "".join(line + line_end for line in lines).encode()


def market_csv(*rows: str, header: str = MARKET) -> bytes:
    """A file of market_equity with these lines."""
    return "".join(line + "\n" for line in (header, *rows)).encode()


def loans_csv(*rows: str, header: str = "loan_id,borrower_id,current_interest_rate") -> bytes:
    """The same of loan_information."""
    return market_csv(*rows, header=header)


def key_of(name: str, source: str = "market_equity") -> str:
    """Object key of a file of the day."""
    return f"raw/{source}/load_date={DAY}/{name}"


@dataclass(frozen=True)
class StagedSource:
    """The result of staging: its counts, and the accepted and quarantined rows in the files' order."""

    counts: Staged
    files: list[ScannedFile]
    accepted: list[dict[str, Any]]
    accepted_types: dict[str, str]
    quarantine: list[dict[str, Any]]
    quarantine_types: dict[str, str]

    def column(self, name: str) -> list[Any]:
        """One column of the accepted rows."""
        return [row[name] for row in self.accepted]

    @property
    def reasons(self) -> list[tuple[int, str, str | None]]:
        """(record number, reason, column) of every quarantined row."""
        return [(row["record_number"], row["reason"], row["column_name"]) for row in self.quarantine]


class Sources:
    """A folder with a lake; each staging is a separate run. A test may replace the `contracts`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.contracts = dict(load_contracts())
        self.lake = FolderStore(str(folder / "lake"))
        self._runs = 0

    def new_folder(self, files: Mapping[str, bytes]) -> Path:
        """A folder outside the lake with these files; names may contain folders."""
        self._runs += 1
        folder = self._folder / f"dropped_{self._runs}"
        folder.mkdir()
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return folder

    def parquet(self, select: str) -> bytes:
        """The rows of a query as the bytes of a Parquet file."""
        path = self._folder / "made.parquet"
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
        return path.read_bytes()

    def scan(self, source: str, folder: Path) -> tuple[list[ScannedFile], RunFolder]:
        """Ingest a folder, replacing earlier files, find the snapshot, and scan it."""
        ingest_folder(self.lake, folder, DAY, load_contracts(), replace=True)
        snapshot = find_snapshot(self.lake, source, DAY)
        assert snapshot is not None
        run = RunFolder(self.lake, f"run-{self._runs}")
        contract = self.contracts[source]
        objects = enumerate(snapshot.objects)
        return [scan_file(self.lake, info, run, f"raw/{source}", n, contract=contract) for n, info in objects], run

    def stage(self, source: str, data: bytes | Mapping[str, bytes], threads: int = 2) -> StagedSource:
        """Stage a source that is one CSV file (bytes) or several files (name -> bytes, .gz to be compressed)."""
        files = {"part.csv": data} if isinstance(data, bytes) else data
        return self.stage_folder(
            source, self.new_folder({f"{source}/{name}": data for name, data in files.items()}), threads
        )

    def stage_folder(self, source: str, folder: Path, threads: int = 2) -> StagedSource:
        """Stage a source of a folder outside the lake."""
        files, run = self.scan(source, folder)
        plain, deletes, additions, quarantined = (
            run.key(f"staging/{source}", f"{kind}.parquet") for kind in ("", ".deletes", ".additions", ".quarantine")
        )
        contract = self.contracts[source]
        with DuckDBEngine(self.lake, threads=threads).session() as session:
            counts = stage_source(
                session,
                self.lake,
                contract,
                files,
                plain_path=self.lake.target(plain),
                deletes_path=self.lake.target(deletes),
                additions_path=self.lake.target(additions),
                quarantine_path=self.lake.target(quarantined),
            )
            relation = Relation(
                key=f"staging/{source}",
                run_id=run.run_id,
                as_of=DAY,
                kind="table",
                columns=contract.sql_types,
                parquet=plain,
                deletes=deletes if counts.deleted else None,
                additions=additions if counts.added else None,
                constants=counts.constants,
            )
            accepted = _accepted(relation, self.lake)
            as_read = session.execute(session.rows_sql(relation))
            assert sorted(map(repr, as_read)) == sorted(repr(tuple(row.values())) for row in accepted)
            types = {row[0]: row[1] for row in session.execute(f"DESCRIBE {session.rows_sql(relation)}")}
        return StagedSource(counts, files, accepted, types, *self._quarantine(quarantined))

    def spread(self, tasks: Tasks, source: str, files: Mapping[str, bytes]) -> StagedSource:
        """Stage several files of a source by tasks, one for each."""
        folder = self.new_folder({f"{source}/{name}": data for name, data in files.items()})
        return self.spread_scanned(tasks, source, *self.scan(source, folder))

    def spread_scanned(self, tasks: Tasks, source: str, files: list[ScannedFile], run: RunFolder) -> StagedSource:
        """The same with files that were scanned for a run."""
        accepted_folder, quarantined = run.key(f"staging/{source}", ""), run.key(f"staging/{source}", ".q.parquet")
        counts = stage_spread(
            tasks,
            DuckDBEngine(self.lake, threads=2),
            self.contracts[source],
            tuple(files),
            folder=run.key(f"staging/{source}", ".parts"),
            accepted_folder=accepted_folder,
            quarantine_path=self.lake.target(quarantined),
        )
        parts = [read_parquet(Path(self.lake.url(info.key))) for info in self.lake.objects(accepted_folder)]
        rows = [row for part, _ in parts for row in part]
        assert not list(self.lake.objects(run.key(f"staging/{source}", ".parts"))), "the tasks' own files are deleted"
        return StagedSource(counts, files, rows, parts[0][1], *self._quarantine(quarantined))

    def _quarantine(self, key: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """The quarantined rows, and the types of their columns."""
        quarantine, types = read_parquet(Path(self.lake.target(key)))
        for row in quarantine:
            if row["original_cells"] is not None:
                row["original_cells"] = json.loads(row["original_cells"])
        return quarantine, types

    def stage_rows(self, source: str, *changes: Mapping[str, str]) -> StagedSource:
        """Stage one CSV file in which each row is the source's good row with other or further cells."""
        rows = [{**GOOD_ROW[source], **change} for change in changes]
        names = list(dict.fromkeys(name for row in rows for name in row))
        return self.stage(source, csv_bytes([names, *([row.get(name, "") for name in names] for row in rows)]))


def _accepted(relation: Relation, lake: FolderStore) -> list[dict[str, Any]]:
    """The accepted rows that staging left in several files, in the source file's order."""
    written, deleted, added = (
        read_parquet(Path(lake.target(key)))[0] if key else []
        for key in (relation.parquet, relation.deletes, relation.additions)
    )
    left_out = {row["position"] for row in deleted}
    rows = {at: {**relation.constants, **row} for at, row in enumerate(written) if at not in left_out}
    rows |= {row["position"]: row for row in added}
    return [{name: rows[at][name] for name in relation.columns} for at in sorted(rows)]


def read_parquet(path: Path) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """A Parquet file's rows in their order, and its columns' SQL types."""
    with duckdb.connect(config={"threads": 1}) as connection:
        # The file's own name is safe; the folders above it may have any name.
        connection.execute("SET VARIABLE file = ?", [glob.escape(str(path))])
        source = "read_parquet(getvariable('file'), file_row_number = true, hive_partitioning = false)"
        types = {name: sql_type for name, sql_type, *_ in connection.execute(f"DESCRIBE FROM {source}").fetchall()}
        rows = connection.execute(f"FROM {source} ORDER BY file_row_number").fetchall()
    del types["file_row_number"]
    return [dict(zip(types, row, strict=False)) for row in rows], types
