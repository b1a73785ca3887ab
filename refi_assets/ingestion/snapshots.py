"""A source's snapshot as a whole: its scanned files, and its schema as a crawler would infer it.

The previous snapshot is scanned in the same way, for comparison: rows, columns, inferred types.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from functools import partial

from pydantic import BaseModel, ConfigDict

from refi_assets.engines.base import Tasks
from refi_assets.engines.duckdb import DuckDBEngine, DuckDBSession
from refi_assets.errors import EngineError, SourceError
from refi_assets.ingestion.file_names import endings_of, original_of
from refi_assets.ingestion.files import (
    MACROS,
    ScannedFile,
    keys_of_scan,
    require_size,
    rows_sql,
    scan_file,
    text_columns,
)
from refi_assets.ingestion.raw_zone import Snapshot, find_snapshot
from refi_assets.ingestion.source_folder import EXPECTED
from refi_assets.lake import ObjectInfo, ObjectStore, RunFolder
from refi_assets.lake.hashes import Hashes
from refi_assets.lake.memo import Memo, fingerprint
from refi_assets.specs.code import code_sha256, version_of
from refi_assets.specs.contracts import Contract

SAMPLE_ROWS = 10_000
SHOWN_COLUMNS = 100
COLUMNS_AT_ONCE = 100  # planning ten times as many takes DuckDB much longer


class ScannedSnapshot(BaseModel):
    """The files of a source as of a day, and the Athena types a crawler would infer from their first rows.

    `copies` are keys of files that equal, byte for byte, the original that their name implies; they are not read.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    load_date: date
    files: tuple[ScannedFile, ...]
    copies: tuple[str, ...] = ()
    inferred: dict[str, str]

    @property
    def rows(self) -> int:
        """Records in all files, malformed ones included."""
        return sum(file.rows for file in self.files)

    @property
    def names_and_hashes(self) -> list[str]:
        """The identity of the snapshot."""
        return [f"{file.key} {file.sha256}" for file in self.files]

    @property
    def columns(self) -> set[str]:
        """Names of all columns of all files."""
        return {name for file in self.files for name in file.columns if name}

    @property
    def respelled(self) -> dict[str, str]:
        """The files' other spellings of column names, with the contract's."""
        return {written: name for file in self.files for written, name in file.respelled.items()}


def scan_source(
    lake: ObjectStore,
    engine: DuckDBEngine,
    contract: Contract,
    as_of: date,
    folder: RunFolder,
    max_file_gb: float = 100,
    *,
    use_memo: bool = True,
    tasks: Tasks | None = None,
) -> tuple[ScannedSnapshot, ScannedSnapshot | None]:
    """The snapshot of a source as of a day, and the previous one, if any; its files are scanned by tasks, if given.

    Raises SourceError if there is no snapshot, or it is unreadable, too large, or without rows that it must have.
    """
    source = contract.source
    snapshot = find_snapshot(lake, source, as_of)
    if snapshot is None:
        folders = ", ".join(lake.folders("raw")) or "nothing"
        raise SourceError(
            f"{source}: no file with a load date on or before {as_of} in {lake.address(f'raw/{source}')}; "
            f"found in raw/: {folders}; expected {EXPECTED.replace('<source>', source)}."
        )
    with engine.session() as session:
        session.execute(MACROS)
        scan = partial(
            _scan, session, lake, contract, folder=folder, max_file_gb=max_file_gb, use_memo=use_memo, tasks=tasks
        )
        scanned = scan(snapshot, relation=f"raw/{source}")
        if scanned.rows == 0 and not contract.may_have_no_rows:
            raise SourceError(
                f"{', '.join(file.key for file in scanned.files)}: no rows; found a header only, expected at least "
                "one row."
            )
        previous = None
        with suppress(SourceError):  # an unreadable file of another day must not fail this one
            before = find_snapshot(lake, source, snapshot.load_date, before=True)
            if before is not None:
                previous = scan(before, relation=f"raw/{source}.before")
    return scanned, previous


def require_unchanged(lake: ObjectStore, objects: Iterable[ObjectInfo]) -> None:
    """Raise SourceError if a file has changed since the snapshot was listed."""
    for info in objects:
        if lake.find(info.key) != info:
            raise SourceError(f"{info.key} changed while it was read. Run again when it is complete.")


def _scan(
    session: DuckDBSession,
    lake: ObjectStore,
    contract: Contract,
    snapshot: Snapshot,
    folder: RunFolder,
    relation: str,
    max_file_gb: float,
    use_memo: bool,
    tasks: Tasks | None,
) -> ScannedSnapshot:
    """Scan a snapshot; with `use_memo`, an earlier scan of the same bytes under the same names is used.

    Raises SourceError if a file is refused; then nothing of the scan is left in the run's folder.
    """
    for info in snapshot.objects:
        require_size(info, max_file_gb)
    hashes = [Hashes(lake).of_object(info, read_again=not use_memo) for info in snapshot.objects]
    keys = [info.key for info in snapshot.objects]
    copies = _copies(snapshot.source, dict(zip(keys, hashes, strict=True)))
    memo, code = Memo(lake), code_sha256(__name__)
    key = fingerprint(scan=keys, hashes=hashes, contract=contract.sha256, code=code, duckdb=version_of("duckdb"))
    if use_memo and (scan := _remembered(memo, key)) is not None:
        require_unchanged(lake, snapshot.objects)
        etags = {info.key: info.etag for info in snapshot.objects}
        files = tuple(file.model_copy(update={"etag": etags[file.key]}) for file in scan.files)
        return scan.model_copy(update={"files": files})
    names = {number: info.key for number, info in enumerate(snapshot.objects) if info.key not in copies}
    scan_one = partial(_scan_one, lake, snapshot.objects, hashes, folder, relation, max_file_gb, contract)
    try:
        scanned_files = tuple(tasks.run(scan_one, names) if tasks else map(scan_one, names))
        inferred = _inferred(session, lake, scanned_files)
        require_unchanged(lake, snapshot.objects)  # before the scan is recorded under the hashes of other bytes
    except BaseException:
        left = (key for number in names for key in keys_of_scan(snapshot.objects[number], folder, relation, number))
        lake.delete([key for key in left if lake.find(key)])
        raise
    scanned = ScannedSnapshot(
        source=snapshot.source,
        load_date=snapshot.load_date,
        files=scanned_files,
        copies=copies,
        inferred=inferred,
    )
    memo.put(key, folder.run_id, scanned.model_dump(mode="json"))
    return scanned


def _scan_one(
    lake: ObjectStore,
    objects: Sequence[ObjectInfo],
    hashes: Sequence[str],
    folder: RunFolder,
    relation: str,
    max_file_gb: float,
    contract: Contract,
    number: int,
) -> ScannedFile:
    return scan_file(lake, objects[number], folder, relation, number, hashes[number], max_file_gb, contract)


def _copies(source: str, hashes: dict[str, str]) -> tuple[str, ...]:
    """Keys of a source's files with the same hash as the original that their name implies."""
    endings = endings_of(source)
    by_name = {key.casefold(): sha256 for key, sha256 in hashes.items()}
    return tuple(key for key, sha256 in hashes.items() if by_name.get(original_of(key, endings) or "") == sha256)


def _remembered(memo: Memo, key: str) -> ScannedSnapshot | None:
    scans = map(ScannedSnapshot.model_validate, memo.find(key))
    return next((scan for scan in scans if memo.has([key for file in scan.files for key in file.left_keys])), None)


def _inferred(session: DuckDBSession, lake: ObjectStore, files: tuple[ScannedFile, ...]) -> dict[str, str]:
    inferred: dict[str, str] = {}
    for file in files:
        for name, sql_type in _infer(session, lake, file).items():
            inferred[name] = _common(inferred.get(name, sql_type), sql_type)
    return inferred


def require_columns(contract: Contract, files: Iterable[ScannedFile]) -> None:
    """Raise SourceError for the first file without a column that the contract requires."""
    for file in files:
        missing = [column.file_name for column in contract.present_columns if column.name not in file.columns]
        if missing:
            # A first line without any known name may be a person's row, which must not get into a log.
            is_header = any(name in contract.file_types for name in file.columns)
            written = [contract.file_names.get(name, name) for name in file.columns[:SHOWN_COLUMNS]]
            names_found = ", ".join(written) + (", …" if len(file.columns) > SHOWN_COLUMNS else "")
            shown = names_found if is_header else "a first line with none of these names; is it a header?"
            expected = ", ".join(column.file_name for column in contract.present_columns)
            names = ", ".join(f"'{name}'" for name in missing)
            raise SourceError(f"{file.key}: column {names} is missing; found: {shown}; expected: {expected}.")


def _infer(session: DuckDBSession, lake: ObjectStore, file: ScannedFile) -> dict[str, str]:
    inferred: dict[str, str] = {}
    try:
        columns = [column for column in text_columns(session, lake, file) if column.name]
        for first in range(0, len(columns), COLUMNS_AT_ONCE):
            batch = columns[first : first + COLUMNS_AT_ONCE]
            cells = ", ".join(f"cell({column.sql}) AS t{number}" for number, column in enumerate(batch))
            types = ", ".join(_INFERRED_TYPE.format(cell=f"t{number}") for number in range(len(batch)))
            sample = f"SELECT {cells} FROM (SELECT * FROM {rows_sql(lake, file, is_sample=True)} LIMIT {SAMPLE_ROWS})"
            (row,) = session.execute(f"SELECT {types} FROM ({sample})")
            inferred |= zip([column.name for column in batch], row, strict=True)
    except EngineError:
        if not file.is_parquet:
            raise
        raise SourceError(f"{file.key} cannot be read as Parquet. Upload the complete file again.") from None
    return inferred


_INFERRED_TYPE = """CASE
    WHEN COUNT({cell}) = 0 THEN 'unknown'
    WHEN BOOL_AND(REGEXP_FULL_MATCH({cell}, '[+-]?[0-9]{{1,18}}')) THEN 'bigint'
    WHEN COUNT(TRY_CAST({cell} AS DOUBLE)) = COUNT({cell}) THEN 'double'
    WHEN BOOL_AND(LOWER({cell}) IN ('true', 'false')) THEN 'boolean'
    WHEN BOOL_AND(REGEXP_FULL_MATCH({cell}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')) THEN 'date'
    ELSE 'string'
END"""


def _common(*types: str) -> str:
    """The type of a column that is inferred as two types in two files."""
    distinct = set(types) - {"unknown"} or {"unknown"}
    if len(distinct) == 1:
        return distinct.pop()
    return "double" if distinct == {"bigint", "double"} else "string"
