"""A batch in the driver: from the groups that Spark hands on to events, scores and dead letters, each put once.

Events of a batch are those with an offset in its range that were not there before. What was there before is the
snapshot, the stream's files since, and the rest of the day in Spark's state.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.engines.duckdb_sql import columns_sql, parquet_sql, quoted, rows_sql, text_literal
from refi_assets.errors import EngineError, type_and_place
from refi_assets.ml.registry import RegisteredModel
from refi_assets.ml.scoring import probability_sql
from refi_assets.risk.event_columns import EVENT_KEY
from refi_assets.risk.live_rules import LiveRules
from refi_assets.risk.policy import RiskPolicy
from refi_assets.risk.stream.checkpoint import BatchRange, Checkpoint
from refi_assets.risk.stream.dead_letters import DeadLetter, Place
from refi_assets.risk.stream.decisions import Champions, Decision, decide, require_same_messages
from refi_assets.risk.stream.lake_files import EVENTS, LATE_EVENTS, SCORES, batch_key, put_table, read_table
from refi_assets.risk.stream.live_output import LiveOutput
from refi_assets.risk.stream.live_scoring import RESULT_COLUMNS, LiveScoring
from refi_assets.risk.stream.mapped_events import MappedEvents
from refi_assets.risk.stream.sink import ScoreSink
from refi_assets.risk.stream.snapshot import PORTFOLIO, STORED_COLUMNS, Snapshot, Snapshots, stored_rows_sql

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS = columns_sql(STORED_COLUMNS)
_KEY = ", ".join(EVENT_KEY)

# What a score has beside its features, in this order; the message has all but the rules.
_SCORE_COLUMNS = """
    {checkpoint} || '/' || {batch} || '/' || scored.borrower_id AS score_id,
    scored.borrower_id,
    scored.as_of,
    result.probability,
    result.band,
    result.reasons,
    {model} AS model,
    {version}::BIGINT AS version,
    scored.newest_event_time,
    TIMESTAMP {processed_at} AS processed_at,
    scored.events,
    places.offsets,
    scored.late,
    coalesce(reported.rules, []) AS rules
"""


@dataclass
class BatchFigures:
    """What a batch had, and the seconds that its parts took."""

    batch: int
    events: int = 0
    late_events: int = 0
    scores: int = 0
    dead_letters: int = 0
    version: int | None = None
    newest: dict[tuple[str, int], datetime] = field(default_factory=dict)  # reception, by topic and partition
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add the seconds of a part."""
        start = time.monotonic()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + time.monotonic() - start


class BatchProcessor:
    """Processes the batches of a checkpoint, one after the other. Close it."""

    def __init__(
        self,
        engine: DuckDBEngine,
        checkpoint: Checkpoint,
        champions: Champions,
        sink: ScoreSink,
        policy: RiskPolicy,
    ) -> None:
        self._lake = engine.lake
        self._checkpoint = checkpoint
        self._champions = champions
        self._sink = sink
        self._late_after_hours = policy.events.late_after_hours
        self._snapshots = Snapshots(engine, checkpoint.checkpoint_id)
        self._snapshot: Snapshot | None = None
        self._mapped: MappedEvents
        self._days: dict[int, set[date]] = {}  # on which events were received, of the batches since the snapshot
        self._session = engine.session()
        self._session.execute("CREATE SCHEMA risk; CREATE SCHEMA staging")
        self._scoring = LiveScoring(self._session, policy.bands)
        self._rules = LiveRules(self._session.connection, policy)
        self._output = LiveOutput(engine.lake.name, self._session.connection)

    def close(self) -> None:
        """Close the session."""
        self._session.close()

    def process(self, batch: int, groups: "pa.Table") -> BatchFigures:
        """Keep, score and send a batch. Repeating it changes nothing. Raises RefiError."""
        try:
            return self._processed(batch, groups)
        except duckdb.Error as error:  # its message may quote an event
            raise EngineError(f"Batch {batch} cannot be scored: {type_and_place(error)}.") from None

    def _processed(self, batch: int, groups: "pa.Table") -> BatchFigures:
        figures = BatchFigures(batch)
        messages = self._checkpoint.batch(batch)
        require_same_messages(self._lake, self._checkpoint.checkpoint_id, batch, messages)
        with figures.timed("arrive"):
            self._arrive(groups, messages)
            letters = self._dead_letters()
            figures.newest = self._newest()
        if self._lake.find(self._key(SCORES, batch)):
            scores = read_table(self._lake, self._key(SCORES, batch))
        else:
            scores = self._scores(batch, messages, figures)
        figures.scores, figures.dead_letters = scores.num_rows, len(letters)
        with figures.timed("send"):
            self._sink.write(batch, scores, letters, messages.end)
        with figures.timed("store"):
            self._output.keep(self._checkpoint.checkpoint_id, batch, scores)
        return figures

    def _key(self, kind: str, batch: int) -> str:
        return batch_key(kind, self._checkpoint.checkpoint_id, batch)

    def _arrive(self, groups: "pa.Table", messages: BatchRange) -> None:
        """The table `arrived`: rows of the groups, of which those from the batch's start offsets on are new."""
        starts = [
            {"topic": topic, "kafka_partition": partition, "first": offset}
            for topic, offsets in messages.start.items()
            for partition, offset in offsets.items()
        ]
        start = rows_sql(starts, {"topic": "VARCHAR", "kafka_partition": "INTEGER", "first": "BIGINT"})
        self._session.connection.register("groups", groups)
        self._session.execute(
            "CREATE OR REPLACE TEMP TABLE arrived AS "
            "WITH event AS (SELECT borrower_id, UNNEST(rows, max_depth := 2) FROM groups) "
            f"SELECT {_COLUMNS}, reason, field, kafka_offset >= first AS is_new "
            f"FROM event INNER JOIN {start} AS start USING (topic, kafka_partition)"
        )
        self._session.connection.unregister("groups")

    def _dead_letters(self) -> list[DeadLetter]:
        rows = self._session.execute(
            "SELECT topic, kafka_partition, kafka_offset, reason, field, received_at FROM arrived "
            "WHERE reason IS NOT NULL AND is_new ORDER BY topic, kafka_partition, kafka_offset"
        )
        return [DeadLetter(Place(*row[:3]), *row[3:]) for row in rows]

    def _newest(self) -> dict[tuple[str, int], datetime]:
        rows = self._session.execute(
            "SELECT topic, kafka_partition, max(received_at) FROM arrived WHERE is_new GROUP BY ALL"
        )
        return {(topic, number): at.replace(tzinfo=UTC) for topic, number, at in rows}

    def _scores(self, batch: int, messages: BatchRange, figures: BatchFigures) -> "pa.Table":
        with figures.timed("history"):
            snapshot = self._open_snapshot(batch)
            self._find_events(snapshot, batch)
        with figures.timed("decide"):
            decision, model = decide(
                self._lake, self._checkpoint.checkpoint_id, batch, messages, snapshot.before_batch, self._champions
            )
            figures.version = decision.version
        with figures.timed("score"):
            features = self._score(model)
        with figures.timed("rules"):
            self._apply_rules()
            scores = self._score_table(batch, decision, features)
        with figures.timed("keep"):
            figures.events = self._put_events(EVENTS, batch, "NOT is_too_late")
            figures.late_events = self._put_events(LATE_EVENTS, batch, "is_too_late")
            return put_table(self._lake, self._key(SCORES, batch), scores)

    def _open_snapshot(self, batch: int) -> Snapshot:
        """The snapshot that the batch reads: a new one if a new day begins."""
        snapshot = self._snapshot
        if snapshot is None:
            snapshot = self._use_snapshot(self._snapshots.newest(batch))
            self._days = self._snapshots.days_since(snapshot, batch)
        days = self._days_of_new()
        if self._days and days and max(days) > max({snapshot.newest_day or date.min}.union(*self._days.values())):
            snapshot = self._use_snapshot(self._snapshots.fold(snapshot, batch, max(days)))
            self._days = {}
        self._days[batch] = days
        return snapshot

    def _use_snapshot(self, snapshot: Snapshot) -> Snapshot:
        self._snapshot = snapshot
        events, portfolio = (parquet_sql(self._lake.url(key)) for key in (snapshot.events, snapshot.portfolio))
        query = f"SELECT {_COLUMNS} FROM {events}"
        self._mapped = MappedEvents(self._session, query, self._session.scratch / "snapshot.arrow")
        self._session.execute(
            f"CREATE OR REPLACE TABLE staging.portfolio_borrower AS SELECT {columns_sql(PORTFOLIO)} FROM {portfolio}"
        )
        return snapshot

    def _days_of_new(self) -> set[date]:
        rows = self._session.execute("SELECT DISTINCT received_at::DATE FROM arrived WHERE is_new AND reason IS NULL")
        return {day for (day,) in rows}

    def _files_since(self, snapshot: Snapshot, batch: int) -> list[str]:
        """The stream's files since the snapshot that may have events of the batch's borrowers beside Spark's groups.

        Spark hands on a borrower's days with new events, each whole. A borrower with new events of the newest day may
        lack those of older days, and another one those of every day.
        """
        days_since = set[date]().union(*self._days.values())
        if len(days_since) < 2:
            return []
        newest = max(days_since)
        is_behind = self._session.value(
            "SELECT count(*) > 0 FROM (SELECT max(received_at)::DATE AS newest FROM arrived "
            f"WHERE is_new AND reason IS NULL GROUP BY borrower_id) WHERE newest < DATE '{newest}'"
        )
        batches = [number for number, days in self._days.items() if number < batch and (is_behind or days - {newest})]
        return self._snapshots.files_since(snapshot, batch, batches) if batches else []

    def _find_events(self, snapshot: Snapshot, batch: int) -> None:
        """The tables risk.events, of all borrowers with new events, `scored` and risk.subject."""
        self._session.execute(
            "CREATE OR REPLACE TEMP TABLE touched AS "
            "SELECT DISTINCT borrower_id FROM arrived WHERE is_new AND reason IS NULL"
        )
        stored = f"SELECT {_COLUMNS} FROM mapped"
        if files := self._files_since(snapshot, batch):
            stored += f" UNION ALL {stored_rows_sql(self._lake, files)} SEMI JOIN touched USING (borrower_id)"
        self._session.connection.register("mapped", self._mapped.of(self._arrow("FROM touched").column(0)))
        is_too_late = f"received_at > event_time + INTERVAL {self._late_after_hours} HOUR AS is_too_late"
        self._session.execute(
            f"CREATE OR REPLACE TEMP TABLE history AS {stored};"
            "CREATE OR REPLACE TABLE risk.events AS "
            f"SELECT {_COLUMNS}, FALSE AS is_new, {is_too_late} FROM history UNION ALL "
            f"SELECT {_COLUMNS}, is_new, {is_too_late} FROM arrived ANTI JOIN history USING ({_KEY}) "
            "WHERE reason IS NULL;"
            "CREATE OR REPLACE TEMP TABLE scored AS "
            "SELECT borrower_id, max(received_at)::DATE AS as_of, count(*) FILTER (is_new) AS events, "
            "max(event_time) AS newest_event_time, "
            "coalesce(min(event_time) FILTER (is_new) < max(event_time) FILTER (NOT is_new), FALSE) AS late "
            "FROM risk.events WHERE NOT is_too_late GROUP BY borrower_id HAVING events > 0;"
            "CREATE OR REPLACE TABLE risk.subject AS SELECT borrower_id, as_of FROM scored"
        )
        self._session.connection.unregister("mapped")

    def _score(self, model: RegisteredModel) -> list[str]:
        """The tables `result` and risk.scores; returns the names of the features."""
        results = self._scoring.score(model)
        self._session.connection.register("results", results)
        self._session.execute(
            "CREATE OR REPLACE TEMP TABLE result AS "
            f"SELECT * EXCLUDE (millionths), {probability_sql('millionths')} AS probability FROM results;"
            "CREATE OR REPLACE TABLE risk.scores AS SELECT borrower_id, as_of, probability FROM result"
        )
        self._session.connection.unregister("results")
        return [name for name in results.column_names if name not in RESULT_COLUMNS]

    def _apply_rules(self) -> None:
        """The table `reported`: the codes of the rules that report a borrower."""
        self._output.read_scores_before()
        self._rules.apply()
        self._session.execute(
            "CREATE OR REPLACE TEMP TABLE reported AS "
            "WITH report AS (SELECT borrower_id, rule FROM risk.high_risk "
            "UNION ALL SELECT borrower_id, rule FROM risk.possible_fraud) "
            "SELECT borrower_id, list(DISTINCT rule ORDER BY rule) AS rules FROM report GROUP BY borrower_id"
        )

    def _score_table(self, batch: int, decision: Decision, features: Sequence[str]) -> "pa.Table":
        columns = _SCORE_COLUMNS.format(
            checkpoint=text_literal(self._checkpoint.checkpoint_id),
            batch=batch,
            model=text_literal(decision.model),
            version=decision.version,
            processed_at=text_literal(f"{decision.processed_at.astimezone(UTC).replace(tzinfo=None)}"),
        )
        return self._arrow(
            "WITH last_offset AS (SELECT borrower_id, topic, arg_max(kafka_partition, kafka_offset) AS number, "
            "max(kafka_offset) AS kafka_offset FROM risk.events WHERE is_new AND NOT is_too_late GROUP BY ALL), "
            "places AS (SELECT borrower_id, "
            "map_from_entries(list(ROW(topic, [number::BIGINT, kafka_offset]) ORDER BY topic)) AS offsets "
            "FROM last_offset GROUP BY borrower_id) "
            f"SELECT {columns}, {', '.join(f'result.{quoted(name)}' for name in features)} "
            "FROM scored INNER JOIN result USING (borrower_id) INNER JOIN places USING (borrower_id) "
            "LEFT JOIN reported USING (borrower_id) ORDER BY scored.borrower_id"
        )

    def _put_events(self, kind: str, batch: int, condition: str) -> int:
        table = self._arrow(f"SELECT {_COLUMNS} FROM risk.events WHERE is_new AND {condition} ORDER BY {_KEY}")
        if table.num_rows:
            put_table(self._lake, self._key(kind, batch), table)
        return int(table.num_rows)

    def _arrow(self, query: str) -> Any:
        return self._session.connection.execute(query).to_arrow_table()
