"""The repository of offers in SQLite: a folder a program, with a file a week, events.sqlite, and the pointer.

Whoever changes the pointer or what is firm holds the write lock of events.sqlite, so the two never pass each other.
"""

import fcntl
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Self

from refi_assets.errors import StoreError, WeekGoneError
from refi_assets.lake.settings import is_s3
from refi_assets.settings import STATE_DIR, settings_of
from refi_assets.store.event_file import EVENTS, EventFile
from refi_assets.store.failures import BUSY_SECONDS, LOADING, READING, RECORDING, in_words
from refi_assets.store.pointer import KeptWeeks, Pointer
from refi_assets.store.protocol import (
    EventKind,
    EventOutcome,
    EventRequest,
    OfferEvent,
    OfferPage,
    OfferRow,
    OfferStore,
    PageCursor,
    Standing,
    StoredOffer,
    Week,
)
from refi_assets.store.recording import Recording
from refi_assets.store.settings import StoreSettings
from refi_assets.store.week_file import WEEK_SUFFIX, carry_firm_offers, read_week, week_path, write_week
from refi_assets.store.week_reader import WeekReader

_LOCK = "load.lock"


def open_store(lake_url: str, program: str, *, read_only: bool = False) -> OfferStore:
    """The store of a program, by its key. Raises StoreError."""
    return SqliteOfferStore(store_root(lake_url), program, read_only=read_only)


def store_root(lake_url: str) -> Path:
    """The folder of all programs' stores: REFI_STORE_DIR, or else one beside the lake's files."""
    beside = STATE_DIR if is_s3(lake_url) else Path(lake_url)
    return settings_of(StoreSettings).store_dir or beside / "store"


class SqliteOfferStore:
    """The offers of a program. Files are opened when they are needed. It belongs to the thread that opened them.

    A lock is waited for `busy_seconds`. A store that is checkpointed elsewhere leaves that to another one, of another
    thread; without it, the log of what is recorded grows for ever.
    """

    def __init__(
        self,
        root: Path,
        program: str,
        *,
        read_only: bool = False,
        busy_seconds: float = BUSY_SECONDS,
        is_checkpointed_elsewhere: bool = False,
    ) -> None:
        _require_name(program, "a program's key")
        self._busy_seconds, self._is_checkpointed_elsewhere = busy_seconds, is_checkpointed_elsewhere
        self.program = program
        self.folder = root / program
        self._read_only = read_only
        self._pointer = Pointer(self.folder)
        self._readers: dict[str, WeekReader] = {}
        self._event_file: EventFile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files. Reading again opens them."""
        self._keep_readers(())
        self._close_events()

    def load(
        self,
        run_id: str,
        as_of: date,
        batches: Iterable[Sequence[OfferRow]],
        *,
        opted_out: Iterable[str] = (),
        persons: Iterable[tuple[str, str]] = (),
        open_channels: Iterable[tuple[str, str]] = (),
    ) -> Week:
        """See OfferStore."""
        _require_name(run_id, "the id of a run")
        with self._loading() as events:
            kept = self._pointer.read()
            if run_id in kept:
                raise StoreError(f"{self.folder}: the offers of run {run_id} are stored already. {LOADING}.")
            self._require_not_before(kept, as_of)
            self._clean(kept, events)
            path = week_path(self.folder, run_id)
            try:
                write_week(path, run_id, as_of, batches, opted_out, persons, open_channels)
                return carry_firm_offers(path, events.last_firm(), events.path)
            except BaseException:
                self._clean(kept)
                raise

    def make_current(self, run_id: str) -> Week:
        """See OfferStore."""
        with self._loading() as events:
            kept = self._pointer.read()
            if kept.current is not None and kept.current.run_id == run_id:
                return kept.current
            path = week_path(self.folder, run_id)
            if run_id in kept:
                raise StoreError(f"{self.folder}: a later run superseded the offers of run {run_id}. {LOADING}.")
            if not path.exists():
                raise StoreError(
                    f"{self.folder}: the offers of run {run_id} are not loaded, or a later load removed them. "
                    f"{LOADING}; run again."
                )
            week = read_week(path)
            self._require_not_before(kept, week.as_of)
            with events.beside(path):
                while week.run_id not in kept:  # once more if a firm offer was ended: that is committed before the move
                    with events.locked():
                        if events.end_opted_out(week.as_of) == 0:
                            week = carry_firm_offers(path, events.last_firm(), events.path)
                            kept = kept.with_current(week)
                            self._pointer.move(kept)
            return week

    def current(self) -> Week | None:
        """See OfferStore."""
        return self._pointer.read().current

    def record_event(self, offer_id: str, kind: EventKind, at: datetime) -> Standing:
        """See OfferStore."""
        with self._recording(at) as recording:
            return recording.record(OfferEvent(offer_id, kind, at))

    def record_events(self, requests: Sequence[EventRequest], at: datetime, keep_days: int) -> list[EventOutcome]:
        """See OfferStore."""
        with self._recording(at) as recording:
            return [recording.answer(request, at, timedelta(keep_days)) for request in requests]

    def checkpoint(self) -> int:
        """See OfferStore."""
        self._require_writable(RECORDING)
        self._require_current(self._pointer.read(), RECORDING)
        with in_words(self.folder / EVENTS, RECORDING):
            return self._events().checkpoint()

    def events_of(self, offer_id: str) -> list[OfferEvent]:
        """See OfferStore."""
        with self._reading() as reader:
            return reader.events_of(offer_id)

    def withdraw(self, offer_id: str, reason: str, at: datetime) -> None:
        """See OfferStore."""
        with self._recording(at) as recording:
            recording.withdraw(offer_id, reason, at)

    def get(self, offer_id: str, today: date) -> StoredOffer | None:
        """See OfferStore."""
        with self._reading() as reader:
            return reader.live_offer(offer_id, today)

    def offers_of(self, customer_id: str, today: date) -> list[StoredOffer]:
        """See OfferStore."""
        with self._reading() as reader:
            return reader.live_offers_of(customer_id, today)

    def page(
        self,
        tier: str,
        today: date,
        *,
        least_score: int = 0,
        least_amount_cents: int = 0,
        after: PageCursor | None = None,
        limit: int = 100,
    ) -> OfferPage:
        """See OfferStore."""
        with self._reading(None if after is None else after.run_id) as reader:
            return reader.page(tier, today, least_score, least_amount_cents, after, limit)

    def channels_of(self, customer_id: str) -> frozenset[str]:
        """See OfferStore."""
        with self._reading() as reader:
            return reader.channels_of(customer_id)

    def count(self, today: date) -> int:
        """See OfferStore."""
        with self._reading() as reader:
            return reader.count(today)

    @contextmanager
    def _loading(self) -> Iterator[EventFile]:
        """events.sqlite, while no other load of this program runs."""
        self._require_writable(LOADING)
        with in_words(self.folder, LOADING):
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / _LOCK).open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise StoreError(
                        f"{self.folder}: another load is running. {LOADING}. Wait until it is done, then run again."
                    ) from None
                with in_words(self.folder / EVENTS, LOADING):
                    events = self._events()
                yield events

    @contextmanager
    def _recording(self, at: datetime) -> Iterator[Recording]:
        """A transaction for what happened at a time."""
        if at.tzinfo is None:
            raise ValueError("the time of an event has no time zone")
        self._require_writable(RECORDING)
        self._require_current(self._pointer.read(), RECORDING)
        with in_words(self.folder / EVENTS, RECORDING):
            events = self._events()
            try:
                with events.locked():
                    yield Recording(events, self._pointer.read(), self._reader)
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                    self._close_events()  # a connection may stay read-only when the disk no longer is
                raise
            if events.has_moved:
                raise StoreError(f"{events.path} was moved or replaced meanwhile. {RECORDING}. Try again.")

    @contextmanager
    def _reading(self, run_id: str | None = None) -> Iterator[WeekReader]:
        """The reader of a week; by default, of the current one."""
        kept = self._pointer.read()
        current = self._require_current(kept, READING)
        if run_id is not None and run_id not in kept:
            raise WeekGoneError(f"{self.folder}: the week of this cursor is gone. {READING}. Begin at the first page.")
        run_id = run_id or current.run_id
        with in_words(week_path(self.folder, run_id), READING):
            yield self._reader(run_id)

    def _reader(self, run_id: str) -> WeekReader:
        reader = self._readers.get(run_id)
        if reader is None or reader.is_outdated():
            self._keep_readers({week.run_id for week in self._pointer.read().weeks} - {run_id})
            reader = self._readers[run_id] = WeekReader(self.folder, run_id, self.folder / EVENTS, self._busy_seconds)
        return reader

    def _keep_readers(self, run_ids: Iterable[str]) -> None:
        """Close the readers of other weeks."""
        for run_id in set(self._readers).difference(run_ids):
            self._readers.pop(run_id).close()

    def _events(self) -> EventFile:
        if self._event_file is not None and self._event_file.has_moved:
            self._close_events()
        if self._event_file is None:
            self._event_file = EventFile(
                self.folder / EVENTS,
                may_be_new=self._pointer.read().current is None,
                busy_seconds=self._busy_seconds,
                is_checkpointed_elsewhere=self._is_checkpointed_elsewhere,
            )
        return self._event_file

    def _close_events(self) -> None:
        if self._event_file is not None:
            self._event_file.close()
            self._event_file = None

    def _require_writable(self, consequence: str) -> None:
        if self._read_only:
            raise StoreError(f"{self.folder}: this store was opened read-only. {consequence}.")

    def _require_current(self, kept: KeptWeeks, consequence: str) -> Week:
        if kept.current is None:
            raise StoreError(f"{self.folder} has no offers. {consequence}. Run the program, or check REFI_STORE_DIR.")
        return kept.current

    def _require_not_before(self, kept: KeptWeeks, as_of: date) -> None:
        if kept.current is not None and as_of < kept.current.as_of:
            raise StoreError(
                f"{self.folder} has the offers of a later day, {kept.current.as_of}; those of {as_of} do not replace "
                f"them. {LOADING}."
            )

    def _clean(self, kept: KeptWeeks, events: EventFile | None = None) -> None:
        """Remove what belongs to weeks that the pointer does not name."""
        names = {f"{week.run_id}{WEEK_SUFFIX}" for week in kept.weeks}
        for path in self.folder.glob(f"*{WEEK_SUFFIX}*"):
            if path.name not in names and not path.name.startswith(EVENTS):
                path.unlink(missing_ok=True)
        if kept.current is not None and events is not None:
            events.forget_before(kept.current.as_of, [week.run_id for week in kept.weeks])


def _require_name(name: str, described: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", name) or name == "events":
        raise StoreError(f"{name!r} is not valid as {described}: use letters, digits, _ and -. {LOADING}.")
