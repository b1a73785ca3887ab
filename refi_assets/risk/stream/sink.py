"""What a batch sends to Kafka, exactly once: its scores, its dead letters and a marker, in one transaction.

A batch larger than REFI_STREAM_ROWS_A_TRANSACTION goes in several, each with a numbered marker. After any error the
sink must be closed; the next one asks the markers which messages are out.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple

from refi_assets.errors import RefiError
from refi_assets.risk.stream.dead_letters import DeadLetter

if TYPE_CHECKING:
    import pyarrow as pa

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


class FencedError(RefiError):
    """A newer driver of the query has started: this one must stop, and not start again."""


class SinkResult(NamedTuple):
    """What was sent: a batch that is out already is skipped, and one that is partly out is resumed."""

    scores: int
    dead_letters: int
    transactions: int
    is_skipped: bool


class ScoreSink:
    """The driver's transactional producer, kept for its life. Opening it fences an older driver of the query."""

    def __init__(self, checkpoint_id: str, follows: str | None = None) -> None:
        """`follows` is the checkpoint that a rebuild replaced by this one.

        Raises RefiError if the newest marker is of any other checkpoint, or if Kafka does not answer in time.
        """
        raise NotImplementedError(checkpoint_id, follows)

    def write(
        self,
        batch_id: int,
        scores: "pa.Table",
        dead_letters: Collection[DeadLetter],
        end_offsets: Mapping[str, Mapping[int, int]],
    ) -> SinkResult:
        """Send a batch once: scores in the order of their rows, which must be the same whenever it is replayed.

        `scores` has at least SCORE_MESSAGE_COLUMNS. Raises FencedError, or RefiError if Kafka does not answer in
        REFI_STREAM_BROKER_WAIT_SECONDS.
        """
        raise NotImplementedError(batch_id, scores, dead_letters, end_offsets)

    def close(self) -> None:
        """Give the producer back. An open transaction is aborted."""
