"""events.sqlite of a program: what outlives its weeks. Events, firm offers, withdrawals, and what they supersede.

It alone is written while it is read, so it has a write-ahead log; a commit is on the disk when it returns. A firm
offer is kept here whole, so no file of an earlier week is needed to carry it into the next.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from refi_assets.errors import StoreError
from refi_assets.store.connections import connect, file_uri
from refi_assets.store.failures import RECORDING
from refi_assets.store.protocol import EventKind, OfferRow, StoredOffer

EVENTS = "events.sqlite"

# The columns of an offer in each table. The score is negative, so that the whole order of pages ascends.
OFFER_COLUMNS = "offer_id, customer_id, person_id, tier, minus_score, amount_cents, expires_on, body"

_SCHEMA = f"""
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS event (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    offer_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ({", ".join(f"'{kind}'" for kind in EventKind)})),
    at TEXT NOT NULL,
    key TEXT UNIQUE
) STRICT;
CREATE INDEX IF NOT EXISTS event_by_offer ON event (offer_id);

-- late_in: the week during which the offer of an earlier week became firm, and in whose file it therefore is not
CREATE TABLE IF NOT EXISTS firm (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    offer_id TEXT NOT NULL UNIQUE,
    customer_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    tier TEXT NOT NULL,
    minus_score INTEGER NOT NULL,
    amount_cents INTEGER NOT NULL,
    expires_on TEXT NOT NULL,
    body TEXT NOT NULL,
    late_in TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS firm_by_customer ON firm (customer_id);
CREATE INDEX IF NOT EXISTS firm_by_person ON firm (person_id);
CREATE INDEX IF NOT EXISTS late_by_page ON firm (late_in, tier, minus_score, customer_id) WHERE late_in IS NOT NULL;

-- withdrawn, or the customer opted out
CREATE TABLE IF NOT EXISTS ended (
    offer_id TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- offers in a week's file that a late firm offer of their person supersedes
CREATE TABLE IF NOT EXISTS superseded (
    run_id TEXT NOT NULL,
    offer_id TEXT NOT NULL,
    PRIMARY KEY (run_id, offer_id)
) STRICT, WITHOUT ROWID;
COMMIT;
"""


class EventFile:
    """The writing connection to events.sqlite. Methods raise sqlite3.Error.

    It is created if it is missing and may be new: without the file of a store in use, ended offers would be live again.
    """

    def __init__(self, path: Path, *, may_be_new: bool) -> None:
        self.path = path
        self._connection = connect(path, "rwc" if may_be_new else "rw")
        self._connection.execute("PRAGMA synchronous = FULL")
        if may_be_new and not self._value("SELECT count(*) FROM sqlite_schema"):
            self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """A transaction that keeps all other writers out, committed at the end. A failure leaves nothing of it."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def add_event(self, offer_id: str, customer_id: str, kind: EventKind, at: datetime, key: str | None) -> None:
        """Record an event, unless its key already has it. Raises StoreError if the key has another event."""
        recorded = self._connection.execute("SELECT offer_id, kind FROM event WHERE key = ?", (key,)).fetchone()
        if recorded not in (None, (offer_id, kind)):
            raise StoreError(f"The key of this event was used for another one. {RECORDING}. Use a new key.")
        if recorded is None:
            self._connection.execute(
                "INSERT INTO event (offer_id, customer_id, kind, at, key) VALUES (?, ?, ?, ?, ?)",
                (offer_id, customer_id, kind, at.isoformat(), key),
            )

    def customer_of(self, offer_id: str) -> str | None:
        """The customer of an offer that has events."""
        customer_id: str | None = self._value("SELECT customer_id FROM event WHERE offer_id = ? LIMIT 1", offer_id)
        return customer_id

    def firm_offer(self, offer_id: str) -> StoredOffer | None:
        """A firm offer, expired, ended or not; None if it is not firm."""
        row = self._connection.execute(f"SELECT {OFFER_COLUMNS} FROM firm WHERE offer_id = ?", (offer_id,)).fetchone()
        return None if row is None else stored_offer(row)

    def firm_among(self, customer_ids: set[str], person_id: str, today: date) -> list[tuple[str, str]]:
        """Customer and person, as they were then, of the firm offers of these that neither expired nor ended."""
        customers = ", ".join("?" * len(customer_ids))
        return self._connection.execute(
            f"""
            SELECT customer_id, person_id FROM firm
            WHERE (customer_id IN ({customers}) OR person_id = ?) AND expires_on >= ?
                AND NOT EXISTS (SELECT 1 FROM ended WHERE ended.offer_id = firm.offer_id)
            """,
            (*customer_ids, person_id, str(today)),
        ).fetchall()

    def add_firm_offer(self, offer: StoredOffer, late_in: str | None) -> None:
        """Make an offer firm; `late_in` is the current week if the offer is not in its file."""
        self._connection.execute(
            f"INSERT INTO firm ({OFFER_COLUMNS}, late_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row_of(offer), late_in)
        )

    def has_ended(self, offer_id: str) -> bool:
        """Whether an offer was withdrawn, or its customer opted out."""
        return self._value("SELECT 1 FROM ended WHERE offer_id = ?", offer_id) is not None

    def end_offer(self, offer_id: str, reason: str, at: datetime) -> None:
        """End an offer, unless it has ended."""
        self._connection.execute("INSERT OR IGNORE INTO ended VALUES (?, ?, ?)", (offer_id, reason, at.isoformat()))

    def supersede(self, run_id: str, offer_ids: list[str], instead_of: str) -> None:
        """In a week, offers are superseded, and the one that supersedes them no longer is."""
        self._connection.execute("DELETE FROM superseded WHERE run_id = ? AND offer_id = ?", (run_id, instead_of))
        self._connection.executemany(
            "INSERT OR IGNORE INTO superseded VALUES (?, ?)", [(run_id, offer_id) for offer_id in offer_ids]
        )

    def is_superseded(self, run_id: str, offer_id: str) -> bool:
        """Whether an offer in a week's file is superseded by a late firm one."""
        return self._value("SELECT 1 FROM superseded WHERE run_id = ? AND offer_id = ?", run_id, offer_id) is not None

    def last_firm(self) -> int:
        """The sequence of the newest firm offer."""
        return int(self._value("SELECT coalesce(max(sequence), 0) FROM firm"))

    @contextmanager
    def beside(self, week: Path) -> Iterator[None]:
        """Make the file of a week readable in statements, without a lock: it is written meanwhile by whoever asks."""
        self._connection.execute("ATTACH ? AS week", (file_uri(week, "immutable"),))
        try:
            yield
        finally:
            self._connection.execute("DETACH week")

    def end_opted_out(self, as_of: date) -> int:
        """End the firm offers of the customers who opted out by the week beside this file, and return their number."""
        return self._connection.execute(
            """
            INSERT INTO ended
            SELECT firm.offer_id, 'the customer opted out', :as_of
            FROM firm
            WHERE firm.expires_on >= :as_of
                AND firm.customer_id IN (SELECT opted_out.customer_id FROM week.opted_out)
                AND NOT EXISTS (SELECT 1 FROM ended WHERE ended.offer_id = firm.offer_id)
            """,
            {"as_of": str(as_of)},
        ).rowcount

    def forget_before(self, as_of: date, run_ids: list[str]) -> None:
        """Remove what no week needs: expired firm offers, and what was superseded in weeks other than these."""
        self._connection.execute("DELETE FROM firm WHERE expires_on < ?", (str(as_of),))
        weeks = ", ".join("?" * len(run_ids))
        self._connection.execute(f"DELETE FROM superseded WHERE run_id NOT IN ({weeks})", run_ids)

    def _value(self, statement: str, *values: object) -> Any:
        row = self._connection.execute(statement, values).fetchone()
        return None if row is None else row[0]


def row_of(offer: OfferRow) -> tuple[str, str, str, str, int, int, str, str]:
    """An offer as it is in OFFER_COLUMNS."""
    offer_id, customer_id, person_id, tier, score, amount_cents, expires_on, body = offer
    return offer_id, customer_id, person_id, tier, -score, amount_cents, expires_on.isoformat(), body


def stored_offer(row: tuple[str, str, str, str, int, int, str, str]) -> StoredOffer:
    """A row of OFFER_COLUMNS as an offer."""
    offer_id, customer_id, person_id, tier, minus_score, amount_cents, expires_on, body = row
    day = date.fromisoformat(expires_on)
    return StoredOffer(offer_id, customer_id, person_id, tier, -minus_score, amount_cents, day, body)
