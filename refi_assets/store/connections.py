"""Connections to the store's files."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from refi_assets.errors import StoreError
from refi_assets.store.failures import BUSY_SECONDS, READING

OLDEST_SQLITE = (3, 37, 0)  # the first with STRICT tables


def connect(
    path: Path, mode: str, busy_seconds: float = BUSY_SECONDS, *, for_any_thread: bool = False
) -> sqlite3.Connection:
    """A connection in autocommit mode: `mode` is ro, rw, rwc (created if it is missing) or immutable.

    It waits for a lock for `busy_seconds`. One for any thread is used by one at a time. Raises StoreError if Python's
    SQLite is too old, or sqlite3.Error.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(
            f"Python's SQLite is version {sqlite3.sqlite_version}, and the store needs "
            f"{'.'.join(map(str, OLDEST_SQLITE))}. {READING}. Use a Python with a newer SQLite."
        )
    return sqlite3.connect(
        file_uri(path, mode),
        uri=True,
        isolation_level=None,
        timeout=busy_seconds,
        check_same_thread=not for_any_thread,
    )


def file_uri(path: Path, mode: str) -> str:
    """The URI of a file. An immutable file is one that nobody changes: it is read without locks."""
    return f"file:{quote(str(path))}?" + ("mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}")


def create_private(path: Path) -> None:
    """Create a file, and its folder, if it is missing, so that only its owner can read it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def file_of(path: Path) -> tuple[int, int] | None:
    """The file that is at a path now; None if there is none. A connection keeps to the one that it opened."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def version_of_unlocked(path: Path) -> tuple[int, int, int] | None:
    """The version of a file with a write-ahead log that must be read as if it were immutable; None if it must not.

    SQLite cannot create its index of the log on a read-only disk. Another machine or container may write there, though.
    """
    if not os.statvfs(path.parent).f_flag & os.ST_RDONLY or path.with_name(f"{path.name}-wal").exists():
        return None
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size
