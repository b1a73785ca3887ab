"""The raw zone: raw/<source>/load_date=YYYY-MM-DD/<any name>.csv, .csv.gz or .parquet.

The snapshot of a source as of a day is its newest load date on or before that day. Files are kept as they
came; what is in them belongs to staging/.
"""

import hashlib
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from refi_assets.errors import LakeError, SourceError
from refi_assets.lake.folder_store import is_hidden, require_regular_file
from refi_assets.lake.objects import ObjectInfo, ObjectStore

SUFFIXES = (".csv", ".csv.gz", ".parquet")
EXPECTED = "<source>.csv, <source>.csv.gz, <source>.parquet or a folder <source>/ of such files"

Place = tuple[str, date]  # a source and a load date


@dataclass(frozen=True)
class Snapshot:
    """The files of a source as of a day, in key order."""

    source: str
    load_date: date
    objects: tuple[ObjectInfo, ...]


@dataclass(frozen=True)
class SourceFile:
    """A file of a source outside the lake."""

    source: str
    path: Path

    @property
    def sha256(self) -> str:
        """Hash of the file's bytes."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def load_dates(lake: ObjectStore, source: str) -> list[date]:
    """The load dates of a source, oldest first. Folders of another name are not the raw zone's."""
    return sorted(day for name in lake.folders(f"raw/{source}") if (day := _load_date(name)))


def place_of(key: str) -> Place | None:
    """The source and load date that a file in the raw zone belongs to, by its key; None for what is no such file."""
    zone, source, folder, name = (key.split("/", 3) + [""] * 3)[:4]
    day = _load_date(folder)
    return (source, day) if zone == "raw" and day is not None and not is_hidden(name) else None


def objects_of(lake: ObjectStore, source: str, load_date: date) -> list[ObjectInfo]:
    """The files of a source and load date, in key order. Hidden ones are passed over."""
    prefix = f"raw/{source}/load_date={load_date}"
    return [info for info in lake.objects(prefix) if not is_hidden(info.key.removeprefix(f"{prefix}/"))]


def _load_date(folder: str) -> date | None:
    match = re.fullmatch(r"load_date=([0-9]{4}-[0-9]{2}-[0-9]{2})", folder)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def find_snapshot(lake: ObjectStore, source: str, as_of: date, *, before: bool = False) -> Snapshot | None:
    """The newest snapshot of a source on or before a day (before it, with `before`), or None.

    Raises SourceError for a file of a kind that cannot be read, as passing it over would lose what is in it, and
    for what is no regular file of the lake, such as a link that leads out of it.
    """
    for load_date in reversed(load_dates(lake, source)):
        if load_date > as_of or (before and load_date == as_of):
            continue
        prefix = f"raw/{source}/load_date={load_date}"
        lake.require_regular_files(prefix)
        objects = tuple(objects_of(lake, source, load_date))
        for info in objects:
            if not info.key.endswith(SUFFIXES):
                raise SourceError(f"{info.key}: not a kind of file that can be read; expected {', '.join(SUFFIXES)}.")
        if objects:
            return Snapshot(source, load_date, objects)
    return None


def find_source_files(folder: Path, sources: Collection[str]) -> list[SourceFile]:
    """The source files of a folder outside the lake.

    Raises SourceError where there is none, where a source stands there in two forms, or for what is no regular file
    of the folder.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder}: there is no such folder; expected {EXPECTED}.")
    found: list[SourceFile] = []
    for source in sorted(sources):
        forms = [folder / f"{source}{suffix}" for suffix in SUFFIXES if os.path.lexists(folder / f"{source}{suffix}")]
        inside = folder / source
        parts = sorted(path for path in inside.iterdir() if path.name[0] not in "._") if inside.is_dir() else []
        if len(forms) + bool(parts) > 1:
            names = ", ".join(path.name for path in forms) + (f", {source}/" if parts else "")
            raise SourceError(f"{folder}: source '{source}' stands there more than once ({names}); keep one of them.")
        for path in forms or parts:
            if not path.name.endswith(SUFFIXES):
                raise SourceError(f"{path}: not a kind of file that can be read; expected {', '.join(SUFFIXES)}.")
            require_regular_file(path, folder, str(path))
        found += [SourceFile(source, path) for path in forms or parts]
    if not found:
        names = ", ".join(sorted(path.name for path in folder.iterdir())[:20]) or "nothing"
        raise SourceError(f"{folder}: no source file; found: {names}; expected {EXPECTED}, for {', '.join(sources)}.")
    return found


def ingest_folder(
    lake: ObjectStore, folder: Path, load_date: date, sources: Collection[str], *, replace: bool = False
) -> list[str]:
    """Put a folder's source files into the raw zone under a load date; returns the keys that were put.

    Content that is there already is left alone. Other content for the same source and load date is refused
    with LakeError, before anything is put, unless `replace`.
    """
    files = find_source_files(folder, sources)
    to_put: dict[str, SourceFile] = {}
    to_delete: list[str] = []
    for source in sorted({file.source for file in files}):
        prefix = f"raw/{source}/load_date={load_date}"
        new = {f"{prefix}/{file.path.name}": file for file in files if file.source == source}
        there = {info.key: info.size for info in objects_of(lake, source, load_date)}
        if there.keys() == new.keys() and all(_is_same(lake, key, there[key], file) for key, file in new.items()):
            continue
        if there and not replace:
            raise LakeError(
                f"{prefix} holds other content already ({', '.join(key.rsplit('/', 1)[-1] for key in there)}). "
                "Use another --as-of date, or --replace to put these files in its place."
            )
        to_delete += sorted(there.keys() - new.keys())
        to_put |= new
    for key, file in to_put.items():
        _put_whole(lake, key, file)
    lake.delete(to_delete)
    return list(to_put)


def _put_whole(lake: ObjectStore, key: str, file: SourceFile) -> None:
    before = file.path.stat()
    lake.put(key, file.path)
    after = file.path.stat()
    if (before.st_ino, before.st_mtime_ns, before.st_size) != (after.st_ino, after.st_mtime_ns, after.st_size):
        lake.delete([key])
        raise SourceError(f"{file.path} changed while it was read. Put it in again when it has been written.")


def _is_same(lake: ObjectStore, key: str, size: int, file: SourceFile) -> bool:
    if size != file.path.stat().st_size:
        return False
    with lake.open(key) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
