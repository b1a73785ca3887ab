"""Alerts that wait to be sent: of a key, a rule and a day at most one, whatever is repeated.

They are sent as digests. A digest gets its id and its alerts before the first attempt, so a repetition is the same one.
Which rules there are, and where a digest is sent, is decided by others.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from refi_assets.store.failures import BUSY_SECONDS
from refi_assets.store.logged_file import LoggedFile

ALERT_FILE = "alerts.sqlite"

_TABLES = """
CREATE TABLE digest (
    digest_id TEXT PRIMARY KEY,
    made_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alert (
    key TEXT NOT NULL,
    rule TEXT NOT NULL,
    day TEXT NOT NULL,
    added_at TEXT NOT NULL,
    digest_id TEXT REFERENCES digest (digest_id),
    PRIMARY KEY (key, rule, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_by_digest ON alert (digest_id, rule, day);

CREATE TABLE delivery (
    digest_id TEXT NOT NULL REFERENCES digest (digest_id),
    channel TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    PRIMARY KEY (digest_id, channel)
) STRICT, WITHOUT ROWID
"""
# A channel that is new does not get the digests of the past.
_TRIED = timedelta(days=7)
_UNSENT = """
SELECT digest_id, made_at FROM digest
WHERE
    made_at >= :since
    AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.digest_id = digest.digest_id AND channel = :channel)
ORDER BY made_at, digest_id
"""


class KeyAlert(NamedTuple):
    """A key that a rule found on a day."""

    key: str
    rule: str
    day: date


class AlertDigest(NamedTuple):
    """The number of alerts by rule and day, under an id that stays the same when it is sent again."""

    digest_id: str
    made_at: datetime
    counts: Mapping[tuple[str, date], int]


class AlertOutbox:
    """The file. Methods may be called by any thread, and raise StoreError; times have a zone."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self._file = LoggedFile(path, _TABLES, 1, "Alerts wait, and none is lost", busy_seconds)

    def add(self, alerts: Iterable[KeyAlert], at: datetime) -> int:
        """Put alerts into the outbox, and return the number of new ones. They are on the disk when it returns."""
        with self._file.changing() as connection:
            return connection.executemany(
                "INSERT OR IGNORE INTO alert (key, rule, day, added_at) VALUES (?, ?, ?, ?)",
                ((alert.key, alert.rule, alert.day.isoformat(), _in_utc(at)) for alert in alerts),
            ).rowcount

    def alerts_of(self, key: str) -> list[tuple[KeyAlert, datetime]]:
        """The alerts of a key and when each was added, oldest first."""
        with self._file.reading() as connection:
            rows = (
                ()
                if connection is None
                else connection.execute(
                    "SELECT rule, day, added_at FROM alert WHERE key = ? ORDER BY added_at, rule, day", (key,)
                ).fetchall()
            )
        return [
            (KeyAlert(key, rule, date.fromisoformat(day)), datetime.fromisoformat(added_at))
            for rule, day, added_at in rows
        ]

    def unsent(self, channel: str, at: datetime) -> list[AlertDigest]:
        """The digests of a week that a channel has not had, oldest first. Alerts in no digest yet become a new one."""
        with self._file.changing() as connection:
            digest_id = f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
            connection.execute(
                "INSERT INTO digest SELECT ?, ? WHERE EXISTS (SELECT 1 FROM alert WHERE digest_id IS NULL)",
                (digest_id, _in_utc(at)),
            )
            connection.execute("UPDATE alert SET digest_id = ? WHERE digest_id IS NULL", (digest_id,))
            digests = connection.execute(_UNSENT, {"channel": channel, "since": _in_utc(at - _TRIED)}).fetchall()
            return [
                AlertDigest(
                    name,
                    datetime.fromisoformat(made_at),
                    {
                        (rule, date.fromisoformat(day)): count
                        for rule, day, count in connection.execute(
                            "SELECT rule, day, count(*) FROM alert WHERE digest_id = ? GROUP BY rule, day", (name,)
                        )
                    },
                )
                for name, made_at in digests
            ]

    def mark_sent(self, digest_id: str, channel: str, at: datetime) -> None:
        """Record that a channel took a digest. Until then it is sent again."""
        with self._file.changing() as connection:
            connection.execute("INSERT OR IGNORE INTO delivery VALUES (?, ?, ?)", (digest_id, channel, _in_utc(at)))


def _in_utc(at: datetime) -> str:
    """A time as text that sorts by time."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
