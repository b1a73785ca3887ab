"""Files of a snapshot as tables of text: each is opened, scanned and described once.

A `ScannedFile` has everything that later steps need to read a file: its hash, its columns, its number of records, and
the object that DuckDB reads (the file, or its clean copy).
"""

import csv
import gzip
import zlib
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO, cast

from pydantic import BaseModel, ConfigDict

from refi_assets.engines.duckdb import DuckDBEngine, DuckDBSession
from refi_assets.engines.duckdb_sql import parquet_sql, path_literal, quoted, text_literal
from refi_assets.errors import EngineError, SourceError
from refi_assets.ingestion.encodings import Decoded, encoded
from refi_assets.ingestion.file_names import suffix_of
from refi_assets.ingestion.first_bytes import format_of
from refi_assets.ingestion.parquet import scan_parquet, text_sql
from refi_assets.ingestion.records import LINE_BREAK, MAX_RECORD_BYTES, Malformed, Scan, scan_csv
from refi_assets.ingestion.settings import GB, beyond_size_limit
from refi_assets.lake import ObjectInfo, ObjectStore, RunFolder
from refi_assets.specs.contracts import Contract
from refi_assets.specs.file_formats import CSV, FileFormat

FIRST_BYTES = 64 << 10


def csv_dialect(file_format: FileFormat) -> str:
    """The options of DuckDB's read_csv for a format, in UTF-8."""
    delimiter, quote = text_literal(file_format.delimiter), text_literal(file_format.quote)
    return (
        f"auto_detect = false, delim = {delimiter}, quote = {quote}, escape = {quote}, comment = '', "
        "compression = 'none', strict_mode = true"
    )


CSV_DIALECT = csv_dialect(CSV)  # of the files that the scan writes

# DuckDB's macros on the text of cells.
MACROS = files("refi_assets.ingestion").joinpath("cells.sql").read_text("utf-8")


@dataclass(frozen=True)
class FileColumn:
    """A column of a file: its name as the contract spells it, and the SQL that reads it as text.

    `reads_empty_as_null`: an empty cell reads as null. `is_tidy`: it does, and no cell begins or ends with white space
    or contains a control character. A trimmed cell that equals one of the `null_marks` reads as empty. `has_iso_days`:
    its days are ISO dates, since it is no text in the file.
    """

    name: str
    sql: str
    reads_empty_as_null: bool = False
    is_tidy: bool = False
    null_marks: tuple[str, ...] = ()
    has_iso_days: bool = False

    @property
    def original(self) -> str:
        """SQL for its cells as the file has them."""
        return f"COALESCE({self.sql}, '')" if self.reads_empty_as_null else self.sql


class ScannedFile(BaseModel):
    """One file of a snapshot.

    `etag` is that of the scanned version. `rows` counts records after the header, malformed ones included. `respelled`
    maps the file's spellings of column names to the contract's. `read_key` is the object that DuckDB reads;
    `malformed_key` lists the malformed records (record number, problem, part, bytes in hex), if any. `line_breaks` and
    `padded` are those of Scan. `file_format` is that of a text file and its clean copy; the copy is in UTF-8 and has a
    header.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    size: int
    etag: str | None = None
    sha256: str
    rows: int
    malformed: int
    columns: tuple[str, ...]
    respelled: dict[str, str] = {}
    read_key: str
    malformed_key: str | None = None
    line_breaks: tuple[str, ...] = ()
    line_end: str = "\n"
    padded: tuple[str, ...] = ()
    file_format: FileFormat = CSV

    @property
    def info(self) -> ObjectInfo:
        """The scanned object."""
        return ObjectInfo(self.key, self.size, self.etag)

    @property
    def left_keys(self) -> list[str]:
        """Objects that the scan put into a run's folder."""
        return [key for key in (self.read_key, self.malformed_key) if key and key != self.key]

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet; otherwise it is CSV."""
        return suffix_of(self.key) == ".parquet"


def scan_file(
    lake: ObjectStore,
    info: ObjectInfo,
    folder: RunFolder,
    relation: str,
    number: int,
    sha256: str | None = None,
    max_file_gb: float = 100,
    contract: Contract | None = None,
    file_format: FileFormat = CSV,
) -> ScannedFile:
    """Count a file's records and set the malformed ones aside in the run's folder. `sha256`: the file's, if known.

    The contract declares the format of text files; without one, they have any columns and the `file_format`. Raises
    SourceError, naming the file, if it is unreadable, empty, of another kind than its name says, or unpacks to more
    than `max_file_gb` (10^9 bytes). Then nothing is left in the run's folder.
    """
    sha256 = sha256 or lake.sha256(info.key)
    file_format = contract.file_format if contract else file_format
    suffix, is_compressed = suffix_of(info.key), info.key.casefold().endswith(".gz")
    clean_key, malformed_key = keys_of_scan(info, folder, relation, number)

    def open_file() -> BinaryIO:
        stream: BinaryIO = lake.open(info.key)
        if is_compressed:
            stream = cast(BinaryIO, _Unpacked(stream, max_file_gb, lake.room()))
        return stream if file_format.encoding == "utf-8" else cast(BinaryIO, Decoded(stream, file_format.encoding))

    def set_aside(record: Malformed) -> None:
        malformed.add(replace(record, raw=encoded(record.raw, file_format.encoding)))

    try:
        with (
            lake.new_file(clean_key) as clean_path,
            lake.new_file(malformed_key) as malformed_path,
            _MalformedFile(malformed_path) as malformed,
        ):
            if suffix == ".parquet":
                with DuckDBEngine(lake).session() as session:
                    url = lake.url(info.key)
                    scan = scan_parquet(session, url, contract, clean_path, malformed.add, max_file_gb)
            else:
                # DuckDB reads a copy of a compressed file in parallel, and only Python's gzip decides how to unpack it.
                scan = scan_csv(
                    open_file,
                    clean_path,
                    set_aside,
                    file_format=file_format,
                    file_names=contract.file_names if contract else None,
                    numbered_columns=contract.numbered_columns if contract else (),
                    always_copy=is_compressed or file_format.encoding != "utf-8",
                )
    except (SourceError, EngineError, OSError, EOFError, zlib.error) as error:
        lake.delete([key for key in (clean_key, malformed_key) if lake.find(key)])
        if isinstance(error, SourceError):
            raise SourceError(f"{info.key}: {error}.") from None
        if isinstance(error, OSError) and error.errno is not None:
            raise  # a failure of the disk, not of the file
        raise SourceError(f"{info.key} cannot be read{_cause(lake, info, error)}.") from None
    return _scanned(info, sha256, scan, clean_key, malformed_key, file_format)


def keys_of_scan(info: ObjectInfo, folder: RunFolder, relation: str, number: int) -> tuple[str, str]:
    """The objects that the scan of a file may leave: its clean copy, and its malformed records."""
    clean = ".parquet" if suffix_of(info.key) == ".parquet" else ".csv"
    return folder.key(relation, f".{number}.clean{clean}"), folder.key(relation, f".{number}.malformed.csv")


def _cause(lake: ObjectStore, info: ObjectInfo, error: Exception) -> str:
    """Why a compressed or Parquet file cannot be read: its real format, or that it is damaged."""
    with lake.open(info.key) as stream:
        start = stream.read(FIRST_BYTES)
    suffix = suffix_of(info.key)
    as_parquet = " as Parquet" if suffix == ".parquet" else ""
    is_what_it_says = start.startswith(b"PAR1" if as_parquet else b"\x1f\x8b")
    if not is_what_it_says and (binary_format := format_of(start)):
        name, to_do = binary_format
        return f"{as_parquet}: it is {name}; {to_do}"
    if start and not is_what_it_says and b"\0" not in start:
        return f"{as_parquet}: it looks like plain text; if it is CSV, end its name in .csv"
    return f"{as_parquet}{'' if as_parquet else f': {error}'}. Upload the complete file again"


def _scanned(
    info: ObjectInfo, sha256: str, scan: Scan, clean_key: str, malformed_key: str, file_format: FileFormat
) -> ScannedFile:
    return ScannedFile(
        key=info.key,
        size=info.size,
        etag=info.etag,
        sha256=sha256,
        rows=scan.records,
        malformed=scan.malformed,
        columns=scan.columns,
        respelled=scan.respelled,
        read_key=info.key if scan.clean else clean_key,
        malformed_key=malformed_key if scan.malformed else None,
        line_breaks=scan.line_breaks,
        line_end=scan.line_end.decode() if scan.clean else "\n",
        padded=scan.padded,
        file_format=file_format,
    )


def require_size(info: ObjectInfo, max_file_gb: float) -> None:
    """Raise SourceError for a file that is too large even before it is unpacked."""
    if info.size / GB > max_file_gb:
        raise SourceError(f"{info.key}: {info.size / GB:.3g} GB is {beyond_size_limit(max_file_gb)}.")


class _Unpacked(gzip.GzipFile):
    """A compressed file's content; reading fails beyond the limit, or if it would use nine tenths of the free disk."""

    def __init__(self, stream: BinaryIO, max_file_gb: float, room: int) -> None:
        super().__init__(fileobj=stream)
        room_gb = room * 0.9 / GB
        self._allowed_gb = min(max_file_gb, room_gb)
        self._refusal = f"unpacked, it is {beyond_size_limit(max_file_gb)}"
        if room_gb < max_file_gb:
            self._refusal = f"unpacked, it is more than {room_gb:.3g} GB, nine tenths of the room where it is unpacked"

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if self.tell() / GB > self._allowed_gb:
            raise SourceError(self._refusal)
        return data


def text_columns(session: DuckDBSession, lake: ObjectStore, file: ScannedFile) -> list[FileColumn]:
    """The file's columns, each with the SQL that reads its cells as text."""
    if not file.is_parquet:
        return [
            FileColumn(
                name,
                _csv_cell(file, number, name),
                reads_empty_as_null=True,
                is_tidy=name not in file.padded,
                null_marks=file.file_format.null_marks,
            )
            for number, name in enumerate(file.columns)
        ]
    described = session.execute(f"DESCRIBE SELECT * FROM {rows_sql(lake, file)}")
    return [
        FileColumn(name, text_sql(quoted(row[0]), row[1]), has_iso_days=row[1].startswith(("DATE", "TIMESTAMP")))
        for name, row in zip(file.columns, described, strict=True)
    ]


def _csv_cell(file: ScannedFile, number: int, name: str) -> str:
    return f"REPLACE(c{number}, '{LINE_BREAK}', CHR(10))" if name in file.line_breaks else f"c{number}"


def _csv_columns(file: ScannedFile) -> str:
    return ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(file.columns)))


def rows_sql(lake: ObjectStore, file: ScannedFile, *, is_sample: bool = False) -> str:
    """A FROM item with the well-formed rows of a file, in order. Empty cells of a CSV file are null, and null marks.

    With `is_sample`, it is fast for the first rows only.
    """
    if file.is_parquet:
        return parquet_sql(lake.url(file.read_key))
    # The line end is set only if it is LF: with CRLF, DuckDB 1.5.5 finds no rows; without a setting, it takes a CR
    # inside quotes for a line end.
    line_end = ", new_line = '\\n'" if file.line_end == "\n" else ""
    # DuckDB reads a whole buffer at once, by default 64 MB, sixteen times the longest line.
    buffer = f", buffer_size = {4 * MAX_RECORD_BYTES}" if is_sample else ""
    nulls = ", ".join(map(text_literal, ("", *file.file_format.null_marks)))
    return (
        f"read_csv({path_literal(lake.url(file.read_key))}, {csv_dialect(file.file_format)}, header = true, "
        f"nullstr = [{nulls}], "
        f"columns = {{{_csv_columns(file)}}}, max_line_size = {2 * MAX_RECORD_BYTES}{buffer}, parallel = true"
        f"{line_end})"
    )


def chosen_rows(
    session: DuckDBSession, lake: ObjectStore, file: ScannedFile, positions: str
) -> tuple[list[FileColumn], str]:
    """Columns, and a FROM item, for the well-formed rows at some positions, with `position`.

    `positions` is a SELECT of `position`, from 0. The lines are cut out of a CSV file. Null marks are not null.
    """
    columns = text_columns(session, lake, file)
    if file.is_parquet:
        rows = parquet_sql(lake.url(file.read_key), options=", file_row_number = true")
        rows = f"(SELECT * RENAME (file_row_number AS position) FROM {rows})"
    else:
        from refi_assets.ingestion.block_lines import lines_at  # and NumPy, see records.py

        path = session.scratch / "chosen_rows.csv"
        numbers = session.numbers(f"SELECT position FROM ({positions}) ORDER BY position", "position")
        with lake.open(file.read_key) as stream, path.open("wb") as cut:  # the header is the first line
            lines = zip(numbers.tolist(), lines_at(stream, numbers + 1), strict=True)
            delimiter = file.file_format.delimiter.encode()
            cut.writelines(b"%d%b%b\n" % (position, delimiter, line) for position, line in lines)
        return columns, (
            f"read_csv({path_literal(str(path))}, {csv_dialect(file.file_format)}, header = false, new_line = '\\n', "
            f"columns = {{'position': 'BIGINT', {_csv_columns(file)}}}, max_line_size = {2 * MAX_RECORD_BYTES})"
        )
    return columns, f"(SELECT * FROM {rows} WHERE position IN ({positions}))"


class _MalformedFile:
    """A CSV file of malformed records: record number, problem, part, bytes in hex. Deleted if there are none.

    A long record has several lines, so that DuckDB can read each of them.
    """

    PART_BYTES = 1 << 20

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, record: Malformed) -> None:
        for part, start in enumerate(range(0, max(len(record.raw), 1), self.PART_BYTES)):
            raw = record.raw[start : start + self.PART_BYTES].hex()
            self._writer.writerow((record.record_number, record.problem, part, raw))

    def __enter__(self) -> "_MalformedFile":
        self._file = self._path.open("w", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if self._path.stat().st_size == 0:
            self._path.unlink()
