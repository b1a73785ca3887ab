"""This process's in-memory DuckDB database, shared by all open sessions.

A database takes some 20 ms to open, and has its own threads and memory limit, so sessions share one. Each session has
its own connection, and its own catalog for its views, tables and macros. The database closes with the last session.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from refi_assets.lake.spill import SpillFolder

_lock = threading.Lock()
_open: dict[tuple[int, str], "Database"] = {}


class Database:
    """A database. Get it from shared_database(), which counts its users."""

    def __init__(self, threads: int, memory_limit: str) -> None:
        self._spill = SpillFolder()
        config: dict[str, Any] = {"memory_limit": memory_limit, "temp_directory": str(self._spill.path)}
        if threads:
            config["threads"] = threads
        self._root = duckdb.connect(config=config)
        # It would keep the rows of a shared subquery in memory: all rows of a source, perhaps.
        self._root.execute("SET disabled_optimizers = 'common_subplan'")
        self._numbers = count(1)
        self._secrets: dict[str, str] = {}
        self.users = 0

    @property
    def scratch(self) -> Path:
        """A folder for files that are deleted with the database."""
        return self._spill.path

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with its own catalog, which is dropped when the connection closes."""
        with _lock:
            catalog = f"session {next(self._numbers)}"
            connection = self._root.cursor()
            connection.execute(f'ATTACH \':memory:\' AS "{catalog}"; USE "{catalog}"')
        try:
            yield connection
        finally:
            with _lock:
                connection.close()
                self._root.execute(f'DETACH DATABASE IF EXISTS "{catalog}"')

    def set_secret(self, url: str, options: str) -> None:
        """Give sessions access to everything below a URL, by a secret with these options."""
        with _lock:
            if self._secrets.get(url) != options:
                name = f"secret_{hashlib.sha256(url.encode()).hexdigest()[:16]}"
                scope = url.replace("'", "''")
                self._root.execute(f"CREATE OR REPLACE SECRET {name} ({options}, SCOPE '{scope}/')")
                self._secrets[url] = options

    def close(self) -> None:
        """Close the database, and delete its spilled files."""
        self._root.close()
        self._spill.close()


@contextmanager
def shared_database(threads: int, memory_limit: str) -> Iterator[Database]:
    """The database with these limits, which stays open while it has a user. `threads` 0 means one per core."""
    key = threads, memory_limit
    with _lock:
        database = _open.get(key) or _open.setdefault(key, Database(threads, memory_limit))
        database.users += 1
    try:
        yield database
    finally:
        with _lock:
            database.users -= 1
            if not database.users:
                del _open[key]
                database.close()
