"""The last score of each key, from a stream, with the features behind it: read in milliseconds.

A batch is known by its checkpoint and its number. Writing it again changes nothing, and a batch never replaces the
score of a newer one, also not of a newer checkpoint: checkpoints are as old as their first batch here.
"""

import json
from collections.abc import Collection, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from refi_assets.store.failures import BUSY_SECONDS
from refi_assets.store.logged_file import LoggedFile

if TYPE_CHECKING:
    import pyarrow as pa

LIVE_FILE = "live.sqlite"

# The columns of a batch's scores, which may have others, and their types in Arrow. Only newest_event_time has nulls.
LIVE_COLUMNS = {
    "key": "string",
    "as_of": "date32[day]",
    "millionths": "int32",  # the probability
    "band": "string",
    "reasons": "list<item: string>",
    "newest_event_time": "timestamp[us]",  # in UTC
    "features": "string",  # a JSON object
}

_TABLES = """
CREATE TABLE checkpoint (
    age INTEGER PRIMARY KEY AUTOINCREMENT,
    checkpoint_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE live_score (
    key TEXT PRIMARY KEY,
    age INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    as_of TEXT NOT NULL,
    millionths INTEGER NOT NULL,
    band TEXT NOT NULL,
    reasons TEXT NOT NULL,
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    newest_event_time TEXT,
    processed_at TEXT NOT NULL,
    features TEXT NOT NULL,
    earlier_as_of TEXT,
    earlier_millionths INTEGER
) STRICT, WITHOUT ROWID
"""

_UPSERT = """
INSERT INTO live_score VALUES (
    :key, :age, :batch, :as_of, :millionths, :band, :reasons, :model, :version, :newest, :processed_at, :features,
    NULL, NULL
)
ON CONFLICT (key) DO UPDATE SET
    earlier_as_of = CASE WHEN as_of < excluded.as_of THEN as_of ELSE earlier_as_of END,
    earlier_millionths = CASE WHEN as_of < excluded.as_of THEN millionths ELSE earlier_millionths END,
    age = excluded.age, batch = excluded.batch, as_of = excluded.as_of, millionths = excluded.millionths,
    band = excluded.band, reasons = excluded.reasons, model = excluded.model, version = excluded.version,
    newest_event_time = excluded.newest_event_time, processed_at = excluded.processed_at, features = excluded.features
WHERE (excluded.age, excluded.batch) >= (age, batch)
"""


class LiveBatch(NamedTuple):
    """A batch of a stream, and what scored it. `processed_at` has a time zone."""

    checkpoint_id: str
    batch: int
    model: str
    version: int
    processed_at: datetime


class LiveScore(NamedTuple):
    """The last score of a key. Times have a time zone."""

    key: str
    batch: LiveBatch
    as_of: date
    millionths: int
    band: str
    reasons: tuple[str, ...]
    newest_event_time: datetime | None
    features: Mapping[str, Any]


class LiveScores:
    """The file. Methods may be called by any thread, and raise StoreError."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self._file = LoggedFile(path, _TABLES, 1, "The live scores are unchanged", busy_seconds)

    def keep(self, batch: LiveBatch, scores: "pa.Table") -> None:
        """Write the scores of a batch: LIVE_COLUMNS, each key once. They are on the disk when it returns."""
        raise NotImplementedError

    def score_of(self, key: str) -> LiveScore | None:
        """The last score of a key; None if it has none."""
        raise NotImplementedError

    def scores_before(self, keys: Collection[str], day: date) -> "pa.Table":
        """Of each of these keys, the newest score of an earlier day, if it has one: key, as_of, millionths."""
        raise NotImplementedError
