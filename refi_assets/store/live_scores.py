"""The last score of each key, from a stream, with the features behind it: read in milliseconds.

A batch is known by its checkpoint and its number. Writing it again changes nothing, and a batch never replaces the
score of a newer one, also not of a newer checkpoint: checkpoints are as old as their first batch here.
"""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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
    "reasons": "string",
    "newest_event_time": "timestamp[us]",  # in UTC
    "features": "string",  # a JSON array: the values of the batch's features, null if unknown
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_TABLES = """
CREATE TABLE checkpoint (
    age INTEGER PRIMARY KEY AUTOINCREMENT,
    checkpoint_id TEXT NOT NULL UNIQUE
) STRICT;

-- a JSON array
CREATE TABLE feature_list (
    list_id INTEGER PRIMARY KEY,
    names TEXT NOT NULL UNIQUE
) STRICT;

-- Rows are small, since a batch may touch most pages: days since 1970-01-01, microseconds since then.
CREATE TABLE live_score (
    key TEXT PRIMARY KEY,
    age INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    as_of INTEGER NOT NULL,
    millionths INTEGER NOT NULL,
    band TEXT NOT NULL,
    reasons TEXT NOT NULL,
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    newest_event_time INTEGER,
    processed_at INTEGER NOT NULL,
    list_id INTEGER NOT NULL,
    features TEXT NOT NULL,
    earlier_as_of INTEGER,
    earlier_millionths INTEGER
) STRICT, WITHOUT ROWID
"""

_UPSERT = """
INSERT INTO live_score VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)
ON CONFLICT (key) DO UPDATE SET
    earlier_as_of = iif(as_of < excluded.as_of, as_of, earlier_as_of),
    earlier_millionths = iif(as_of < excluded.as_of, millionths, earlier_millionths),
    age = excluded.age,
    batch = excluded.batch,
    as_of = excluded.as_of,
    millionths = excluded.millionths,
    band = excluded.band,
    reasons = excluded.reasons,
    model = excluded.model,
    version = excluded.version,
    newest_event_time = excluded.newest_event_time,
    processed_at = excluded.processed_at,
    list_id = excluded.list_id,
    features = excluded.features
WHERE (excluded.age, excluded.batch) >= (live_score.age, live_score.batch)
"""
_SCORE = """
SELECT
    live_score.key, as_of, millionths, band, reasons, newest_event_time, features,
    checkpoint_id, batch, model, version, processed_at, names
FROM live_score JOIN checkpoint USING (age) JOIN feature_list USING (list_id)
WHERE live_score.key = ?
"""
# An earlier score is not always of an earlier day: a partition that lags may have brought an older one since.
_SCORES_BEFORE = """
SELECT
    key,
    iif(as_of < :day, as_of, earlier_as_of),
    iif(as_of < :day, millionths, earlier_millionths)
FROM live_score
WHERE key IN (SELECT value FROM json_each(:keys)) AND (as_of < :day OR earlier_as_of < :day)
ORDER BY key
"""


class LiveBatch(NamedTuple):
    """A batch of a stream, what scored it, and the names of its features. `processed_at` has a time zone."""

    checkpoint_id: str
    batch: int
    model: str
    version: int
    processed_at: datetime
    feature_names: tuple[str, ...]


class LiveScore(NamedTuple):
    """The last score of a key. Times have a time zone."""

    key: str
    batch: LiveBatch
    as_of: date
    millionths: int
    band: str
    reasons: str
    newest_event_time: datetime | None
    features: Mapping[str, float | str | bool | None]


class LiveScores:
    """The file. Methods may be called by any thread, and raise StoreError."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self._file = LoggedFile(path, _TABLES, 1, "The live scores are unchanged", busy_seconds)

    def keep(self, batch: LiveBatch, scores: "pa.Table") -> None:
        """Write the scores of a batch: LIVE_COLUMNS, each key once. They are on the disk when it returns."""
        import pyarrow as pa

        scores = scores.select(list(LIVE_COLUMNS)).sort_by("key")  # in the order of the file's pages
        stored_types = {"as_of": pa.int32(), "newest_event_time": pa.int64()}
        columns = {
            name: scores[name].cast(stored_types.get(name, scores[name].type)).to_pylist() for name in LIVE_COLUMNS
        }
        names = json.dumps(batch.feature_names)
        with self._file.changing() as connection:
            connection.execute("INSERT OR IGNORE INTO checkpoint (checkpoint_id) VALUES (?)", (batch.checkpoint_id,))
            connection.execute("INSERT OR IGNORE INTO feature_list (names) VALUES (?)", (names,))
            age, list_id = connection.execute(
                "SELECT age, list_id FROM checkpoint, feature_list WHERE checkpoint_id = ? AND names = ?",
                (batch.checkpoint_id, names),
            ).fetchone()
            rows = zip(
                columns["key"],
                repeat(age),
                repeat(batch.batch),
                columns["as_of"],
                columns["millionths"],
                columns["band"],
                columns["reasons"],
                repeat(batch.model),
                repeat(batch.version),
                columns["newest_event_time"],
                repeat((batch.processed_at - _EPOCH) // _MICROSECOND),
                repeat(list_id),
                columns["features"],
                strict=False,
            )
            connection.executemany(_UPSERT, rows)

    def is_new(self) -> bool:
        """Whether nothing has ever been written."""
        with self._file.reading() as connection:
            return connection is None

    def score_of(self, key: str) -> LiveScore | None:
        """The last score of a key; None if it has none."""
        with self._file.reading() as connection:
            row = None if connection is None else connection.execute(_SCORE, (key,)).fetchone()
        if row is None:
            return None
        key, as_of, millionths, band, reasons, newest_event_time, features, *written = row
        checkpoint_id, batch, model, version, processed_at, names = written
        feature_names = tuple(json.loads(names))
        return LiveScore(
            key,
            LiveBatch(checkpoint_id, batch, model, version, _time(processed_at), feature_names),
            _EPOCH.date() + timedelta(as_of),
            millionths,
            band,
            reasons,
            None if newest_event_time is None else _time(newest_event_time),
            dict(zip(feature_names, json.loads(features, parse_int=float), strict=True)),
        )

    def scores_before(self, keys: Collection[str], day: date) -> "pa.Table":
        """Of each of these keys, the newest score of an earlier day, if it has one: key, as_of, millionths."""
        import pyarrow as pa

        bound = {"keys": json.dumps(list(keys)), "day": (day - _EPOCH.date()).days}
        with self._file.reading() as connection:
            rows = [] if connection is None else connection.execute(_SCORES_BEFORE, bound).fetchall()
        scored, days, millionths = zip(*rows, strict=True) if rows else ((), (), ())
        return pa.table(
            {
                "key": pa.array(scored, pa.string()),
                "as_of": pa.array(days, pa.int32()).cast(pa.date32()),
                "millionths": pa.array(millionths, pa.int32()),
            }
        )


def _time(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
