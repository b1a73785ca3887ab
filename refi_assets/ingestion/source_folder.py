"""A folder with source files outside the lake: which files are read, and what is said of all others.

A file whose name begins with a source's name and that is not read is refused: who dropped it takes it for read.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from refi_assets.errors import SourceError
from refi_assets.ingestion.file_names import (
    SUFFIXES,
    is_passed_over,
    is_silent,
    original_of,
    seems_source,
    stem_of,
    suffix_of,
)
from refi_assets.lake.folder_store import is_hidden, require_regular_file
from refi_assets.specs.contracts import load_contracts

EXPECTED = "<source>.csv, <source>.csv.gz, <source>.parquet or a folder <source>/ of such files"
SHOWN_NAMES = 20


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


@dataclass(frozen=True)
class SourceFolder:
    """The source files of a folder, and what to say of the files that are not read."""

    files: list[SourceFile]
    warnings: list[str]


def find_source_files(folder: Path, sources: Collection[str], *, ignore_others: bool = False) -> SourceFolder:
    """The source files of a folder outside the lake; sources of other domains are passed over.

    Raises SourceError if there is none, if a source is there in two forms, or for anything but a regular file of the
    folder; unless `ignore_others`, also for a file that seems to be a source's and is not read.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder}: there is no such folder; expected {EXPECTED}.")
    paths = sorted(path for path in folder.iterdir() if not is_hidden(path.name))
    every_source = {*sources, *load_contracts()}
    source_of = {path: _source_of(path, every_source) for path in paths}
    parts = {source: _parts(folder, source, [p for p in paths if source_of[p] == source]) for source in sorted(sources)}
    files = [SourceFile(source, path) for source, some in parts.items() for path in some if suffix_of(path.name)]
    for file in files:
        require_regular_file(file.path, folder, str(file.path))
    others = [path for path in paths if source_of[path] is None and not is_silent(path.name)]
    copies = _copies(files, others)
    others = [path for path in others if path not in copies]
    reasons = {path: _no_kind(path) for some in parts.values() for path in some if suffix_of(path.name) is None}
    reasons |= {path: reason for path in others if (reason := _why_not_read(path, sources))}
    if reasons and not ignore_others:
        shown = "; ".join(f"{_shown(folder, path)} {reason}" for path, reason in list(reasons.items())[:SHOWN_NAMES])
        raise SourceError(f"{folder}: {shown}. Change that, remove it, or go on without it: --ignore-others.")
    if not files:
        names = ", ".join(path.name for path in paths[:SHOWN_NAMES]) or "nothing"
        raise SourceError(f"{folder}: no source file; found: {names}; expected {EXPECTED}, for {', '.join(sources)}.")
    warnings = [f"{folder}: {path.name} is a copy of {of.name}; it is read once" for path, of in copies.items()]
    if passed_over := sorted({*reasons, *others}):
        names = ", ".join(_shown(folder, path) for path in passed_over[:SHOWN_NAMES])
        more = f" and {len(passed_over) - SHOWN_NAMES} more" if len(passed_over) > SHOWN_NAMES else ""
        warnings.append(f"{folder}: not read, since no source has that name: {names}{more}")
    return SourceFolder([file for file in files if file.path not in copies], warnings)


def _why_not_read(path: Path, sources: Collection[str]) -> str | None:
    """Why a file that seems to be a source's is not read; None if it does not."""
    source = seems_source(path.name, sources)
    if source is None:
        return None
    ending = "/" if path.is_dir() else suffix_of(path.name)
    if ending and original_of(path.name) and (path.parent / f"{source}{ending}").exists():
        return f"is not read: by its name, it is a copy of {source}{ending}, and not the same; keep one of them"
    return f"is not read under that name; rename it to {source}{ending}" if ending else _no_kind(path)


def _no_kind(path: Path) -> str:
    if path.is_dir():
        return f"is a folder in a source's folder; put its files into {path.parent.name}/ itself"
    return f"is not a kind of file that can be read; expected {', '.join(SUFFIXES)}"


def _source_of(path: Path, sources: Collection[str]) -> str | None:
    """The source that a file or folder is named after."""
    if suffix_of(path.name) is None and not path.is_dir():
        return None
    return next((source for source in sources if source.casefold() == stem_of(path.name)), None)


def _parts(folder: Path, source: str, paths: list[Path]) -> list[Path]:
    """The one file of a source, or what is in its folder. Raises SourceError if the source has several of these."""
    forms: dict[str, list[Path]] = {}
    for path in paths:
        if suffix_of(path.name):
            forms[path.name] = [path]
        elif parts := sorted(part for part in path.iterdir() if not is_passed_over(part.name)):
            forms[f"{path.name}/"] = parts
    if len(forms) > 1:
        raise SourceError(
            f"{folder}: source '{source}' is there more than once ({', '.join(forms)}); keep one of them."
        )
    return [part for parts in forms.values() for part in parts]


def _copies(files: list[SourceFile], others: list[Path]) -> dict[Path, Path]:
    """Files that are byte for byte what their name says they were copied from, and that file."""
    by_name = {file.path.parent / file.path.name.casefold(): file for file in files}
    copies: dict[Path, Path] = {}
    for path in [*(file.path for file in files), *others]:
        original = by_name.get(path.parent / (original_of(path.name) or ""))
        if original and path.is_file() and SourceFile(original.source, path).sha256 == original.sha256:
            copies[path] = original.path
    return copies


def _shown(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix() + ("/" if path.is_dir() else "")
