"""A folder with source files outside the lake: the files that are read, and warnings or errors about the others.

A file that is not read although its name begins with a source's name is refused, since somebody expects it to be read.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from refi_assets.errors import SourceError
from refi_assets.ingestion.file_names import (
    endings_of,
    is_passed_over,
    is_silent,
    names_of,
    original_of,
    seems_source,
    source_of,
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
        """SHA-256 of the file's bytes."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class SourceFolder:
    """The source files of a folder, and warnings about the files that are not read."""

    files: list[SourceFile]
    warnings: list[str]


def find_source_files(folder: Path, sources: Collection[str], *, ignore_others: bool = False) -> SourceFolder:
    """The source files of a folder outside the lake, without sources of other domains.

    Raises SourceError if there are none, if a source is in two forms, or for anything that is not a regular file of the
    folder; unless `ignore_others`, also for a file that seems to be a source's and is not read, or whose source only
    the platform writes.
    """
    own_records = {source for source, contract in load_contracts().items() if contract.is_own_record}
    sources = [source for source in sources if source not in own_records]
    if not folder.is_dir():
        raise SourceError(f"{folder}: there is no such folder; expected {EXPECTED}.")
    paths = sorted(path for path in folder.iterdir() if not is_hidden(path.name))
    every_source = {*sources, *load_contracts()}
    found = {path: _source_of(path, every_source) for path in paths}
    parts = {source: _parts(folder, source, [p for p in paths if found[p] == source]) for source in sorted(sources)}
    files = [
        SourceFile(source, path)
        for source in parts
        for path in parts[source]
        if suffix_of(path.name, endings_of(source))
    ]
    for file in files:
        require_regular_file(file.path, folder, str(file.path))
    others = [path for path in paths if found[path] is None and not is_silent(path.name)]
    copies = _copies(files, others)
    others = [path for path in others if path not in copies]
    reasons = {
        path: _unreadable_kind(path, source)
        for source in parts
        for path in parts[source]
        if suffix_of(path.name, endings_of(source)) is None
    }
    reasons |= {path: reason for path in others if (reason := _why_not_read(path, sources))}
    reasons |= {path: "is never delivered: the platform writes it" for path in paths if found[path] in own_records}
    if reasons and not ignore_others:
        shown = "; ".join(f"{_shown(folder, path)} {reason}" for path, reason in list(reasons.items())[:SHOWN_NAMES])
        raise SourceError(f"{folder}: {shown}. Change or remove it, or continue without it: --ignore-others.")
    if not files:
        names = ", ".join(path.name for path in paths[:SHOWN_NAMES]) or "nothing"
        declared = ", ".join(name for source in sources for name in names_of(source))
        raise SourceError(
            f"{folder}: no source file; found: {names}; expected {EXPECTED}, for {', '.join(sources)}"
            f"{declared and f'; or {declared}'}."
        )
    warnings = [f"{folder}: {path.name} is a copy of {copies[path].name}; it is read once" for path in copies]
    if ignored := sorted({*reasons, *others}):
        names = ", ".join(_shown(folder, path) for path in ignored[:SHOWN_NAMES])
        more = f" and {len(ignored) - SHOWN_NAMES} more" if len(ignored) > SHOWN_NAMES else ""
        warnings.append(f"{folder}: not read, since no source has that name: {names}{more}")
    return SourceFolder([file for file in files if file.path not in copies], warnings)


def _why_not_read(path: Path, sources: Collection[str]) -> str | None:
    """Why a file that seems to be a source's is not read; None if it does not seem to be."""
    source = seems_source(path.name, sources)
    if source is None:
        return None
    endings = endings_of(source)
    ending = "/" if path.is_dir() else suffix_of(path.name, endings)
    if ending and original_of(path.name, endings) and (path.parent / f"{source}{ending}").exists():
        return f"is not read: by its name, it is a copy of {source}{ending}, but it differs; keep one of them"
    return f"is not read under that name; rename it to {source}{ending}" if ending else _unreadable_kind(path, source)


def _unreadable_kind(path: Path, source: str) -> str:
    if path.is_dir():
        return f"is a folder in a source's folder; put its files into {path.parent.name}/ itself"
    return f"is not a kind of file that can be read; expected {', '.join(endings_of(source))}"


def _source_of(path: Path, sources: Collection[str]) -> str | None:
    """The source whose name a file or folder has."""
    if path.is_dir():
        return next((source for source in sources if source.casefold() == stem_of(path.name)), None)
    return source_of(path.name, sources)


def _parts(folder: Path, source: str, paths: list[Path]) -> list[Path]:
    """The file of a source, or the files in its folder. Raises SourceError if the source has several of these."""
    endings = endings_of(source)
    forms: dict[str, list[Path]] = {}
    for path in paths:
        if suffix_of(path.name, endings):
            forms[path.name] = [path]
        elif parts := sorted(part for part in path.iterdir() if not is_passed_over(part.name, endings)):
            forms[f"{path.name}/"] = parts
    if len(forms) > 1:
        raise SourceError(
            f"{folder}: source '{source}' is in the folder more than once ({', '.join(forms)}); keep one of them."
        )
    return [part for parts in forms.values() for part in parts]


def _copies(files: list[SourceFile], others: list[Path]) -> dict[Path, Path]:
    """Files that equal, byte for byte, the original that their name implies, with that original."""
    endings = {ending for file in files for ending in endings_of(file.source)}
    by_name = {file.path.parent / file.path.name.casefold(): file for file in files}
    copies: dict[Path, Path] = {}
    for path in [*(file.path for file in files), *others]:
        original = by_name.get(path.parent / (original_of(path.name, endings) or ""))
        if original and path.is_file() and SourceFile(original.source, path).sha256 == original.sha256:
            copies[path] = original.path
    return copies


def _shown(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix() + ("/" if path.is_dir() else "")
