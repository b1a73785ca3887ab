"""events.sqlite of a program: what outlives its weeks. Events, firm offers, withdrawals, and what they supersede.

It alone is written while it is read, so it has a write-ahead log; a commit is on the disk when it returns. A firm
offer is kept here whole, so no file of an earlier week is needed to carry it into the next.

The tables of the file are in event_tables.py.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from refi_assets.errors import StoreError
from refi_assets.store.connections import connect, file_uri
from refi_assets.store.event_tables import NEW_TABLES, TABLES_VERSION, UPGRADES
from refi_assets.store.failures import RECORDING
from refi_assets.store.protocol import EventAnswer, EventKind, EventRequest, OfferEvent, OfferRow, StoredOffer

EVENTS = "events.sqlite"

_FORGOTTEN_AT_ONCE = 2_000  # rows: some milliseconds
_PAUSE_SECONDS = 0.02

# The columns of an offer in each table. The score is negative, so that the whole order of pages ascends.
OFFER_COLUMNS = "offer_id, customer_id, person_id, tier, minus_score, amount_cents, expires_on, body"


class EventFile:
    """The writing connection to events.sqlite. Methods raise sqlite3.Error.

    It is created if it is missing and may be new: without the file of a store in use, ended offers would be live again.
    An older file is brought up to date; of a newer one, StoreError is raised. A lock is waited for `busy_seconds`, but
    once this was in vain, it is not waited for until the file was free again.
    """

    def __init__(self, path: Path, *, may_be_new: bool, busy_seconds: float, is_checkpointed_elsewhere: bool) -> None:
        self.path = path
        self._connection = connect(path, "rwc" if may_be_new else "rw", busy_seconds)
        self._busy_milliseconds, self._is_locked_out = round(busy_seconds * 1_000), False
        self._opened = _identity(path)
        self._connection.execute("PRAGMA synchronous = FULL")
        if is_checkpointed_elsewhere:
            self._connection.execute("PRAGMA wal_autocheckpoint = 0")
        if may_be_new and not self._has_tables():
            self._connection.execute("PRAGMA journal_mode = WAL")
            with self.locked():
                for statement in () if self._has_tables() else NEW_TABLES:
                    self._connection.execute(statement)
        self._bring_up_to_date()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def has_moved(self) -> bool:
        """Whether another file, or none, is now at the path: what is written here would not be read."""
        return _identity(self.path) != self._opened

    @property
    def is_in_transaction(self) -> bool:
        """Whether there is something to commit or to undo."""
        return self._connection.in_transaction

    @contextmanager
    def locked(self) -> Iterator[None]:
        """A transaction that keeps all other writers out, committed at the end. A failure leaves nothing of it."""
        self._lock()
        try:
            yield
            self._connection.execute("COMMIT")
        finally:
            if self.is_in_transaction:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def undoable(self) -> Iterator[Callable[[], None]]:
        """A part of a transaction. It can be undone by the yielded function, and is if it fails."""

        def undo() -> None:
            self._connection.execute("ROLLBACK TO part")

        self._connection.execute("SAVEPOINT part")
        try:
            yield undo
        except BaseException:
            if self.is_in_transaction:  # a full disk ends it
                undo()
            raise
        finally:
            if self.is_in_transaction:
                self._connection.execute("RELEASE part")

    def checkpoint(self) -> int:
        """Move pages from the log into the file without keeping anyone waiting, and return the log's number of pages.

        If nobody wrote or read meanwhile, the next transaction begins the log anew.
        """
        _, pages, _ = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return int(pages)

    def add_event(self, event: OfferEvent, customer_id: str) -> None:
        """Record an event."""
        self._connection.execute(
            "INSERT INTO event (offer_id, customer_id, kind, at, application_id) VALUES (?, ?, ?, ?, ?)",
            (event.offer_id, customer_id, event.kind, event.at.isoformat(), event.application_id),
        )

    def first_events_of(self, offer_id: str) -> list[OfferEvent]:
        """The first event of each kind of an offer, oldest first: few rows, however often it was displayed."""
        rows = self._connection.execute(
            """
            SELECT kind, at, application_id, min(sequence) FROM event
            WHERE offer_id = ?
            GROUP BY kind
            ORDER BY min(sequence)
            """,  # SQLite takes the other columns from the row with the minimum
            (offer_id,),
        ).fetchall()
        return [OfferEvent(offer_id, EventKind(kind), datetime.fromisoformat(at), begun) for kind, at, begun, _ in rows]

    def kept_answer(self, request: EventRequest, today: date) -> tuple[str, EventAnswer] | None:
        """The content of the first request with this one's key, and its answer, if they are still kept."""
        row = self._connection.execute(
            """
            SELECT content, body, is_refusal FROM kept_answer
            WHERE offer_id = ? AND client = ? AND key = ? AND kept_until >= ?
            """,
            (request.offer_id, request.client, request.key, str(today)),
        ).fetchone()
        return None if row is None else (row[0], EventAnswer(row[1], bool(row[2]), is_repeat=True))

    def keep_answer(self, request: EventRequest, answer: EventAnswer, until: date) -> None:
        """Keep the answer to a request."""
        self._connection.execute(
            "INSERT OR REPLACE INTO kept_answer VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                request.offer_id,
                request.client,
                request.key,
                request.content,
                answer.body,
                answer.is_refusal,
                str(until),
            ),
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
        """Remove what no week needs: firm offers that expired, answers that are no longer kept, and what was superseded
        in weeks other than these. Some at a time: whoever records an event meanwhile waits briefly.
        """
        with self.locked():
            weeks = ", ".join("?" * len(run_ids))
            self._connection.execute(f"DELETE FROM superseded WHERE run_id NOT IN ({weeks})", run_ids)
        for table, key, until in (
            ("firm", "sequence", "expires_on"),
            ("kept_answer", "(offer_id, client, key)", "kept_until"),
        ):
            some = f"SELECT {key.strip('()')} FROM {table} WHERE {until} < ? LIMIT {_FORGOTTEN_AT_ONCE}"
            while self._forget(f"DELETE FROM {table} WHERE {key} IN ({some})", as_of) == _FORGOTTEN_AT_ONCE:
                time.sleep(_PAUSE_SECONDS)

    def _forget(self, statement: str, as_of: date) -> int:
        with self.locked():
            return self._connection.execute(statement, (str(as_of),)).rowcount

    def _lock(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            self._wait_at_most(0)
            self._is_locked_out = True
            raise
        if self._is_locked_out:
            self._wait_at_most(self._busy_milliseconds)
            self._is_locked_out = False

    def _wait_at_most(self, milliseconds: int) -> None:
        self._connection.execute(f"PRAGMA busy_timeout = {milliseconds}")

    def _has_tables(self) -> bool:
        return bool(self._value("SELECT count(*) FROM sqlite_schema"))

    def _bring_up_to_date(self) -> None:
        if self._value("PRAGMA user_version") == TABLES_VERSION:
            return
        with self.locked():
            version = self._value("PRAGMA user_version")
            if version > TABLES_VERSION:
                raise StoreError(f"{self.path} was made by a newer version of refi. {RECORDING}. Install that one.")
            for statements in UPGRADES[version:]:
                for statement in statements:
                    self._connection.execute(statement)

    def _value(self, statement: str, *values: object) -> Any:
        row = self._connection.execute(statement, values).fetchone()
        return None if row is None else row[0]


def events_in(connection: sqlite3.Connection, schema: str, offer_id: str) -> list[OfferEvent]:
    """The events of an offer, in the order of recording; of an older file too. Raises sqlite3.Error."""
    (version,) = connection.execute(f"PRAGMA {schema}.user_version").fetchone()
    application_id = "application_id" if version else "NULL"
    rows = connection.execute(
        f"SELECT offer_id, kind, at, {application_id} FROM {schema}.event WHERE offer_id = ? ORDER BY sequence",
        (offer_id,),
    )
    return [OfferEvent(named, EventKind(kind), datetime.fromisoformat(at), begun) for named, kind, at, begun in rows]


def _identity(path: Path) -> tuple[int, int] | None:
    """Tells a file from another that takes its place; None if there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def row_of(offer: OfferRow) -> tuple[str, str, str, str, int, int, str, str]:
    """An offer as it is in OFFER_COLUMNS."""
    offer_id, customer_id, person_id, tier, score, amount_cents, expires_on, body = offer
    return offer_id, customer_id, person_id, tier, -score, amount_cents, expires_on.isoformat(), body


def stored_offer(row: tuple[str, str, str, str, int, int, str, str]) -> StoredOffer:
    """A row of OFFER_COLUMNS as an offer."""
    offer_id, customer_id, person_id, tier, minus_score, amount_cents, expires_on, body = row
    day = date.fromisoformat(expires_on)
    return StoredOffer(offer_id, customer_id, person_id, tier, -minus_score, amount_cents, day, body)
