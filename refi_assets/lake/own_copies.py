"""Local copies of objects that this process put into a lake on S3, so that it need not download them.

Only objects that never change after their put have one. Copies are deleted with their store, or after a kill by a later
process.
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
        """The path at which to write an object before it is put; no file is there yet."""
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
        """The key of the object whose place this is."""
        folder = self._folder
        return path.relative_to(folder).as_posix() if folder and path.is_relative_to(folder) else None

    def keep(self, key: str, path: Path) -> None:
        """Keep the file of an object that was put from its place and will not change."""
        self._paths[key] = path

    def find(self, key: str) -> Path | None:
        """The copy of an object, if there is one."""
        return self._paths.get(key)

    def forget(self, keys: Iterable[str]) -> None:
        """Delete the copies of deleted objects."""
        for key in keys:
            if path := self._paths.pop(key, None):
                path.unlink(missing_ok=True)
