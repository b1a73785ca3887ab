"""Failures of the store's files in words: what is wrong, what it means for the offers, and what to do."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from refi_assets.errors import StoreError

LOADING = "Last week's offers are unchanged"
RECORDING = "Nothing was recorded, and the stored offers are unchanged"
READING = "The stored offers were not changed"

BUSY_SECONDS = 5.0  # that a lock is waited for, unless the caller says otherwise

_FULL = ("the disk is full", "Free space on it, then try again.")
_READ_ONLY = ("it is read-only for this user or on this disk", "Make the folder writable, then try again.")
_LOCKED = (
    "another process has locked it",
    "Wait until that process is done, or end it, then try again.",
)
_DAMAGED = (
    "it is damaged, or not a file of the store",
    "Restore it from a backup; the file of a week can be replaced by a new run.",
)
_MISSING = ("it is missing or cannot be opened", "Check that the folder is there and may be read (REFI_STORE_DIR).")
_DISK = ("the disk is full or fails", "Free space on it or check it, then try again.")

_OF_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_ERROR: _DAMAGED,  # a table is missing
    sqlite3.SQLITE_CANTOPEN: _MISSING,
    sqlite3.SQLITE_IOERR: _DISK,
}
_OF_SYSTEM = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.ENOENT: _MISSING,
    errno.EIO: _DISK,
}


@contextmanager
def in_words(place: Path, consequence: str) -> Iterator[None]:
    """Turn a failure of SQLite or of the file system into a StoreError about a place."""
    try:
        yield
    except sqlite3.IntegrityError as error:  # its message names columns, never values
        raise StoreError(
            f"{place}: {error}. A person and a customer have at most one offer, and each column has a value. "
            f"{consequence}; correct the offers, then run again."
        ) from None
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:  # sqlite3 was used wrongly
            raise
        reason, advice = _OF_SQLITE.get(code & 0xFF, (str(error), "Check the disk and the folder, then try again."))
        if code & 0xFF == sqlite3.SQLITE_CANTOPEN and place.exists() and not os.access(place.parent, os.W_OK):
            reason, advice = _READ_ONLY  # a log beside it cannot be created
        raise StoreError(f"{place}: {reason}. {consequence}. {advice}") from None
    except OSError as error:
        reason, advice = _OF_SYSTEM.get(
            error.errno or 0, (error.strerror or str(error), "Check the disk and the folder, then try again.")
        )
        raise StoreError(f"{place}: {reason}. {consequence}. {advice}") from None
