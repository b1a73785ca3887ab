"""The stream's files in the lake: events, late events and scores of each batch, and the decision behind its scores.

stream/risk/events/checkpoint=<id>/batch=<n>.parquet, and so on. A file is put once. Its rows are in the order of their
key, so that a repeated batch has the same bytes.
"""

import io
from typing import TYPE_CHECKING

from refi_assets.lake import ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa

STREAM_FOLDER = "stream/risk"
EVENTS, LATE_EVENTS, SCORES, DECISIONS, SNAPSHOTS = "events", "late_events", "scores", "decisions", "snapshots"


def batch_key(kind: str, checkpoint_id: str, batch: int) -> str:
    """The key of a batch's file of a kind."""
    suffix = "json" if kind == DECISIONS else "parquet"
    return f"{checkpoint_folder(kind, checkpoint_id)}/batch={batch}.{suffix}"


def checkpoint_folder(kind: str, checkpoint_id: str) -> str:
    """The folder of a checkpoint's files of a kind."""
    return f"{STREAM_FOLDER}/{kind}/checkpoint={checkpoint_id}"


def batch_files(lake: ObjectStore, kind: str, checkpoint_id: str) -> dict[int, str]:
    """The keys of a checkpoint's files of a kind, by batch, in order."""
    keys = [info.key for info in lake.objects(checkpoint_folder(kind, checkpoint_id))]
    numbered = [(batch_number(key), key) for key in keys if "/batch=" in key]
    return dict(sorted(numbered))


def batch_number(key: str) -> int:
    """The number of the batch that a file is of."""
    return int(key.rpartition("/batch=")[2].partition(".")[0])


def event_files(lake: ObjectStore, checkpoint_id: str) -> list[str]:
    """The keys of a checkpoint's files of events, late ones too, of the batches whose scores are there.

    A batch puts its scores last. If its checkpoint is lost before, a rebuild reads its messages as if for the first
    time.
    """
    scored = batch_files(lake, SCORES, checkpoint_id).keys()
    return [
        key
        for kind in (EVENTS, LATE_EVENTS)
        for batch, key in batch_files(lake, kind, checkpoint_id).items()
        if batch in scored
    ]


def checkpoint_ids(lake: ObjectStore) -> list[str]:
    """The checkpoints that have files in the lake, the oldest first."""
    return [name.removeprefix("checkpoint=") for name in lake.folders(f"{STREAM_FOLDER}/{SCORES}")]


def put_table(lake: ObjectStore, key: str, table: "pa.Table") -> "pa.Table":
    """Put a table unless the key exists, and return the one that is there."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", compression_level=1)
    if lake.create(key, buffer.getvalue()):
        return table
    return read_table(lake, key)


def read_table(lake: ObjectStore, key: str) -> "pa.Table":
    """The table that a key has."""
    import pyarrow.parquet as pq

    with lake.open(key) as stream:
        return pq.read_table(io.BytesIO(stream.read()))
