"""The offer log: who heard of which offer on which day, by the events in the store of a program.

An event `sent` counts each time, `displayed` the first time for an offer. Events are never changed or deleted, so the
log of an offer that was withdrawn or superseded stays. This module only reads.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from refi_assets.store.connections import connect, version_of_unlocked
from refi_assets.store.event_file import EVENTS
from refi_assets.store.failures import BUSY_SECONDS, in_words
from refi_assets.store.pointer import Pointer

UNKNOWN = "It is not known which customers have heard of an offer, so nobody gets a new one"

_HEARD = """
SELECT event.sequence, event.customer_id, event.offer_id, event.kind, substr(event.at, 1, 10)
FROM event
WHERE event.sequence > :after
    AND (
        event.kind = 'sent'
        OR event.kind = 'displayed'
        AND NOT EXISTS (
            SELECT 1 FROM event AS earlier
            WHERE earlier.offer_id = event.offer_id
                AND earlier.kind = 'displayed'
                AND earlier.sequence < event.sequence
        )
    )
ORDER BY event.sequence
"""
_SAME = """
SELECT 1 FROM event
WHERE sequence = :sequence AND customer_id = :customer_id AND offer_id = :offer_id AND kind = :kind
"""


class HeardOffer(NamedTuple):
    """A customer heard of an offer. `sequence` is the number of the event in the program's store."""

    sequence: int
    customer_id: str
    offer_id: str
    kind: str
    offered_on: str  # YYYY-MM-DD, the lender's day


def offers_heard_of(
    folder: Path, last: HeardOffer | None = None, busy_seconds: float = BUSY_SECONDS
) -> Iterator[HeardOffer]:
    """The log of the program whose store is in a folder, in the order of recording; after `last` if it has that event.

    A store restored from a backup may lack `last`, or have another event under its number: then the whole log is read.
    A store in which no week became current may lack its events. Raises StoreError if the log cannot be read.
    """
    events = folder / EVENTS
    has_weeks = Pointer(folder).read().current is not None
    with in_words(events, UNKNOWN):
        if not has_weeks and not events.exists():
            return
        mode = "ro" if version_of_unlocked(events) is None else "immutable"
        with closing(connect(events, mode, busy_seconds)) as connection:
            if not has_weeks and not connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                return  # its first load was killed
            follows = last is not None and connection.execute(_SAME, last._asdict()).fetchone()
            after = last.sequence if last is not None and follows else 0
            for row in connection.execute(_HEARD, {"after": after}):
                yield HeardOffer._make(row)
