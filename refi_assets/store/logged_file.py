"""A file of the store that is written while it is read: SQLite with a write-ahead log.

Each call opens it, so a call may come from any thread, and a file that was moved or restored is noticed. A commit is on
the disk when it returns. Only the owner of the file can read it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from refi_assets.errors import StoreError
from refi_assets.store.connections import connect, create_private
from refi_assets.store.failures import BUSY_SECONDS, in_words


class LoggedFile:
    """A file with these tables, which the first change creates.

    `version` is that of the tables, and `consequence` says in a failure what is unchanged. Raises StoreError.
    """

    def __init__(
        self,
        path: Path,
        tables: str,
        version: int,
        consequence: str,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self.path, self.consequence = path, consequence
        self._tables, self._version, self._busy_seconds = tables, version, busy_seconds

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that keeps other writers out, committed at the end. A failure leaves nothing of it."""
        with in_words(self.path, self.consequence):
            create_private(self.path)
            with closing(connect(self.path, "rw", self._busy_seconds)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("BEGIN IMMEDIATE")
                if self._version_in(connection) == 0:
                    for statement in self._tables.split(";\n\n"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {self._version}")
                self._require_version(connection)
                yield connection
                connection.execute("COMMIT")  # closing without it leaves nothing of a failed change

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection to read; None if nothing has been written yet."""
        with in_words(self.path, self.consequence):
            if not self.path.exists():
                yield None
                return
            with closing(connect(self.path, "rw", self._busy_seconds)) as connection:
                if self._version_in(connection) == 0:
                    yield None
                    return
                self._require_version(connection)
                yield connection

    def _version_in(self, connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def _require_version(self, connection: sqlite3.Connection) -> None:
        version = self._version_in(connection)
        if version != self._version:
            raise StoreError(
                f"{self.path} has version {version} of its tables, and this version of the package reads "
                f"{self._version}. {self.consequence}. Use the version of the package that wrote it."
            )
