"""DuckDB's databases of this process: one for all sessions that are open at a time, in memory.

A database takes some 20 ms to open and has threads and a memory limit of its own, so sessions share it: each has a
connection of its own, and a catalog of its own for its views, tables and macros. It closes with the last session.
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
    """A database. Get it by database_of(), which counts who uses it."""

    def __init__(self, threads: int, memory_limit: str) -> None:
        self._spill = SpillFolder()
        config: dict[str, Any] = {"memory_limit": memory_limit, "temp_directory": str(self._spill.path)}
        if threads:
            config["threads"] = threads
        self._root = duckdb.connect(config=config)
        # What two parts of a statement have in common it would keep in memory, all rows of a source perhaps.
        self._root.execute("SET disabled_optimizers = 'common_subplan'")
        self._numbers = count(1)
        self._secrets: dict[str, str] = {}
        self.users = 0

    @property
    def scratch(self) -> Path:
        """A folder for files that are gone with the database."""
        return self._spill.path

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection in a catalog of its own. In the end what is in the catalog is dropped."""
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
        """Let sessions read and write below a URL with these options of a secret."""
        with _lock:
            if self._secrets.get(url) != options:
                name = f"secret_{hashlib.sha256(url.encode()).hexdigest()[:16]}"
                scope = url.replace("'", "''")
                self._root.execute(f"CREATE OR REPLACE SECRET {name} ({options}, SCOPE '{scope}/')")
                self._secrets[url] = options

    def close(self) -> None:
        """Close the database, and remove what it spilled."""
        self._root.close()
        self._spill.close()


@contextmanager
def database_of(threads: int, memory_limit: str) -> Iterator[Database]:
    """The database with these limits, which is open as long as somebody uses it. `threads` 0 takes one a core."""
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
