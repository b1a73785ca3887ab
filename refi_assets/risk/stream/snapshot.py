"""The events before a batch, in one file sorted by borrower, and the portfolio: what is known beside the open day.

A new one is made when a new day begins, of all events before; the stream's files of the batches since fill the gap.
Whichever snapshot a batch reads, it finds the same events.
"""

from collections.abc import Sequence
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

    def files_since(self, snapshot: Snapshot, batch: int) -> list[str]:
        """The keys of the stream's files between a snapshot and a batch."""
        return [
            key
            for kind in (EVENTS, LATE_EVENTS)
            for number, key in batch_files(self._lake, kind, self._checkpoint_id).items()
            if snapshot.before_batch <= number < batch
        ]

    def fold(self, snapshot: Snapshot, batch: int) -> Snapshot:
        """A new snapshot before a batch: the events of another, and of the batches since."""
        with self._engine.session() as session:
            query = stored_rows_sql(self._lake, [snapshot.events, *self.files_since(snapshot, batch)])
            return self._write(session, batch, query, snapshot.portfolio)

    def _first(self) -> Snapshot:
        """The snapshot before the first batch: the last published run, and what other checkpoints have kept."""
        others = [name for name in checkpoint_ids(self._lake) if name != self._checkpoint_id]
        files = [key for name in others for key in event_files(self._lake, name)]
        is_published = PUBLICATION.latest(self._lake) is not None
        run = PublishedRun.find(PUBLICATION, self._lake, self._engine) if is_published else None
        relations = {relation.key: relation for relation in run.relations} if run else {}
        with self._engine.session() as session:
            queries = [stored_rows_sql(self._lake, files)] if files else []
            if _EVENT_RELATION in relations:
                columns = ", ".join(map(quoted, EVENT_COLUMNS))
                places = ", ".join(f"CAST(NULL AS {sql_type}) AS {name}" for name, sql_type in PLACE_COLUMNS.items())
                queries.append(f"SELECT {columns}, {places} FROM ({session.rows_sql(relations[_EVENT_RELATION])})")
            events = " UNION ALL ".join(queries) or _no_rows_sql(STORED_COLUMNS)
            order = "received_at, kafka_offset NULLS LAST"
            once = f"{events} QUALIFY row_number() OVER (PARTITION BY {', '.join(EVENT_KEY)} ORDER BY {order}) = 1"
            borrowers = _no_rows_sql(PORTFOLIO)
            if _PORTFOLIO_RELATION in relations:
                borrowers = f"SELECT {', '.join(PORTFOLIO)} FROM ({session.rows_sql(relations[_PORTFOLIO_RELATION])})"
            portfolio = self._key(0, "portfolio.parquet")
            session.copy(f"{borrowers} ORDER BY borrower_id", self._lake.target(portfolio), ORDERED_PARQUET)
            return self._write(session, 0, f"SELECT * FROM ({once})" if queries else events, portfolio)

    def _write(self, session: DuckDBSession, batch: int, query: str, portfolio: str) -> Snapshot:
        events = self._key(batch, "events.parquet")
        rows = f"SELECT * FROM ({query}) ORDER BY borrower_id, topic, event_id"
        session.copy(rows, self._lake.target(events), ORDERED_PARQUET)
        newest = session.value(f"SELECT max(received_at)::DATE FROM {parquet_sql(self._lake.url(events))}")
        snapshot = Snapshot(before_batch=batch, newest_day=newest, events=events, portfolio=portfolio)
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
