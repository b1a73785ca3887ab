"""Files that a user names on the command line: CSV or Parquet with any columns, all of it text.

They are read as a run reads its sources (files.py), except that a CSV file may also be separated by semicolons, tabs or
pipes. Files of the raw zone belong to files.py and snapshots.py.
"""

import csv
import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.errors import SourceError
from refi_assets.ingestion.file_names import suffix_of
from refi_assets.ingestion.files import ScannedFile, require_size, rows_sql, scan_file, text_columns
from refi_assets.ingestion.headers import trim
from refi_assets.ingestion.settings import IngestionSettings
from refi_assets.lake import ObjectInfo, RunFolder
from refi_assets.lake.folder_store import FolderStore
from refi_assets.settings import settings_of
from refi_assets.specs.file_formats import FileFormat

_SEPARATORS = (b",", b";", b"\t", b"|")
_HEADER_BYTES = 64 << 10


@dataclass(frozen=True)
class UserFile:
    """A file with the names of its columns (trimmed, without case) and the SQL of each column's text.

    `spelled` are the names as the file spells them. `source` is the name that results show, `sha256` that of its bytes.
    """

    path: Path
    source: str
    names: list[str]
    spelled: list[str]
    texts: list[str]
    rows: str  # a FROM item
    sha256: str

    def text_of(self, name: str) -> str | None:
        """The SQL of a column's text, trimmed, null if empty; None if there is no such column. It needs MACROS."""
        name = trim(name).casefold()
        return f"cell({self.texts[self.names.index(name)]})" if name in self.names else None


def open_user_file(session: DuckDBSession, lake: FolderStore, number: int, path: Path, source: str = "") -> UserFile:
    """Scan a file. `lake` is a temporary one, for a link to the file and clean copies; `number` tells files apart.

    Raises SourceError if the file cannot be read or has a malformed row.
    """
    key = f"files/{number}/{path.name}{'' if suffix_of(path.name) else '.csv'}"
    file_format = FileFormat(delimiter=_separator(path, is_parquet=suffix_of(key) == ".parquet"))
    Path(lake.target(key)).symlink_to(path.resolve())
    info = ObjectInfo(key, path.stat().st_size)
    max_file_gb = settings_of(IngestionSettings).max_file_gb
    run = RunFolder(lake, "user")
    try:
        require_size(info, max_file_gb)
        file = scan_file(lake, info, run, "files/file", number, max_file_gb=max_file_gb, file_format=file_format)
    except SourceError as error:
        raise SourceError(f"{path}{str(error).removeprefix(key)}") from None
    if file.malformed_key:
        raise SourceError(f"{path}: {_malformed(lake, file)} Nothing was written; fix the file.")
    columns = text_columns(session, lake, file)
    names, texts = [column.name for column in columns], [column.sql for column in columns]
    if file.is_parquet:
        spelled = [trim(row[0]) for row in session.execute(f"DESCRIBE SELECT * FROM {rows_sql(lake, file)}")]
    else:
        spelled = _spelled(path, names, file_format.delimiter)
    return UserFile(path, source, names, spelled, texts, rows_sql(lake, file), file.sha256)


def _spelled(path: Path, names: list[str], separator: str) -> list[str]:
    """The names in the CSV header's own spelling; those of an unusual header are as they were."""
    opened = gzip.open if suffix_of(path.name) == ".csv.gz" else open
    with cast(IO[bytes], opened(path, "rb")) as stream:
        header = stream.read(_HEADER_BYTES).decode("utf-8-sig", errors="replace").splitlines()
    written = [trim(name) for name in next(csv.reader(header[:1], delimiter=separator), [])]
    return written if [name.casefold() for name in written] == names else names


def _separator(path: Path, *, is_parquet: bool) -> str:
    """The most frequent separator of the first line, without its quotes. Raises SourceError."""
    opened = gzip.open if suffix_of(path.name) == ".csv.gz" else open
    try:
        with cast(IO[bytes], opened(path, "rb")) as stream:
            header = re.sub(b'"[^"]*"', b"", stream.readline(_HEADER_BYTES))
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise SourceError(f"{path} cannot be read: {error.strerror}.") from None
        return ","  # not gzip, or damaged: the scan says so
    return "," if is_parquet else max(_SEPARATORS, key=header.count).decode()


def _malformed(lake: FolderStore, file: ScannedFile) -> str:
    """The first malformed row and its problem, without its cells, and the number of malformed rows."""
    with lake.open(file.malformed_key or "") as stream:
        record_number_and_problem = stream.readline().decode().rsplit(",", 2)[0]
    ((record_number, problem),) = csv.reader([record_number_and_problem])
    row = f"row {int(record_number):,} (the header not counted) is malformed: {problem}."
    return f"{row} Malformed rows: {file.malformed:,}."
