"""The raw zone: raw/<source>/load_date=YYYY-MM-DD/<any name>.csv, .csv.gz or .parquet, endings in any case.

The snapshot of a source as of a day is its newest load date on or before that day. Files are kept unchanged; reading
them belongs to files.py.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from refi_assets.errors import LakeError, SourceError
from refi_assets.ingestion.file_names import endings_of, is_passed_over, seems_source, suffix_of
from refi_assets.ingestion.source_folder import SourceFile, find_source_files
from refi_assets.lake.folder_store import is_hidden
from refi_assets.lake.hashes import Hashes
from refi_assets.lake.objects import ObjectInfo, ObjectStore
from refi_assets.specs.contracts import load_contracts

FILES_AT_ONCE = 2  # in copying; one file alone leaves the disk idle while it is hashed

Place = tuple[str, date]  # a source and a load date


@dataclass(frozen=True)
class Snapshot:
    """The files of a source as of a day, in key order."""

    source: str
    load_date: date
    objects: tuple[ObjectInfo, ...]


@dataclass(frozen=True)
class Ingested:
    """The keys that were put into the raw zone, and warnings about ignored files."""

    keys: list[str]
    warnings: list[str]


def load_dates_of(lake: ObjectStore, source: str) -> list[date]:
    """The load dates of a source, oldest first. Other folders are not a part of the raw zone."""
    return sorted(day for name in lake.folders(f"raw/{source}") if (day := _load_date(name)))


def place_of(key: str) -> Place | None:
    """The source and load date of a file in the raw zone, by its key; None for any other key."""
    zone, source, folder, name = (key.split("/", 3) + [""] * 3)[:4]
    day = _load_date(folder)
    return (source, day) if zone == "raw" and day is not None and not is_hidden(name) else None


def objects_of(lake: ObjectStore, source: str, load_date: date) -> list[ObjectInfo]:
    """The files of a source and load date, in key order, without hidden files and notes."""
    return _without_notes(source, lake.objects(f"raw/{source}/load_date={load_date}"))


def arrivals_between(
    lake: ObjectStore, source: str, first: date, last: date, after: str = ""
) -> Iterator[tuple[date, list[ObjectInfo]]]:
    """Load dates of a source from one to another, oldest first, each with its files, listed lazily.

    From the first load date, only files whose keys follow `after`. A load date of many files may come in parts.
    """
    for name, objects in lake.folders_between(f"raw/{source}", f"load_date={first}", f"load_date={last}", after):
        if day := _load_date(name):
            yield day, _without_notes(source, objects)


def _without_notes(source: str, objects: Iterable[ObjectInfo]) -> list[ObjectInfo]:
    endings = endings_of(source)
    return [info for info in objects if not is_passed_over(info.key.split("/", 3)[3], endings)]


def others_of(lake: ObjectStore, source: str) -> list[str]:
    """Files and folders of the raw zone that seem to be a source's, and are not part of any snapshot."""
    beside = [f"raw/{name}" for name in lake.names("raw") if _seems_of(name, source)]
    inside = [f"raw/{source}/{name}" for name in lake.names(f"raw/{source}") if not _load_date(name.removesuffix("/"))]
    return [key for key in beside + inside if not is_passed_over(key.removesuffix("/"))]


def _seems_of(name: str, source: str) -> bool:
    """Whether a name in the raw zone seems to be a source's, and is not a source's folder."""
    sources = {source, *load_contracts()}
    return name.removesuffix("/") not in sources and seems_source(name, sources) == source


def _load_date(folder: str) -> date | None:
    match = re.fullmatch(r"load_date=([0-9]{4}-[0-9]{2}-[0-9]{2})", folder)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def find_snapshot(lake: ObjectStore, source: str, as_of: date, *, before: bool = False) -> Snapshot | None:
    """The newest snapshot of a source on or before a day (before it, with `before`), or None.

    Raises SourceError for a file of an unreadable kind, since ignoring it would lose its rows, and for anything that is
    not a regular file of the lake, such as a link that leads out of it.
    """
    for load_date in reversed(load_dates_of(lake, source)):
        if load_date > as_of or (before and load_date == as_of):
            continue
        prefix = f"raw/{source}/load_date={load_date}"
        lake.require_regular_files(prefix)
        objects = tuple(objects_of(lake, source, load_date))
        endings = endings_of(source)
        for info in objects:
            if suffix_of(info.key, endings) is None:
                raise SourceError(f"{info.key}: not a kind of file that can be read; expected {', '.join(endings)}.")
        if objects:
            return Snapshot(source, load_date, objects)
    return None


def ingest_folder(
    lake: ObjectStore,
    folder: Path,
    load_date: date,
    sources: Collection[str],
    *,
    replace: bool = False,
    ignore_others: bool = False,
) -> Ingested:
    """Put a folder's source files into the raw zone under a load date. Raises as find_source_files.

    Content that is already there is left alone. Other content for the same source and load date is refused with
    LakeError before anything is put, unless `replace`.
    """
    source_folder = find_source_files(folder, sources, ignore_others=ignore_others)
    files = source_folder.files
    to_put: dict[str, SourceFile] = {}
    to_delete: list[str] = []
    for source in sorted({file.source for file in files}):
        prefix = f"raw/{source}/load_date={load_date}"
        new = {f"{prefix}/{file.path.name}": file for file in files if file.source == source}
        old = {info.key: info for info in objects_of(lake, source, load_date)}
        if old.keys() == new.keys() and all(_is_same(lake, old[key], file) for key, file in new.items()):
            continue
        if old and not replace:
            raise LakeError(
                f"{prefix} already has other content ({', '.join(key.rsplit('/', 1)[-1] for key in old)}). "
                "Use another --as-of date, or --replace to put these files in its place."
            )
        to_delete += sorted(old.keys() - new.keys())
        to_put |= new
    with ThreadPoolExecutor(FILES_AT_ONCE) as threads:
        puts = [threads.submit(_put_whole, lake, key, file.path) for key, file in to_put.items()]
        try:
            for put in puts:
                put.result()
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    lake.delete(to_delete)
    return Ingested(list(to_put), source_folder.warnings)


def _put_whole(lake: ObjectStore, key: str, path: Path) -> None:
    if not Hashes(lake).put(key, path):
        lake.delete([key])
        raise SourceError(f"{path} changed while it was read. Ingest it again when it is complete.")


def _is_same(lake: ObjectStore, info: ObjectInfo, file: SourceFile) -> bool:
    hashes = Hashes(lake)
    return info.size == file.path.stat().st_size and hashes.of_object(info) == hashes.of_file(file.path)
