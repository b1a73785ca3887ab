"""Copies, on this machine, of what this process put into a lake on S3, so that it need not ask for it again.

Only of objects that are put once and never changed. They go with their store, or after a kill with a later process.
"""

import threading
import weakref
from collections.abc import Iterable
from pathlib import Path

from refi_assets.lake.spill import SpillFolder


class OwnCopies:
    """The copies of one store. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._paths: dict[str, Path] = {}

    def place(self, key: str) -> Path:
        """Where an object is to be written before it is put; nothing is there yet."""
        path = self._root() / key
        path.parent.mkdir(parents=True, exist_ok=True)
        self._paths.pop(key, None)
        path.unlink(missing_ok=True)
        return path

    def _root(self) -> Path:
        with self._lock:
            if self._folder is None:
                spill = SpillFolder()
                weakref.finalize(self, spill.close)
                self._folder = spill.path / "lake"
            return self._folder

    def key_of(self, path: Path) -> str | None:
        """The key whose place a path is."""
        folder = self._folder
        return path.relative_to(folder).as_posix() if folder and path.is_relative_to(folder) else None

    def keep(self, key: str, path: Path) -> None:
        """An object was put as it is at its place; it will not change."""
        self._paths[key] = path

    def find(self, key: str) -> Path | None:
        """The copy of an object."""
        return self._paths.get(key)

    def forget(self, keys: Iterable[str]) -> None:
        """Objects were deleted."""
        for key in keys:
            if path := self._paths.pop(key, None):
                path.unlink(missing_ok=True)
