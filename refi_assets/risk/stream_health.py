"""How the stream is doing, from what it has put into the lake: how long ago, and how far behind each partition was.

So it can be asked where neither Kafka nor the stream's own process can be reached. The process reports more in /metrics
and /healthz.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.engines.duckdb_sql import parquet_sql
from refi_assets.lake import ObjectStore
from refi_assets.risk.policy import StreamHealth
from refi_assets.risk.stream.decisions import Decision
from refi_assets.risk.stream.lake_files import DECISIONS, EVENTS, LATE_EVENTS, STREAM_FOLDER, batch_key


@dataclass(frozen=True)
class StreamStatus:
    """The newest batch, which began at `processed_at` (UTC).

    `lag_seconds`: topic/partition -> seconds from the arrival of the partition's newest event in the batch to the
    start of the batch; only of partitions that have one.
    """

    checkpoint_id: str
    batch: int
    processed_at: datetime
    lag_seconds: Mapping[str, float]

    @property
    def most_lag_seconds(self) -> float:
        """Of the partition that is furthest behind; 0 if the batch has no event."""
        return max(self.lag_seconds.values(), default=0.0)

    def silent_minutes(self, at: datetime) -> float:
        """Minutes from the start of the newest batch to a time."""
        return (at - self.processed_at).total_seconds() / 60

    def verdict(self, at: datetime, limits: StreamHealth) -> str:
        """well, warns or fails: the worse of lag and silence."""
        measured = ((self.most_lag_seconds, limits.lag_seconds), (self.silent_minutes(at), limits.silent_minutes))
        if any(number > limit.block_above for number, limit in measured):
            return "fails"
        return "warns" if any(number > limit.warn_above for number, limit in measured) else "well"


def newest_stream_status(engine: DuckDBEngine) -> StreamStatus | None:
    """The health of the stream that has made the newest batch; None if the lake has no batch. Raises RefiError."""
    lake, newest = engine.lake, None
    for folder in lake.folders(f"{STREAM_FOLDER}/{DECISIONS}"):
        checkpoint_id = folder.removeprefix("checkpoint=")
        batch = _newest_batch(lake, checkpoint_id)
        decision = Decision.model_validate(lake.get_json(batch_key(DECISIONS, checkpoint_id, batch)))
        if newest is None or decision.processed_at > newest[2].processed_at:
            newest = checkpoint_id, batch, decision
    if newest is None:
        return None
    checkpoint_id, batch, decision = newest
    return StreamStatus(checkpoint_id, batch, decision.processed_at, _lags(engine, checkpoint_id, batch, decision))


def _newest_batch(lake: ObjectStore, checkpoint_id: str) -> int:
    """The number of a checkpoint's newest batch: batches are numbered from 0, and too many to be listed."""

    def exists(batch: int) -> bool:
        return lake.find(batch_key(DECISIONS, checkpoint_id, batch)) is not None

    low, high = 0, 1
    while exists(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if exists(middle) else (low, middle)
    return low


def _lags(engine: DuckDBEngine, checkpoint_id: str, batch: int, decision: Decision) -> dict[str, float]:
    keys = [batch_key(kind, checkpoint_id, batch) for kind in (EVENTS, LATE_EVENTS)]
    paths = [engine.lake.url(key) for key in keys if engine.lake.find(key)]  # a batch under way may have none yet
    if not paths:
        return {}
    with engine.session() as session:
        rows = session.execute(
            f"SELECT topic, kafka_partition, max(received_at) FROM {parquet_sql(*paths)} GROUP BY ALL ORDER BY ALL"
        )
    return {
        f"{topic}/{partition}": max((decision.processed_at - received_at.replace(tzinfo=UTC)).total_seconds(), 0.0)
        for topic, partition, received_at in rows
    }
