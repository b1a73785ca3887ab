"""Reads a week: the offers of its file that neither ended nor were superseded, and late firm ones of events.sqlite."""

from datetime import date
from pathlib import Path
from typing import Any

from refi_assets.store.connections import connect, file_of, file_uri, version_of_unlocked
from refi_assets.store.event_file import OFFER_COLUMNS, events_in, stored_offer
from refi_assets.store.failures import READING, in_words
from refi_assets.store.protocol import OfferEvent, OfferPage, PageCursor, StoredOffer
from refi_assets.store.week_file import week_path

_MAPPED_BYTES = 256 * 1024 * 1024

# Two ranges in the order of pages, which SQLite merges: no sorting, and it stops at the limit.
_LIVE = f"""
CREATE TEMP VIEW live AS
SELECT {OFFER_COLUMNS}
FROM main.offer AS offer
WHERE NOT EXISTS (SELECT 1 FROM events.ended AS ended WHERE ended.offer_id = offer.offer_id)
    AND NOT EXISTS (
        SELECT 1 FROM events.superseded AS superseded
        WHERE superseded.run_id = '{{run_id}}' AND superseded.offer_id = offer.offer_id
    )
UNION ALL
SELECT {OFFER_COLUMNS}
FROM events.firm AS firm
WHERE firm.late_in = '{{run_id}}'
    AND NOT EXISTS (SELECT 1 FROM events.ended AS ended WHERE ended.offer_id = firm.offer_id)
"""
_PAGE = """
SELECT minus_score, customer_id, body
FROM live
WHERE tier = :tier
    AND (minus_score, customer_id) > (:minus_score, :customer_id)
    AND minus_score <= :most_minus_score
    AND amount_cents >= :least_amount_cents
    AND expires_on >= :today
ORDER BY minus_score, customer_id
LIMIT :limit
"""
_BEFORE_ALL = -(2**62)  # a negative score before any other


class WeekReader:
    """A week's file, open for reading, with events.sqlite beside it. Methods raise sqlite3.Error or StoreError."""

    def __init__(self, folder: Path, run_id: str, events: Path, busy_seconds: float) -> None:
        self.run_id, self._events = run_id, events
        self._connection = connect(week_path(folder, run_id), "immutable", busy_seconds)
        self._connection.execute("SELECT 1 FROM main.week").fetchone()  # a damaged file is not blamed on the other
        self._events_version, self._events_file = version_of_unlocked(events), file_of(events)
        mode = "ro" if self._events_version is None else "immutable"
        with in_words(events, READING):
            self._connection.execute("ATTACH ? AS events", (file_uri(events, mode),))
        self._connection.execute(f"PRAGMA main.mmap_size = {_MAPPED_BYTES}")
        self._connection.execute(_LIVE.format(run_id=run_id))

    def is_outdated(self) -> bool:
        """Whether events.sqlite is another file now, or was read without locks and has changed."""
        if self._events_version is not None:
            return self._events_version != version_of_unlocked(self._events)
        return self._events_file != file_of(self._events)

    def close(self) -> None:
        """Close the files."""
        self._connection.close()

    def live_offer(self, offer_id: str, today: date) -> StoredOffer | None:
        """A live offer; None if there is none with this id."""
        row = self._connection.execute(
            f"SELECT {OFFER_COLUMNS} FROM live WHERE offer_id = ? AND expires_on >= ?", (offer_id, str(today))
        ).fetchone()
        return None if row is None else stored_offer(row)

    def live_offers_of(self, customer_id: str, today: date) -> list[StoredOffer]:
        """The live offers of a customer."""
        rows = self._connection.execute(
            f"SELECT {OFFER_COLUMNS} FROM live WHERE customer_id = ? AND expires_on >= ?", (customer_id, str(today))
        )
        return [stored_offer(row) for row in rows]

    def page(
        self, tier: str, today: date, least_score: int, least_amount_cents: int, after: PageCursor | None, limit: int
    ) -> OfferPage:
        """Live offers of a tier by score descending, then customer_id."""
        rows = self._connection.execute(
            _PAGE,
            {
                "tier": tier,
                "minus_score": _BEFORE_ALL if after is None else -after.score,
                "customer_id": "" if after is None else after.customer_id,
                "most_minus_score": -least_score,
                "least_amount_cents": least_amount_cents,
                "today": str(today),
                "limit": limit + 1,
            },
        ).fetchall()
        bodies = [body for _, _, body in rows[:limit]]
        if len(rows) <= limit:
            return OfferPage(bodies, None)
        minus_score, customer_id, _ = rows[limit - 1]
        return OfferPage(bodies, PageCursor(self.run_id, -minus_score, customer_id))

    def count(self, today: date) -> int:
        """The number of live offers."""
        return int(self._value("SELECT count(*) FROM live WHERE expires_on >= ?", str(today)))

    def offer(self, offer_id: str) -> StoredOffer | None:
        """An offer in the week's file, live or not."""
        row = self._connection.execute(
            f"SELECT {OFFER_COLUMNS} FROM main.offer WHERE offer_id = ?", (offer_id,)
        ).fetchone()
        return None if row is None else stored_offer(row)

    def events_of(self, offer_id: str) -> list[OfferEvent]:
        """The events of an offer, in the order of recording."""
        return events_in(self._connection, "events", offer_id)

    def person_of(self, customer_id: str) -> str | None:
        """The person of a customer as of this week, if the load listed it."""
        person_id: str | None = self._value("SELECT person_id FROM main.person WHERE customer_id = ?", customer_id)
        return person_id

    def customers_of(self, person_id: str) -> list[str]:
        """The customers of a person as of this week, if the load listed them."""
        rows = self._connection.execute("SELECT customer_id FROM main.person WHERE person_id = ?", (person_id,))
        return [customer_id for (customer_id,) in rows]

    def channels_of(self, customer_id: str) -> frozenset[str]:
        """The channels that are open for a customer as of this week, if the load listed them."""
        if not self._value("SELECT 1 FROM main.sqlite_schema WHERE name = ?", "reached"):  # of an earlier version
            return frozenset()
        channels = self._value("SELECT open_channels FROM main.reached WHERE customer_id = ?", customer_id) or ""
        return frozenset(channels.split())

    def has_opted_out(self, customer_id: str) -> bool:
        """Whether a customer had opted out as of this week."""
        return self._value("SELECT 1 FROM main.opted_out WHERE customer_id = ?", customer_id) is not None

    def new_offers_of(self, customer_ids: set[str], person_id: str) -> list[str]:
        """The ids of the new offers, not carried, of these customers and this person."""
        customers = ", ".join("?" * len(customer_ids))
        rows = self._connection.execute(
            f"""
            SELECT offer_id FROM main.offer WHERE carried = 0 AND customer_id IN ({customers})
            UNION
            SELECT offer_id FROM main.offer WHERE carried = 0 AND person_id = ?
            """,
            (*customer_ids, person_id),
        )
        return [offer_id for (offer_id,) in rows]

    def _value(self, statement: str, value: str) -> Any:
        row = self._connection.execute(statement, (value,)).fetchone()
        return None if row is None else row[0]
