"""Records from files that a user names: CSV or Parquet, all of it text, with columns found by name.

The files are read as a run reads its sources (ingestion/), except that a CSV file may also be separated by semicolons,
tabs or pipes. The user says what a column is: KIND=COLUMN, or KIND=COLUMN+COLUMN to join columns. No type is guessed.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.errors import IdentityError, SourceError
from refi_assets.identity.features import KINDS
from refi_assets.ingestion.file_names import suffix_of
from refi_assets.ingestion.files import MACROS, ScannedFile, require_size, rows_sql, scan_file, text_columns
from refi_assets.ingestion.headers import trim
from refi_assets.ingestion.settings import IngestionSettings
from refi_assets.lake import ObjectInfo, RunFolder
from refi_assets.lake.folder_store import FolderStore
from refi_assets.settings import settings_of

Columns = Mapping[str, tuple[str, ...]]  # kind -> the columns from which it is joined

_SEPARATORS = (b",", b";", b"\t", b"|")
_HEADER_BYTES, _BLOCK_BYTES = 64 << 10, 1 << 20
_SHOWN = 5  # rows that a message names
# Words for nothing that programs write into tables. A whole number that was once a float ends in .0.
_NOTHING = "('', 'na', 'nan', 'nat', 'none', 'null', '<na>', '\\n')"


@dataclass(frozen=True)
class _File:
    """A file with the names of its columns (trimmed, without case) and the SQL of each column's text."""

    path: Path
    source: str
    names: list[str]
    texts: list[str]
    rows: str  # a FROM item

    def text_of(self, name: str) -> str | None:
        """The SQL of a column's text, trimmed, null if empty; None if there is no such column."""
        name = trim(name).casefold()
        return f"cell({self.texts[self.names.index(name)]})" if name in self.names else None


def parse_columns(mappings: Sequence[str]) -> Columns:
    """Columns by kind, from texts such as given_name=fname. Raises ValueError with a message for the user."""
    columns: dict[str, tuple[str, ...]] = {}
    for text in mappings:
        kind, equals, joined = (part.strip() for part in text.partition("="))
        names = tuple(name.strip() for name in joined.split("+"))
        if not equals or not all(names):
            raise ValueError(f"{text!r} is not KIND=COLUMN or KIND=COLUMN+COLUMN, such as given_name=fname")
        if kind not in KINDS:
            raise ValueError(f"{text!r}: a column cannot be {kind!r}, only {', '.join(KINDS)}")
        if columns.setdefault(kind, names) != names:
            raise ValueError(f"{kind} is mapped twice; join its columns: {kind}={'+'.join(columns[kind] + names)}")
    return {kind: columns[kind] for kind in KINDS if kind in columns}


def load_records(
    session: DuckDBSession,
    lake: FolderStore,
    paths: Sequence[Path],
    columns: Columns,
    id_column: str,
    truth: str | None = None,
) -> list[str]:
    """Create the table `loaded`: record (from 0, in the order of the files), source, id, truth and the kinds, as text.

    `lake` is a temporary one, for links to the files and clean copies. Returns the names of the sources. Raises
    SourceError for a file that cannot be read, or with ids that are missing or not unique, and IdentityError for a
    column that no file has.
    """
    session.execute(MACROS)
    files = [
        _open_file(session, lake, number, path, source)
        for number, (path, source) in enumerate(zip(paths, _source_names(paths), strict=True))
    ]
    mapped = {*(name for names in columns.values() for name in names), *([truth] if truth else [])}
    for name in sorted(mapped):
        if all(file.text_of(name) is None for file in files):
            raise IdentityError(f"No column is named {name!a}. " + " ".join(map(_columns_of, files)))
    declared = ", ".join(f"{name} VARCHAR" for name in ("source", "id", "truth", *columns))
    session.execute(f"CREATE TABLE row_of_file ({declared})")
    for file in files:
        if (id_text := file.text_of(id_column)) is None:
            raise IdentityError(f"{file.path}: no column is named {id_column!a}. {_columns_of(file)}")
        texts = [text_literal(file.source), _whole(id_text), (truth and file.text_of(truth)) or "NULL"]
        texts += [_joined(session, file, kind, names) for kind, names in columns.items()]
        session.execute(f"INSERT INTO row_of_file SELECT {', '.join(texts)} FROM {file.rows}")
        _require_unique_ids(session, file)
    session.execute("CREATE VIEW loaded AS SELECT rowid AS record, * FROM row_of_file")
    return [file.source for file in files]


def _source_names(paths: Sequence[Path]) -> list[str]:
    names = [path.name for path in paths]
    sources = names if len(set(names)) == len(names) else [str(path) for path in paths]
    if len(set(sources)) < len(sources):
        raise IdentityError(f"{max(sources, key=sources.count)} is named twice. Name each file once.")
    return sources


def _open_file(session: DuckDBSession, lake: FolderStore, number: int, path: Path, source: str) -> _File:
    key = f"files/{number}/{path.name}{'' if suffix_of(path.name) else '.csv'}"
    separator = _put_file(lake, key, path)
    info = ObjectInfo(key, path.stat().st_size)
    max_file_gb = settings_of(IngestionSettings).max_file_gb
    try:
        require_size(info, max_file_gb)
        file = scan_file(lake, info, RunFolder(lake, "resolve"), "files/file", number, max_file_gb=max_file_gb)
    except SourceError as error:
        raise SourceError(f"{path}{str(error).removeprefix(key)}") from None
    if file.malformed_key:
        raise SourceError(f"{path}: {_malformed(lake, file)} Nothing was written; fix the file.")
    columns = text_columns(session, lake, file)
    if separator == ",":
        names, texts = [column.name for column in columns], [column.sql for column in columns]
    else:
        swapped = str.maketrans(f",{separator}", f"{separator},")
        names = [column.name.translate(swapped) for column in columns]
        texts = [f"TRANSLATE({column.sql}, ',{separator}', '{separator},')" for column in columns]
    return _File(path, source, names, texts, rows_sql(lake, file))


def _put_file(lake: FolderStore, key: str, path: Path) -> str:
    """Put a link to the file into the lake and return the separator of its columns.

    Ingestion reads commas: of a file with another separator, put a copy in which commas and separators are swapped.
    """
    opened = gzip.open if suffix_of(key) == ".csv.gz" else open
    separator, target = b",", Path(lake.target(key))
    try:
        with cast(IO[bytes], opened(path, "rb")) as stream:
            header = re.sub(b'"[^"]*"', b"", stream.readline(_HEADER_BYTES))
            if suffix_of(key) != ".parquet":
                separator = max(_SEPARATORS, key=header.count)
            if separator != b",":
                swapped = bytes.maketrans(b"," + separator, separator + b",")
                stream.seek(0)
                with cast(IO[bytes], opened(target, "wb")) as copy:
                    copy.writelines(block.translate(swapped) for block in iter(lambda: stream.read(_BLOCK_BYTES), b""))
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise SourceError(f"{path} cannot be read: {error.strerror}.") from None
        separator = b","  # not gzip, or damaged: the scan says so
    if separator == b",":
        target.unlink(missing_ok=True)
        target.symlink_to(path.resolve())
    return separator.decode()


def _malformed(lake: FolderStore, file: ScannedFile) -> str:
    """The first malformed row and its problem, without its cells, and the number of malformed rows."""
    with lake.open(file.malformed_key or "") as stream:
        record_number_and_problem = stream.readline().decode().rsplit(",", 2)[0]
    ((record_number, problem),) = csv.reader([record_number_and_problem])
    row = f"row {int(record_number):,} (the header not counted) is malformed: {problem}."
    return f"{row} Malformed rows: {file.malformed:,}."


def _joined(session: DuckDBSession, file: _File, kind: str, names: Sequence[str]) -> str:
    """The SQL of a kind's text: its columns joined by spaces, the parts of a date by dashes."""
    parts = [_known(text) for name in names if (text := file.text_of(name))]
    if not parts:
        return "NULL"
    if len(parts) == 1:
        return parts[0]
    if kind != "date_of_birth":
        return f"NULLIF(CONCAT_WS(' ', {', '.join(parts)}), '')"
    # An empty part leaves its place empty; a year's place keeps its width, by which dates are read.
    widths = ", ".join(f"COALESCE(MAX(LENGTH({part})), 0)" for part in parts)
    (row,) = session.execute(f"SELECT {widths} FROM {file.rows}")
    places = [f"COALESCE({part}, '{'0000' if width == 4 else ''}')" for part, width in zip(parts, row, strict=True)]
    return f"CASE WHEN COALESCE({', '.join(parts)}) IS NOT NULL THEN CONCAT_WS('-', {', '.join(places)}) END"


def _known(text: str) -> str:
    whole = _whole(text)
    return f"CASE WHEN LOWER({whole}) NOT IN {_NOTHING} THEN {whole} END"


def _whole(text: str) -> str:
    return f"REGEXP_REPLACE({text}, '^(\\d+)\\.0$', '\\1')"


def _require_unique_ids(session: DuckDBSession, file: _File) -> None:
    numbered = (
        "(SELECT id, ROW_NUMBER() OVER (ORDER BY rowid) AS place FROM row_of_file "
        f"WHERE source = {text_literal(file.source)})"
    )
    for condition, problem in (
        ("id IS NULL", "have no id"),
        (f"id IN (SELECT id FROM {numbered} GROUP BY id HAVING COUNT(*) > 1)", "share an id with another row"),
    ):
        ((count, places),) = session.execute(f"SELECT COUNT(*), MIN(place, {_SHOWN}) FROM {numbered} WHERE {condition}")
        if count:
            shown = ", ".join(str(place) for place in places) + (", …" if count > _SHOWN else "")
            raise SourceError(
                f"{file.path}: {count:,} rows {problem} (rows {shown}, the header not counted). Each record needs "
                "an id of its own: fix the ids, or name another column with --id."
            )


def _columns_of(file: _File) -> str:
    return f"{file.path.name} has {', '.join(file.names)}."
