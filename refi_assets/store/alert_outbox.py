"""Alerts that wait to be sent: of a key, a rule and a day at most one, whatever is repeated.

They are sent as digests. A digest gets its id and its alerts before the first attempt, so a repetition is the same one.
Which rules there are, and where a digest is sent, is decided by others.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from refi_assets.store.failures import BUSY_SECONDS

ALERT_FILE = "alerts.sqlite"


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
    """The file. Methods may be called by any thread, and raise StoreError."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        raise NotImplementedError

    def add(self, alerts: Iterable[KeyAlert], at: datetime) -> int:
        """Put alerts into the outbox, and return the number of new ones. They are on the disk when it returns."""
        raise NotImplementedError
