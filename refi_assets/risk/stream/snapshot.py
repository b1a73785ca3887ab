"""The events before a batch, in one file sorted by borrower, and the portfolio: what is known beside the open day.

A new one is made when a new day begins, of all events before; the stream's files of the batches since fill the gap.
Whichever snapshot a batch reads, it finds the same events.
"""

from collections.abc import Collection, Sequence
from datetime import date

from pydantic import BaseModel, ConfigDict

from refi_assets.engines.duckdb import ORDERED_PARQUET, DuckDBEngine, DuckDBSession
from refi_assets.engines.duckdb_sql import columns_sql, parquet_sql, quoted
from refi_assets.lake import ObjectStore
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun
from refi_assets.risk.event_columns import EVENT_COLUMNS, EVENT_KEY, PLACE_COLUMNS
from refi_assets.risk.stream.lake_files import (
    EVENTS,
    LATE_EVENTS,
    SNAPSHOTS,
    batch_files,
    batch_number,
    checkpoint_folder,
    checkpoint_ids,
    event_files,
)

PUBLICATION = Publication("risk", "portfolio")
STORED_COLUMNS = EVENT_COLUMNS | PLACE_COLUMNS
PORTFOLIO = {"borrower_id": "VARCHAR", "opened_on": "DATE", "state": "VARCHAR"}
_EVENT_RELATION, _PORTFOLIO_RELATION = "risk/events", "staging/portfolio_borrower"


class Snapshot(BaseModel):
    """All events before a batch. `newest_day` is the last on which one was received; None without events."""

    model_config = ConfigDict(frozen=True)

    before_batch: int
    newest_day: date | None
    events: str  # keys in the lake
    portfolio: str
    run_id: str | None = None  # the last published run whose events and portfolio it has


class Snapshots:
    """The snapshots of a checkpoint."""

    def __init__(self, engine: DuckDBEngine, checkpoint_id: str) -> None:
        self._engine = engine
        self._lake: ObjectStore = engine.lake
        self._checkpoint_id = checkpoint_id
        self._folder = checkpoint_folder(SNAPSHOTS, checkpoint_id)

    def newest(self, batch: int) -> Snapshot:
        """The newest snapshot that a batch may read; the first one is made here."""
        numbers = [int(name.removeprefix("before_batch=")) for name in self._lake.folders(self._folder)]
        for number in sorted(numbers, reverse=True):
            if number <= batch and (value := self._lake.get_json(self._key(number, "snapshot.json"))):
                return Snapshot.model_validate(value)
        return self._first()

    def files_since(self, snapshot: Snapshot, batch: int, batches: Collection[int] | None = None) -> list[str]:
        """The keys of the stream's files between a snapshot and a batch; if asked, only those of some batches."""
        return [
            key
            for kind in (EVENTS, LATE_EVENTS)
            for number, key in batch_files(self._lake, kind, self._checkpoint_id).items()
            if snapshot.before_batch <= number < batch and (batches is None or number in batches)
        ]

    def days_since(self, snapshot: Snapshot, batch: int) -> dict[int, set[date]]:
        """The days on which events were received, of each batch between a snapshot and a batch that has events."""
        days: dict[int, set[date]] = {}
        with self._engine.session() as session:
            for key in self.files_since(snapshot, batch):
                rows = session.execute(f"SELECT DISTINCT received_at::DATE FROM ({stored_rows_sql(self._lake, [key])})")
                days.setdefault(batch_number(key), set()).update(day for (day,) in rows)
        return days

    def fold(self, snapshot: Snapshot, batch: int) -> Snapshot:
        """A new snapshot before a batch: the events of another, of the batches since, and of a run published since."""
        with self._engine.session() as session:
            queries = [stored_rows_sql(self._lake, [snapshot.events, *self.files_since(snapshot, batch)])]
            run = self._published()
            if run is None or run.run_id == snapshot.run_id:
                return self._write(session, batch, queries[0], snapshot.portfolio, snapshot.run_id)
            return self._write_with_run(session, batch, queries, run)

    def _first(self) -> Snapshot:
        """The snapshot before the first batch: the last published run, and what other checkpoints have kept."""
        others = [name for name in checkpoint_ids(self._lake) if name != self._checkpoint_id]
        files = [key for name in others for key in event_files(self._lake, name)]
        with self._engine.session() as session:
            return self._write_with_run(session, 0, [stored_rows_sql(self._lake, files)], self._published())

    def _published(self) -> PublishedRun | None:
        """The last published run; None before the first one."""
        if PUBLICATION.latest(self._lake) is None:
            return None
        return PublishedRun.find(PUBLICATION, self._lake, self._engine)

    def _write_with_run(
        self, session: DuckDBSession, batch: int, queries: Sequence[str], run: PublishedRun | None
    ) -> Snapshot:
        """Events of queries and of a run, each once, the first to arrive; and the run's portfolio."""
        relations = {relation.key: relation for relation in run.relations} if run else {}
        events, borrowers = list(queries), _no_rows_sql(PORTFOLIO)
        if _EVENT_RELATION in relations:
            columns = ", ".join(map(quoted, EVENT_COLUMNS))
            places = ", ".join(f"CAST(NULL AS {sql_type}) AS {name}" for name, sql_type in PLACE_COLUMNS.items())
            events.append(f"SELECT {columns}, {places} FROM ({session.rows_sql(relations[_EVENT_RELATION])})")
        if _PORTFOLIO_RELATION in relations:
            borrowers = f"SELECT {', '.join(PORTFOLIO)} FROM ({session.rows_sql(relations[_PORTFOLIO_RELATION])})"
        order = "received_at, kafka_offset NULLS LAST"
        once = (
            f"SELECT * FROM ({' UNION ALL '.join(events)}) "
            f"QUALIFY row_number() OVER (PARTITION BY {', '.join(EVENT_KEY)} ORDER BY {order}) = 1"
        )
        portfolio = self._key(batch, "portfolio.parquet")
        session.copy(f"{borrowers} ORDER BY borrower_id", self._lake.target(portfolio), ORDERED_PARQUET)
        return self._write(session, batch, once, portfolio, run.run_id if run else None)

    def _write(self, session: DuckDBSession, batch: int, query: str, portfolio: str, run_id: str | None) -> Snapshot:
        events = self._key(batch, "events.parquet")
        rows = f"SELECT * FROM ({query}) ORDER BY borrower_id, topic, event_id"
        session.copy(rows, self._lake.target(events), ORDERED_PARQUET)
        newest = session.value(f"SELECT max(received_at)::DATE FROM {parquet_sql(self._lake.url(events))}")
        snapshot = Snapshot(before_batch=batch, newest_day=newest, events=events, portfolio=portfolio, run_id=run_id)
        self._lake.create_json(self._key(batch, "snapshot.json"), snapshot.model_dump(mode="json"))
        return snapshot

    def _key(self, batch: int, name: str) -> str:
        return f"{self._folder}/before_batch={batch}/{name}"


def stored_rows_sql(lake: ObjectStore, keys: Sequence[str]) -> str:
    """A SELECT, in DuckDB's own SQL, of the events in some of the stream's files."""
    if not keys:
        return _no_rows_sql(STORED_COLUMNS)
    return f"SELECT {columns_sql(STORED_COLUMNS)} FROM {parquet_sql(*map(lake.url, keys))}"


def _no_rows_sql(columns: dict[str, str]) -> str:
    return f"SELECT {columns_sql(columns, dict.fromkeys(columns))} WHERE FALSE"
