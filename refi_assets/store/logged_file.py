"""A file of the store that is written while it is read: SQLite with a write-ahead log.

A commit is on the disk when it returns. Only the owner of the file can read it.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from refi_assets.errors import StoreError
from refi_assets.store.connections import connect, create_private, file_of
from refi_assets.store.failures import BUSY_SECONDS, in_words


class LoggedFile:
    """A file with these tables, which the first change creates. Any thread may use it; the others wait meanwhile.

    `version` is that of the tables, and `consequence` says in a failure what is unchanged. Its connection stays open,
    since closing the last one would write the log into the file each time; a file that was moved or restored meanwhile
    is opened again. Raises StoreError.
    """

    def __init__(
        self, path: Path, tables: str, version: int, consequence: str, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        self.path = path
        self._tables, self._version, self._consequence = tables, version, consequence
        self._busy_seconds = busy_seconds
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that keeps other writers out, committed at the end. A failure leaves nothing of it."""
        with self._lock, in_words(self.path, self._consequence):
            create_private(self.path)
            with self._connected() as connection:
                if _version_of(connection) == 0:
                    connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN IMMEDIATE")
                if _version_of(connection) == 0:
                    for statement in self._tables.split(";\n\n"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {self._version}")
                self._require_version(connection)
                yield connection
                connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection to read; None if nothing has been written yet."""
        with self._lock, in_words(self.path, self._consequence):
            if not self.path.exists():
                yield None
                return
            with self._connected() as connection:
                if _version_of(connection) == 0:
                    yield None
                    return
                self._require_version(connection)
                yield connection

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """The connection to the file that is at the path now. A failure closes it, and with it a transaction."""
        file = file_of(self.path)
        if file != self._opened:
            self._close()
        if self._connection is None:
            self._connection = connect(self.path, "rw", self._busy_seconds, for_any_thread=True)
            self._connection.execute("PRAGMA synchronous = FULL")
            self._opened = file
        try:
            yield self._connection
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = self._opened = None

    def _require_version(self, connection: sqlite3.Connection) -> None:
        version = _version_of(connection)
        if version != self._version:
            raise StoreError(
                f"{self.path} has version {version} of its tables, and this version of the package reads "
                f"{self._version}. {self._consequence}. Use the version of the package that wrote it."
            )


def _version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
