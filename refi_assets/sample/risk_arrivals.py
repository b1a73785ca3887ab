"""When events of a made-up portfolio are received: most within a minute, some late, some too late, and some twice.

An event is known by its row; a copy has the row of its original as well. Messages that no contract accepts are in
risk_malformed.py.
"""

from dataclasses import dataclass, fields

import numpy as np

from refi_assets.sample.risk_borrowers import RiskCalendar
from refi_assets.sample.risk_events import MS_OF_DAY, RiskEvents
from refi_assets.sample.written_tables import Array

LATE_AFTER_HOURS = 48  # events received later are too late; delays keep away from it by four hours
_MS_OF_HOUR = 3_600_000
# Shares of events by the hours after which they are received, from and to.
DELAYS = ((0.90, 0, 1 / 60), (0.07, 1 / 60, 6), (0.025, 6, 44), (0.005, 52, 400))
LONGEST_DELAY_DAYS = 17
SHARE_OF_COPIES = 0.02
LONGEST_UNTIL_COPY_DAYS = 6
ORIGINAL, EXACT_COPY, COPY_WITH_FIELD, COPY_WITH_AMOUNT = range(4)
_CHANCES_OF_COPIES = (0.7, 0.15, 0.15)


@dataclass(frozen=True)
class Arrivals:
    """Events as they are received, at a time in ms since 1970; `copy` is ORIGINAL or a kind of copy."""

    events: RiskEvents
    row: Array
    original: Array
    received: Array
    copy: Array

    def __len__(self) -> int:
        return len(self.row)

    def where(self, choice: Array) -> "Arrivals":
        """The arrivals at some places."""
        rest = (getattr(self, column.name)[choice] for column in fields(self)[1:])
        return Arrivals(self.events.where(choice), *rest)


def draw_arrivals(
    rng: np.random.Generator, calendar: RiskCalendar, events: RiskEvents, is_prompt: Array, first_row: int
) -> Arrivals:
    """Draw when events are received, and copies of some; those received after the stream's end are left out.

    Prompt events are received within a minute. A copy of an event of the history is in the history as well.
    """
    size = len(events)
    shares, low, high = (np.array(values) for values in zip(*DELAYS, strict=True))
    choice = np.where(is_prompt, 0, rng.choice(len(shares), size, p=shares))
    hours = low[choice] + (high - low)[choice] * rng.uniform(size=size)
    received = events.happened_at + (hours * _MS_OF_HOUR).astype(np.int64)
    begins, ends = (day.astype(np.int64) * MS_OF_DAY for day in (calendar.stream_from, calendar.until))
    copied = np.flatnonzero(rng.uniform(size=size) < SHARE_OF_COPIES)
    again = received[copied] + rng.integers(1000, LONGEST_UNTIL_COPY_DAYS * MS_OF_DAY, len(copied))
    kinds = rng.choice((EXACT_COPY, COPY_WITH_FIELD, COPY_WITH_AMOUNT), len(copied), p=_CHANCES_OF_COPIES)
    is_of_stream = (received >= begins) & (received < ends)
    is_again = np.where(is_of_stream[copied], again < ends, again < begins)
    copied, again, kinds = copied[is_again], again[is_again], kinds[is_again]
    place = np.concatenate([np.arange(size), copied])
    arrivals = Arrivals(
        events.where(place),
        row=first_row + np.arange(len(place)),
        original=first_row + place,
        received=np.concatenate([received, again]),
        copy=np.concatenate([np.zeros(size, np.int8), kinds.astype(np.int8)]),
    )
    return arrivals.where(arrivals.received < ends)
