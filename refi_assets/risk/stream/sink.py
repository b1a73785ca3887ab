"""What a batch sends to Kafka, exactly once: its scores, its dead letters and a marker, in one transaction.

A batch larger than REFI_STREAM_ROWS_A_TRANSACTION goes in several, each with a numbered marker. After any error the
sink must be closed; the next one asks the markers which messages are out.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, cast

import duckdb

from refi_assets.errors import RefiError, needs_packages
from refi_assets.risk.stream.dead_letters import DeadLetter, dead_letter_messages
from refi_assets.risk.stream.markers import MARKER_PARTITION, Marker, newest_marker
from refi_assets.risk.stream.settings import STREAM_PACKAGES, KafkaSettings, StreamSettings
from refi_assets.risk.topics import DEAD_LETTERS, RISK_MARKERS, RISK_SCORES
from refi_assets.settings import settings_of

if TYPE_CHECKING:
    import pyarrow as pa
    from confluent_kafka import KafkaError

# The columns of a score that its message has, with DuckDB's types; the table may have more, such as features.
SCORE_MESSAGE_COLUMNS = {
    "score_id": "VARCHAR",  # CHECKPOINT/BATCH/BORROWER_ID
    "borrower_id": "VARCHAR",
    "as_of": "DATE",
    "probability": "DECIMAL(9,6)",
    "band": "VARCHAR",
    "reasons": "VARCHAR[]",
    "model": "VARCHAR",
    "version": "BIGINT",
    "newest_event_time": "TIMESTAMP",
    "processed_at": "TIMESTAMP",
    "events": "BIGINT",
    "offsets": "MAP(VARCHAR, BIGINT[])",  # topic -> partition and last offset
    "late": "BOOLEAN",
}
_AS_TEXT = {
    "DECIMAL(9,6)": "CAST({0} AS VARCHAR)",
    "TIMESTAMP": "strftime({0}, '%Y-%m-%dT%H:%M:%S.%gZ')",
}
_ABORT_SECONDS = 5
_MOST_TRANSACTION_SECONDS = 900  # Kafka's own limit, if nobody changed it


class FencedError(RefiError):
    """A newer driver of the query has started: this one must stop, and not start again."""


class SinkResult(NamedTuple):
    """How many messages were sent, in how many transactions. Both are 0 if the whole batch was out already."""

    messages: int
    transactions: int


class ScoreSink:
    """The driver's transactional producer, kept for its life. Opening it fences an older driver of the query."""

    def __init__(self, checkpoint_id: str, follows: str | None = None) -> None:
        """`follows` is the checkpoint that a rebuild replaced by this one.

        Raises RefiError if the newest marker is of any other checkpoint, or if Kafka does not answer in time.
        """
        with needs_packages("Kafka", STREAM_PACKAGES, "stream", "make stream"):
            from confluent_kafka import Producer
        self._kafka, self._stream = settings_of(KafkaSettings), settings_of(StreamSettings)
        self._checkpoint_id = checkpoint_id
        self._began = time.monotonic()
        self._longest = min(self._stream.stream_broker_wait_seconds, _MOST_TRANSACTION_SECONDS)
        options = {
            "transactional.id": self._kafka.topic(self._stream.stream_query),
            "transaction.timeout.ms": int(self._longest * 1000),
            "linger.ms": 5,
            "compression.type": "lz4",
            "partitioner": "murmur2_random",  # as Java's clients
            "queue.buffering.max.messages": 1_000_000,
        }
        self._producer = Producer({**self._kafka.client_options(), **options})
        with self._kafka_errors():
            self._until_answered(self._producer.init_transactions)
        marker = newest_marker(self._stream.stream_query)
        if marker and marker.checkpoint_id not in (checkpoint_id, follows):
            raise RefiError(
                f"The newest scores of the query {self._stream.stream_query} are of checkpoint {marker.checkpoint_id}, "
                f"not of {checkpoint_id}. Nothing was sent. If that checkpoint is lost, run `refi risk rebuild`."
            )
        self._marker = marker if marker and marker.checkpoint_id == checkpoint_id else None

    @property
    def marker(self) -> Marker | None:
        """The newest marker of this checkpoint: nobody else can write one any more."""
        return self._marker

    def write(
        self,
        batch_id: int,
        scores: "pa.Table",
        dead_letters: Sequence[DeadLetter],
        end_offsets: Mapping[str, Mapping[int, int]],
    ) -> SinkResult:
        """Send a batch once: scores in the order of their rows, which must be the same whenever it is replayed.

        `scores` has at least SCORE_MESSAGE_COLUMNS. A batch without messages has its marker. Raises FencedError, or
        RefiError if Kafka does not answer in REFI_STREAM_BROKER_WAIT_SECONDS.
        """
        part, start = 0, 0
        if self._marker and self._marker.batch_id >= batch_id:
            if self._marker.batch_id > batch_id or self._marker.is_whole:
                return SinkResult(0, 0)
            part, start = self._marker.part, self._marker.messages
        total, size = max(scores.num_rows + len(dead_letters), start), self._stream.stream_rows_a_transaction
        parts = part + max(1, -(-(total - start) // size))
        offsets = {topic: dict(ends) for topic, ends in end_offsets.items()}
        messages = islice(self._messages(scores, sorted(dead_letters)), start, None)
        with self._kafka_errors():
            for number in range(part + 1, parts + 1):
                end = min(start + size * (number - part), total)
                marker = Marker(self._checkpoint_id, batch_id, number, parts, end, offsets)
                self._send(islice(messages, size), marker)
        return SinkResult(total - start, parts - part)

    def close(self) -> None:
        """Abort an open transaction, if Kafka answers; otherwise Kafka or the next driver does."""
        from confluent_kafka import KafkaException

        with suppress(KafkaException):  # there is none, or it is fenced, or Kafka is away
            self._producer.abort_transaction(_ABORT_SECONDS)
        self._producer.purge()  # its own close() would wait for a Kafka that is away

    def _messages(self, scores: "pa.Table", letters: Sequence[DeadLetter]) -> Iterator[tuple[str, str, str | bytes]]:
        """Topics, keys and values."""
        topic = self._kafka.topic(RISK_SCORES)
        for key, value in score_messages(scores):
            yield topic, key, value
        topic = self._kafka.topic(DEAD_LETTERS)
        for key, content in dead_letter_messages(letters):
            yield topic, key, content

    def _send(self, messages: Iterable[tuple[str, str, str | bytes]], marker: Marker) -> None:
        self._began = time.monotonic()
        self._producer.begin_transaction()
        for topic, key, value in messages:
            while True:
                try:
                    self._producer.produce(topic, value, key)
                    break
                except BufferError:  # the queue is full
                    self._producer.poll(0.1)
        self._producer.produce(
            self._kafka.topic(RISK_MARKERS), marker.to_bytes(), self._stream.stream_query, partition=MARKER_PARTITION
        )
        self._until_answered(self._producer.commit_transaction)
        self._marker = marker

    def _until_answered(self, request: Callable[[float], None]) -> None:
        """Repeat a request that may be repeated, until the time for waiting is over."""
        from confluent_kafka import KafkaException

        deadline = time.monotonic() + self._stream.stream_broker_wait_seconds
        while True:
            try:
                return request(max(0.1, deadline - time.monotonic()))
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > deadline:
                    raise

    @contextmanager
    def _kafka_errors(self) -> Iterator[None]:
        from confluent_kafka import KafkaError, KafkaException

        query, place = self._stream.stream_query, self._kafka.kafka_bootstrap
        try:
            yield
        except KafkaException as error:
            reason = self._cause(error.args[0])
            is_late = time.monotonic() - self._began >= self._longest  # Kafka fences a transaction that takes too long
            if reason.code() in (KafkaError._FENCED, KafkaError.PRODUCER_FENCED) and not is_late:
                raise FencedError(
                    f"A newer driver of the query {query} has started at Kafka {place}, and this one stops. Find the "
                    "other with `refi risk stream` on the machines that use this Kafka; only one may run."
                ) from None
            raise RefiError(f"Kafka at {place} did not take the scores of the query {query}: {reason.str()}.") from None

    def _cause(self, reason: "KafkaError") -> "KafkaError":
        """The fatal error behind the answers that there was one."""
        from confluent_kafka import KafkaError, KafkaException

        if reason.code() == KafkaError._FATAL:
            try:
                self._producer.abort_transaction(_ABORT_SECONDS)
            except KafkaException as error:
                return cast("KafkaError", error.args[0])
        return reason


def score_messages(scores: "pa.Table") -> Iterator[tuple[str, str]]:
    """Keys and values (JSON) of the messages of scores, in the order of their rows."""
    fields = ", ".join(
        f"{name} := {_AS_TEXT.get(sql_type, '{0}').format(name)}" for name, sql_type in SCORE_MESSAGE_COLUMNS.items()
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("scores", scores)
        query = f"SELECT borrower_id, CAST(to_json(struct_pack({fields})) AS VARCHAR) FROM scores"
        for batch in connection.execute(query).to_arrow_reader(10_000):
            keys, values = (column.to_pylist() for column in batch.columns)  # quicker than rows of DuckDB's
            yield from zip(keys, values, strict=True)
