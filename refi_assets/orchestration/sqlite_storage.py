"""Dagster's SQLite storage with connections that stay open, and the instance that uses it.

Dagster's own storage creates an engine and a connection for every statement, and SQLite checkpoints its log each time
the last connection to a database closes: some 15 ms per event, which is most of a small run. Here a connection stays
open. The files and their schema are Dagster's own, so processes with Dagster's classes can read and write them at the
same time. docs/adr/0013-open-sqlite-connections.md has the reasons.

dagster.yaml names the instance, not the storage, because only an instance knows the folder of its dagster.yaml. As
always, a `storage` in that file takes precedence.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Self, cast

import dagster as dg
import sqlalchemy as db
import yaml
from dagster._core.event_api import EventHandlerFn
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    SqliteEventLogStorage,
    SqliteEventLogStorageWatchdog,
)
from dagster._core.storage.runs.schema import RunStorageSqlMetadata
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS, create_db_conn_string
from dagster._core.storage.sqlite_storage import (
    DagsterSqliteStorage,
    _event_logs_directory,
    _runs_directory,
    _schedule_directory,
)
from dagster._serdes import ConfigurableClassData
from dagster._utils import mkdir_p
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from watchdog.events import FileSystemEvent
from watchdog.observers import Observer

OPEN_SHARDS = 4  # the index, and the runs used last
READ_AGAIN_AFTER = 0.2  # seconds after a change, when a run's watchers read its events once more

# The newest schema revision of a Dagster version, the same for all three storages. With another version, Dagster's own
# code reads the revisions, which takes a tenth of a second per database.
NEWEST_REVISION = {"1.13.27": "29b539ebc72a"}.get(dg.__version__)


def _sqlite_engine(conn_string: str) -> Engine:
    """An engine that keeps one connection open for all threads, and opens more while that one is in use."""
    engine = db.create_engine(
        conn_string,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=-1,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )
    db.event.listen(engine, "connect", _sync_at_checkpoints)
    return engine


def _sync_at_checkpoints(connection: Any, _: ConnectionPoolEntry) -> None:
    # With a write-ahead log, a power failure may then lose the last events, but never damages the database.
    connection.execute("PRAGMA synchronous=NORMAL")


def _is_newest(engine: Engine) -> bool:
    """Whether a database is stamped with the newest schema revision."""
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, "alembic_version"):
            return False
        revisions = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    return list(revisions) == [NEWEST_REVISION]


def _create_newest(engine: Engine, tables: db.MetaData) -> bool:
    """Create the tables and the stamp of the newest revision in an empty database, as Dagster does.

    One transaction, so another process sees either nothing or everything. Returns False if the database has tables or
    if another process is creating them; Dagster's own code waits for that.
    """
    if NEWEST_REVISION is None:
        return False
    with engine.connect() as connection:
        try:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        except OperationalError:  # locked: SQLite never waits for this statement
            return False
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        if db.inspect(connection).get_table_names():
            return False
        tables.create_all(connection)
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version ( version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num) )"
        )
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (NEWEST_REVISION,))
        connection.commit()
    return True


class _OpenFile:
    """The common part of the storages of runs and of schedules: one database with an open connection."""

    file_name: ClassVar[str]
    tables: ClassVar[db.MetaData]

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engine = _sqlite_engine(conn_string)
        super().__init__(conn_string, inst_data)  # type: ignore[call-arg]

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Any:
        """The storage in a folder, created if it is missing."""
        mkdir_p(base_dir)
        storage: Any = cls(create_db_conn_string(base_dir, cls.file_name), inst_data)
        if _is_newest(storage._engine):
            return storage
        if _create_newest(storage._engine, cls.tables):
            storage.migrate()
            storage.optimize()
            return storage
        return super().from_local(base_dir, inst_data)  # type: ignore[misc]

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """The open connection, in a transaction."""
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the file."""
        self._engine.dispose()


class OpenRunStorage(_OpenFile, SqliteRunStorage):
    """Runs."""

    file_name, tables = "runs", RunStorageSqlMetadata


class OpenScheduleStorage(_OpenFile, SqliteScheduleStorage):
    """Ticks and cursors of sensors and schedules."""

    file_name, tables = "schedules", ScheduleStorageSqlMetadata


class OpenEventLogStorage(SqliteEventLogStorage):
    """Events, with an open connection to the index and to each of the runs used last."""

    _obs: Any

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()  # by shard, the last used at the end
        self._tables_seen: set[str] = set()
        super().__init__(base_dir, inst_data)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table. Tables are never dropped."""
        if table_name not in self._tables_seen and super().has_table(table_name):
            self._tables_seen.add(table_name)
        return table_name in self._tables_seen

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        if not _is_newest(engine) and not _create_newest(engine, SqlEventLogStorageMetadata):
            super()._initdb(engine, for_index_shard)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine_of(shard).begin() as connection:
            yield connection

    def _engine_of(self, shard: str) -> Engine:
        """The engine of a shard. If too many are open, the least recently used one is closed."""
        engine = self._engines.pop(shard, None) or _sqlite_engine(self.conn_string_for_shard(shard))
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        self._engines[shard] = engine
        if len(self._engines) > OPEN_SHARDS:
            _, oldest = self._engines.popitem(last=False)
            oldest.dispose()
        return engine

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Call back on each event of a run, whichever process writes it."""
        if not self._obs:
            self._obs = Observer()
            self._obs.start()
        watchdog = _Watchdog(self, run_id, callback, cursor)
        self._watchers[run_id][callback] = (watchdog, self._obs.schedule(watchdog, self._base_dir, recursive=True))

    def wipe(self) -> None:
        """Close the files of all runs, then delete them."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close all files."""
        super().dispose()
        self._close()

    def _close(self) -> None:
        with self._db_lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()


class _Watchdog(SqliteEventLogStorageWatchdog):
    """Watches a run's write-ahead log as well: while a connection is open, its events are not yet in the database."""

    @property
    def patterns(self) -> list[str]:
        """The files to watch for changes."""
        return [self._log_path, f"{self._log_path}-wal"]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._reading = threading.Lock()
        self._is_due = False

    def on_modified(self, event: FileSystemEvent) -> None:
        """Read new events now and once more soon: a commit can be read only when all of it is in the log."""
        self._read()
        if not self._is_due:
            self._is_due = True
            timer = threading.Timer(READ_AGAIN_AFTER, self._read_again)
            timer.daemon = True
            timer.start()

    def _read_again(self) -> None:
        self._is_due = False
        if cast(OpenEventLogStorage, self._event_log_storage)._obs.is_alive():
            self._read()

    def _read(self) -> None:
        with self._reading:
            self._process_log()


class OpenSqliteStorage(DagsterSqliteStorage):
    """All three storages, in the folder of an instance."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        self._run_storage = OpenRunStorage.from_local(_runs_directory(base_dir))
        self._event_log_storage = OpenEventLogStorage(_event_logs_directory(base_dir))
        self._schedule_storage = OpenScheduleStorage.from_local(_schedule_directory(base_dir))
        self._inst_data = inst_data
        # Skips the __init__ of DagsterSqliteStorage, which would open Dagster's own three storages.
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """The storage of a dagster.yaml or of an instance's reference."""
        return cls.from_local(inst_data=inst_data, **config_value)


class OpenSqliteInstance(dg.DagsterInstance):
    """Dagster's instance, with open connections unless dagster.yaml configures another storage."""

    @staticmethod
    def config_schema() -> Mapping[str, Any]:
        """No settings beyond Dagster's own."""
        return {}

    @staticmethod
    def config_defaults(base_dir: str) -> Mapping[str, ConfigurableClassData | None]:
        """Dagster's own except the storage. Other processes get the same reference, and so the same folder."""
        storage = ConfigurableClassData(__name__, OpenSqliteStorage.__name__, yaml.dump({"base_dir": base_dir}))
        return {**InstanceRef.config_defaults(base_dir), "storage": storage}

    def dispose(self) -> None:
        """Close all files, including the schedules, which Dagster's own instance does not close."""
        super().dispose()
        if self.schedule_storage is not None:
            self.schedule_storage.dispose()
