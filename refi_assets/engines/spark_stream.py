"""Kafka's messages in micro-batches of Spark: parsed, each once, grouped by a key and the day on which Kafka had them.

State is in Spark's own operators. A batch is handed on as one Arrow table; what messages mean, and what is done with a
batch, is unknown here.

Each partition is a source with a watermark of its own, and the lowest one counts. With one source for all of them, rows
of a partition that lags behind the others by more than the days that are kept would be dropped without a word. So state
expires by the partition that is farthest behind; one without any new message keeps all state.
"""

import json
import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlglot import exp

from refi_assets.engines.spark_session import SQL_OPTIONS, spark_session
from refi_assets.errors import EngineError, type_and_place

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

ROWS = "rows"  # of a batch: a column with the rows of a group

_OPTIONS = {
    # The newer reader of 4.1.1 ends the query after each replayed batch (SPARK-55271).
    "spark.sql.streaming.disabledV2MicroBatchReaders": "org.apache.spark.sql.kafka010.KafkaSourceProvider",
    "spark.sql.streaming.stateStore.providerClass": (
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
    ),
    "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
    "spark.sql.streaming.multipleWatermarkPolicy": "min",
    "spark.sql.streaming.numRecentProgressUpdates": "10",
    "spark.sql.streaming.noDataMicroBatches.enabled": "false",  # state expires with the next message
    "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "1000000",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
}
_MESSAGE = ("key", "value", "timestamp", "partition", "offset")  # what Kafka's source has of a message

Parse = Callable[[str, "Iterator[pa.RecordBatch]"], "Iterator[pa.RecordBatch]"]
OnBatch = Callable[[int, "pa.Table"], None]


class KafkaPartition(NamedTuple):
    """A partition of a topic, and the offset at which a new checkpoint begins to read it."""

    topic: str
    number: int
    first_offset: int


@dataclass(frozen=True)
class StreamPlan:
    """What is read, and what is kept of it.

    `parse` turns messages of a topic (key, value, timestamp, partition, offset) into rows of `columns`, name ->
    DuckDB's type; Spark's workers import it. Rows with equal `unique` columns are one row if Kafka had them at most
    `keep_days` apart. `received` is the column with the time at which Kafka had a message, `group` the key.
    """

    partitions: Sequence[KafkaPartition]
    kafka_options: Mapping[str, str]
    messages_a_batch: int
    state_partitions: int
    parse: Parse
    columns: Mapping[str, str]
    group: str
    unique: Sequence[str]
    received: str
    keep_days: int
    checkpoint: str


class BatchProgress(NamedTuple):
    """Measurements of a finished batch. Lag is in messages, by topic and partition."""

    batch: int
    messages: int
    seconds: float
    lag: Mapping[tuple[str, int], int]
    state_rows: int
    state_bytes: int
    duplicates: int
    dropped: int  # rows that came after their state had expired; more than 0 is a loss


class RunningStream:
    """A query that runs. `on_batch` gets the number of a batch, and the groups with new rows, with all their rows.

    An exception of `on_batch` ends the query; the batch is then repeated by the next query on the checkpoint.
    """

    def __init__(
        self, plan: StreamPlan, on_batch: OnBatch, *, until_caught_up: bool = False, trigger_seconds: float = 0
    ) -> None:
        """Start it. With `until_caught_up`, it ends after the messages that Kafka has now."""
        self._on_batch = on_batch
        self._is_stopping = threading.Event()
        self._busy = threading.Lock()
        self._last_batch: int | None = None
        self._failure: Exception | None = None
        self._reported = ""  # the time of the newest report that was passed on
        session = _stream_session(plan)
        writer = _groups(session, plan).writeStream.outputMode("update").foreachBatch(self._receive)
        writer = writer.option("checkpointLocation", plan.checkpoint.replace("s3://", "s3a://"))
        if until_caught_up:
            writer = writer.trigger(availableNow=True)
        else:
            writer = writer.trigger(processingTime=f"{trigger_seconds} seconds")
        self._query = writer.start()

    def _receive(self, rows: "DataFrame", batch: int) -> None:
        with self._busy:
            if self._is_stopping.is_set():
                raise _StoppedError  # the batch has only its offsets yet
            try:
                self._on_batch(batch, _arrow_table(rows))
            except Exception as error:
                self._failure = error
                raise RuntimeError(type_and_place(error)) from None  # Spark logs it
            self._last_batch = batch

    def wait(self, seconds: float) -> bool:
        """Wait at most that long for the query's end; returns whether it has ended.

        Raises what `on_batch` raised, EngineError if Spark ended it, or SparkEndedError.
        """
        from pyspark.errors import StreamingQueryException

        try:
            with self._java():
                return bool(self._query.awaitTermination(seconds))
        except StreamingQueryException as error:
            if self._is_stopping.is_set():
                return True
            if self._failure is not None:
                raise self._failure from None
            raise EngineError(_reason(str(error))) from None

    def stop(self) -> None:
        """End the query after the batch that runs, which is committed."""
        self._is_stopping.set()
        with self._busy:
            last = self._last_batch
        with suppress(SparkEndedError):
            while last is not None and self._failure is None and not self.wait(0.05):
                progress = self._query.lastProgress
                if progress is not None and progress["batchId"] >= last:
                    break
            with self._java():
                self._query.stop()

    def new_progress(self) -> list[BatchProgress]:
        """Spark's reports since the last call. One without messages has the number of the next batch.

        Raises SparkEndedError.
        """
        with self._java():
            last = self._query.lastProgress
            if last is None or last["timestamp"] == self._reported:
                return []
            reports = [json.loads(report.json) for report in self._query.recentProgress]
        new = [report for report in reports if report["timestamp"] > self._reported]
        self._reported = last["timestamp"]
        return [_batch_progress(report) for report in new]

    @contextmanager
    def _java(self) -> Iterator[None]:
        from py4j.protocol import Py4JNetworkError

        try:
            yield
        except Py4JNetworkError:
            raise SparkEndedError(
                "Spark's Java process has ended; if it was killed, it may have had too little memory. Start again."
            ) from None


class SparkEndedError(EngineError):
    """Spark's Java process has ended, and this process cannot start another."""


class _StoppedError(Exception):
    pass


def _stream_session(plan: StreamPlan) -> "SparkSession":
    """A session of its own, so that other work in this process keeps its options."""
    logging.getLogger("py4j.clientserver").disabled = True  # it writes a traceback of whatever ends a query
    session = spark_session().newSession()
    options = SQL_OPTIONS | _OPTIONS | {"spark.sql.shuffle.partitions": str(plan.state_partitions)}
    for name, value in options.items():
        session.conf.set(name, value)
    return session


def _arrow_table(rows: "DataFrame") -> "pa.Table":
    """The rows. Raises EngineError."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        return rows.toArrow()
    except (Py4JError, PySparkException) as error:
        raise EngineError(_reason(str(error))) from None


def _groups(session: "SparkSession", plan: StreamPlan) -> "DataFrame":
    from pyspark.sql import functions

    each = max(1, plan.messages_a_batch // len(plan.partitions))
    sources = [_rows(session, plan, partition, each) for partition in plan.partitions]
    rows = reduce(lambda left, right: left.unionAll(right), sources).dropDuplicatesWithinWatermark([*plan.unique])
    days = functions.window(plan.received, "1 day").alias("window")
    types = _spark_types(plan.columns)
    columns = [functions.col(name).cast(types[name]).alias(name) for name in plan.columns if name != plan.group]
    groups = rows.groupBy(plan.group, days).agg(functions.collect_list(functions.struct(*columns)).alias(ROWS))
    return groups.select(plan.group, ROWS)


def _rows(session: "SparkSession", plan: StreamPlan, partition: KafkaPartition, most: int) -> "DataFrame":
    topic, number, first_offset = partition
    options = {
        **plan.kafka_options,
        "assign": json.dumps({topic: [number]}),
        "startingOffsets": json.dumps({topic: {str(number): first_offset}}),
        "maxOffsetsPerTrigger": str(most),
        "kafka.isolation.level": "read_committed",
    }
    messages = session.readStream.format("kafka").options(**options).load().select(*_MESSAGE)
    rows = messages.mapInArrow(partial(plan.parse, topic), ", ".join(map(" ".join, _spark_types(plan.columns).items())))
    rows = rows.withColumn(plan.received, rows[plan.received].cast("timestamp_ltz"))  # the only type with a watermark
    return rows.withWatermark(plan.received, f"{plan.keep_days} days")


def _spark_types(columns: Mapping[str, str]) -> dict[str, str]:
    types = {name: exp.DataType.build(sql_type, dialect="duckdb") for name, sql_type in columns.items()}
    return {name: sql_type.sql("spark") for name, sql_type in types.items()}


def _batch_progress(progress: Mapping[str, Any]) -> BatchProgress:
    operators = progress["stateOperators"]
    lag = {
        (topic, int(number)): max(0, latest - source["endOffset"][topic][number])
        for source in progress["sources"]
        for topic, offsets in (source["latestOffset"] or {}).items()
        for number, latest in offsets.items()
    }
    return BatchProgress(
        batch=progress["batchId"],
        messages=progress["numInputRows"],
        seconds=progress["durationMs"].get("triggerExecution", 0) / 1000,
        lag=lag,
        state_rows=_total(operators, "numRowsTotal"),
        state_bytes=_total(operators, "memoryUsedBytes"),
        duplicates=sum(operator["customMetrics"].get("numDroppedDuplicateRows", 0) for operator in operators),
        dropped=_total(operators, "numRowsDroppedByWatermark"),
    )


def _total(operators: Sequence[Mapping[str, Any]], name: str) -> int:
    return sum(operator[name] for operator in operators)


def _reason(message: str) -> str:
    """Why Spark ended a query. Its message may quote a row."""
    if re.search("data may have been lost|OffsetOutOfRange|offset was changed", message):
        return (
            "Kafka no longer has messages that the query has not read. Keep them longer there. Only a new checkpoint "
            "can go on after the gap."
        )
    if "No space left on device" in message:
        return "The disk of the checkpoint, or of Spark's own files, is full. Make room, and start again."
    if "CONCURRENT_STREAM_LOG_UPDATE" in message:
        return "Another driver has begun the same batch of this checkpoint. Only one may run; stop the other first."
    names = dict.fromkeys(re.findall(r"\b([A-Z]\w+(?:Exception|Error))\b", message))
    return f"Spark ended the query: {', '.join(names) or 'it gave no reason'}. Its own log has the message."
