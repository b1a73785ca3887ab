"""The events before a batch, in one file sorted by borrower, and the portfolio: what is known beside the open day.

A new one is made when a new day begins, of all events before; the stream's files of the batches since fill the gap.
Whichever snapshot a batch reads, it finds the same events.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import date

from pydantic import BaseModel, ConfigDict

from refi_assets.engines.duckdb import ORDERED_PARQUET, DuckDBEngine
from refi_assets.engines.duckdb_sql import columns_sql, parquet_sql
from refi_assets.errors import LakeError
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
_KEPT = 2  # snapshots: a batch that is repeated may be the first of a day
_EVENT_RELATION, _PORTFOLIO_RELATION = "risk/events", "staging/portfolio_borrower"
_EVENTS_OF_RUN = columns_sql(STORED_COLUMNS, dict.fromkeys(PLACE_COLUMNS))


class Snapshot(BaseModel):
    """All events before a batch. `newest_day` is the last on which one was received; None without events."""

    model_config = ConfigDict(frozen=True)

    before_batch: int
    newest_day: date | None
    run_id: str | None  # the published run that it has taken up
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
        for number in self._numbers():
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
        files = self.files_since(snapshot, batch)
        if not files:
            return {}
        days: dict[int, set[date]] = {}
        source = parquet_sql(*map(self._lake.url, files), options=", filename = true")
        with self._engine.session() as session:
            for file, day in session.execute(f"SELECT DISTINCT filename, received_at::DATE FROM {source}"):
                days.setdefault(batch_number(file), set()).add(day)
        return days

    def fold(self, snapshot: Snapshot, batch: int, day: date) -> Snapshot:
        """A new snapshot before a batch, with which a day begins: another one, and the batches since.

        It takes up the last published run, if that is of an earlier day: its portfolio, and events that only files had.
        """
        run = self._published()
        is_new = run is not None and run.run_id != snapshot.run_id and run.as_of < day
        files = [snapshot.events, *self.files_since(snapshot, batch)]
        folded = self._make(batch, files, run if is_new else None, snapshot)
        with suppress(LakeError):  # without the right to delete, old ones stay
            for number in self._numbers()[_KEPT:]:
                self._lake.delete_folder(f"{self._folder}/before_batch={number}")
        return folded

    def _first(self) -> Snapshot:
        """The snapshot before the first batch: the last published run, and what other checkpoints have kept."""
        others = [name for name in checkpoint_ids(self._lake) if name != self._checkpoint_id]
        files = [key for name in others for key in event_files(self._lake, name)]
        return self._make(0, files, self._published(), None)

    def _published(self) -> PublishedRun | None:
        is_published = PUBLICATION.latest(self._lake) is not None
        return PublishedRun.find(PUBLICATION, self._lake, self._engine) if is_published else None

    def _make(self, batch: int, files: Sequence[str], run: PublishedRun | None, before: Snapshot | None) -> Snapshot:
        """A snapshot of the stream's files, and of a run; without one, the portfolio is that of the snapshot before."""
        relations = {relation.key: relation for relation in run.relations} if run else {}
        query = stored_rows_sql(self._lake, files)
        borrowers = parquet_sql(self._lake.url(before.portfolio)) if before else f"({_no_rows_sql(PORTFOLIO)})"
        with self._engine.session() as session:
            if _EVENT_RELATION in relations:
                rows = session.rows_sql(relations[_EVENT_RELATION])
                query = (
                    f"WITH stored AS ({query}) FROM stored UNION ALL SELECT {_EVENTS_OF_RUN} FROM ({rows}) "
                    f"ANTI JOIN stored USING ({', '.join(EVENT_KEY)})"
                )
            if _PORTFOLIO_RELATION in relations:
                borrowers = f"({session.rows_sql(relations[_PORTFOLIO_RELATION])})"
            events, portfolio = self._key(batch, "events.parquet"), self._key(batch, "portfolio.parquet")
            ordered = {
                events: f"SELECT * FROM ({query}) ORDER BY borrower_id, topic, event_id",
                portfolio: f"SELECT {columns_sql(PORTFOLIO)} FROM {borrowers} ORDER BY borrower_id",
            }
            for key, sql in ordered.items():
                session.copy(sql, self._lake.target(key), ORDERED_PARQUET)
            newest = session.value(f"SELECT max(received_at)::DATE FROM {parquet_sql(self._lake.url(events))}")
        run_id = run.run_id if run else before.run_id if before else None
        snapshot = Snapshot(before_batch=batch, newest_day=newest, run_id=run_id, events=events, portfolio=portfolio)
        self._lake.create_json(self._key(batch, "snapshot.json"), snapshot.model_dump(mode="json"))
        return snapshot

    def _numbers(self) -> list[int]:
        """The batches that have a snapshot before them, the newest first."""
        folders = self._lake.folders(self._folder)
        return sorted((int(name.removeprefix("before_batch=")) for name in folders), reverse=True)

    def _key(self, batch: int, name: str) -> str:
        return f"{self._folder}/before_batch={batch}/{name}"


def stored_rows_sql(lake: ObjectStore, keys: Sequence[str]) -> str:
    """A SELECT, in DuckDB's own SQL, of the events in some of the stream's files."""
    if not keys:
        return _no_rows_sql(STORED_COLUMNS)
    return f"SELECT {columns_sql(STORED_COLUMNS)} FROM {parquet_sql(*map(lake.url, keys))}"


def _no_rows_sql(columns: dict[str, str]) -> str:
    return f"SELECT {columns_sql(columns, dict.fromkeys(columns))} WHERE FALSE"
