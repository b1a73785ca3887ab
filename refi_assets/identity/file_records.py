"""Records from files that a user names: CSV or Parquet, all of it text, with columns found by name.

The files are read as a run reads its sources (ingestion/), except that a CSV file may also be separated by semicolons,
tabs or pipes. The user says what a column is: KIND=COLUMN, or KIND=COLUMN+COLUMN to join columns. No type is guessed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.errors import IdentityError, SourceError
from refi_assets.identity.features import KINDS
from refi_assets.ingestion.files import MACROS
from refi_assets.ingestion.user_files import UserFile, open_user_file
from refi_assets.lake.folder_store import FolderStore

Columns = Mapping[str, tuple[str, ...]]  # kind -> the columns from which it is joined

_SHOWN = 5  # rows that a message names
# Words for nothing that programs write into tables. A whole number that was once a float ends in .0.
_NOTHING = "('', 'na', 'nan', 'nat', 'none', 'null', '<na>', '\\n')"


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
        open_user_file(session, lake, number, path, source)
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


def _joined(session: DuckDBSession, file: UserFile, kind: str, names: Sequence[str]) -> str:
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


def _require_unique_ids(session: DuckDBSession, file: UserFile) -> None:
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


def _columns_of(file: UserFile) -> str:
    return f"{file.path.name} has {', '.join(file.names)}."
