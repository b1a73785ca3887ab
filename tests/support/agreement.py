"""Comparisons of the fast reader with slow, independent ones, for tests with random input and the fuzzer."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from refi_assets.engines.base import Tasks
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import SourceError
from refi_assets.ingestion import records
from refi_assets.ingestion.headers import trim
from refi_assets.ingestion.raw_zone import ingest_folder
from refi_assets.ingestion.records import BOM, LINE_BREAK, Malformed, Scan, scan_csv
from refi_assets.ingestion.snapshots import require_columns, scan_source
from refi_assets.lake import RunFolder
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.file_formats import CSV, FileFormat
from tests.support import reference_csv, reference_staging
from tests.support.sources import DAY, Sources, StagedSource

Rows = list[tuple[str, ...]]


def scan(
    folder: Path, data: bytes, file_format: FileFormat = CSV, numbered_columns: Sequence[str] = ()
) -> tuple[Scan, Rows, list[Malformed]]:
    """Scan bytes; the rows are those of the file if it can be read directly, else those of its clean copy."""
    marks = file_format.delimiter.encode(), file_format.quote.encode()
    path, copy = folder / "in.csv", folder / "copy.csv"
    path.write_bytes(data)
    copy.unlink(missing_ok=True)
    malformed: list[Malformed] = []
    result = scan_csv(
        lambda: path.open("rb"),
        copy,
        malformed.append,
        file_format=file_format,
        numbered_columns=numbered_columns,
    )
    assert copy.exists() is not result.clean, "there is a clean copy exactly if the file itself is not clean"
    if result.clean:
        well_formed = data
    else:
        own_header, _, body = copy.read_bytes().partition(b"\n")
        assert b'"' not in own_header
        well_formed = marks[0].join(b"c%d" % number for number in range(len(result.columns))) + b"\n" + body
    rows = [record.cells for record in reference_csv.read(well_formed, *marks)[1]]
    assert None not in rows, "DuckDB reads no malformed record"
    whole = [tuple(trim(cell.replace(LINE_BREAK, "\n")) for cell in row) for row in rows if row is not None]
    return result, whole, malformed


def require_same_records(folder: Path, data: bytes, block_bytes: int, file_format: FileFormat = CSV) -> Rows:
    """Scan bytes in blocks of a size (at least that of the header), and read them naively; returns the rows of both.

    If the format has no header, the file is scanned without its first record, which the naive reader needs.
    """
    header, expected = reference_csv.read(data, file_format.delimiter.encode(), file_format.quote.encode())
    numbered_columns: tuple[str, ...] = ()
    if not file_format.header:
        numbered_columns = tuple(trim(name).casefold() for name in header or ())
        data = data.removeprefix(BOM).lstrip(b"\r\n").partition(b"\n")[2]
    rows = [tuple(trim(cell) for cell in record.cells) for record in expected if record.cells is not None]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "BLOCK_BYTES", block_bytes)
        try:
            result, scanned_rows, malformed = scan(folder, data, file_format, numbered_columns)
        except SourceError:
            names = [trim(name).casefold() for name in header or () if trim(name)]
            is_binary = b"\0" in data[:64] or "\r" in ",".join(header or ()).rstrip("\r")
            assert header is None or len(set(names)) < len(names) or is_binary, "there is nothing to refuse"
            return []
    assert header is not None, "the naive reader finds no header"
    assert result.columns == tuple(trim(name).casefold() for name in header)
    assert scanned_rows == rows
    assert [(record.record_number, record.raw) for record in malformed] == [
        (number, record.raw) for number, record in enumerate(expected, 1) if record.cells is None
    ]
    assert (result.records, result.malformed) == (len(expected), len(malformed))
    cells = [record.cells for record in expected if record.cells is not None]
    require_padded_columns(result, cells, data, file_format.quote)
    return rows


def require_padded_columns(result: Scan, rows: list[tuple[str, ...]], data: bytes, quote: str = '"') -> None:
    """The scan names the columns with a padded cell. Without quotes, it names no others.

    DuckDB is never given a CR at the end of a record.
    """
    padded = _columns(result, rows, lambda cell: _is_padded(cell.rstrip("\r")))
    has_quotes = quote != "" and quote.encode() in data
    maybe = set(result.columns) if has_quotes else _columns(result, rows, _is_padded)
    assert result.padded is not None
    assert padded <= set(result.padded) <= maybe


def _columns(result: Scan, rows: list[tuple[str, ...]], has: Callable[[str], bool]) -> set[str]:
    return {result.columns[number] for row in rows for number, cell in enumerate(row) if has(cell)}


def _is_padded(cell: str) -> bool:
    return cell != trim(cell) or any(character < " " for character in cell)


def require_same_staging(sources: Sources, files: dict[str, bytes], threads: int = 2) -> None:
    """Stage files of market_equity both ways: the same rows accepted, the same reasons, or both refuse."""
    folder = sources.new_folder({f"market_equity/{name}": data for name, data in files.items()})
    try:
        expected = reference_staging.stage(files)
    except reference_staging.Refused:
        with pytest.raises(SourceError):
            _scan_source(sources, folder)
        return
    _scan_source(sources, folder)
    staged = sources.stage_folder("market_equity", folder, threads)
    assert sorted(row["property_id"] for row in staged.accepted) == sorted(row[0] for row in expected.accepted)
    names = ("property_id", *reference_staging.RANGES)
    assert {tuple(row[name] for name in names) for row in staged.accepted} == set(expected.accepted)
    assert [
        (Path(row["file"]).name, row["record_number"], row["reason"], _original(row)) for row in staged.quarantine
    ] == expected.quarantine
    assert staged.counts.nulled == expected.nulled
    assert staged.counts.rows == expected.records
    assert staged.counts.rows == staged.counts.accepted + sum(staged.counts.quarantined.values())
    assert staged.counts.keys == len({row[0] for row in expected.accepted})


def _scan_source(sources: Sources, folder: Path) -> None:
    contract = load_contracts()["market_equity"]
    ingest_folder(sources.lake, folder, DAY, [contract.source], replace=True)
    scanned, _ = scan_source(sources.lake, DuckDBEngine(sources.lake), contract, DAY, RunFolder(sources.lake, "scan"))
    require_columns(contract, scanned.files)


def _original(row: dict[str, Any]) -> dict[str, str] | bytes:
    assert (row["original_cells"] is None) == (row["reason"] == "malformed_row") == (row["original_bytes"] is not None)
    original: dict[str, str] | bytes = row["original_bytes"] if row["original_cells"] is None else row["original_cells"]
    return original


def require_same_spread(sources: Sources, tasks: Tasks, source: str, files: dict[str, bytes]) -> StagedSource:
    """Stage files in one session and by tasks: everything is equal but the files that have the accepted rows."""
    here, spread = sources.stage(source, files), sources.spread(tasks, source, files)
    assert spread.accepted == here.accepted
    assert spread.accepted_types == here.accepted_types
    assert (spread.quarantine, spread.quarantine_types) == (here.quarantine, here.quarantine_types)
    assert spread.counts == here.counts.model_copy(update={"deleted": 0, "added": 0})
    return spread
