"""Connections to the store's files."""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from refi_assets.errors import StoreError
from refi_assets.store.failures import BUSY_SECONDS, READING

OLDEST_SQLITE = (3, 37, 0)  # the first with STRICT tables


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection in autocommit mode: `mode` is ro, rw, rwc (created if it is missing) or immutable.

    Raises StoreError if Python's SQLite is too old, or sqlite3.Error.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(
            f"Python's SQLite is version {sqlite3.sqlite_version}, and the store needs "
            f"{'.'.join(map(str, OLDEST_SQLITE))}. {READING}. Use a Python with a newer SQLite."
        )
    return sqlite3.connect(file_uri(path, mode), uri=True, isolation_level=None, timeout=BUSY_SECONDS)


def file_uri(path: Path, mode: str) -> str:
    """The URI of a file. An immutable file is one that nobody changes: it is read without locks."""
    return f"file:{quote(str(path))}?" + ("mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}")


def reading_mode(path: Path) -> str:
    """How to read a file with a write-ahead log: on a read-only disk SQLite cannot create its index of the log."""
    has_log = path.with_name(f"{path.name}-wal").exists()
    return "ro" if has_log or os.access(path.parent, os.W_OK) else "immutable"
