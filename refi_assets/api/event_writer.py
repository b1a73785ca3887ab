"""The writer of events: a thread that answers all requests that wait in one transaction, and its checkpointer.

A request is answered when what was recorded of it is durable. Which stores there are, and where, is the caller's.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from refi_assets.api.contact import Contact
from refi_assets.api.event_metrics import EventMetrics
from refi_assets.errors import StoreError, type_and_place
from refi_assets.offers.event_rules import EventRules
from refi_assets.store.protocol import EventAnswer, EventOutcome, EventRequest, OfferStore, Unanswered

_LOG = logging.getLogger(__name__)

OpenStore = Callable[[], OfferStore]


class WriterLimits(NamedTuple):
    """What bounds the writer. A request that comes when too many wait, or one for too long, is turned away."""

    most_waiting: int = 1_000
    most_wait_seconds: float = 1.0
    most_in_group: int = 200
    checkpoint_seconds: float = 0.5
    most_log_pages: int = 4_000  # 16 MB: above, the writer waits for a checkpoint, so that the log begins anew


USUAL_LIMITS = WriterLimits()


class TooManyEventsError(Exception):
    """The writer cannot take a request now."""


@dataclass
class _Waiting:
    request: EventRequest
    program: str | None
    future: "asyncio.Future[EventOutcome]"
    since: float = field(default_factory=time.monotonic)
    outcome: EventOutcome | None = None

    @property
    def is_settled(self) -> bool:
        """Whether another store cannot change the outcome."""
        return self.outcome is Unanswered.KEY_REUSED or isinstance(self.outcome, EventAnswer)


class EventWriter:
    """Records events in the stores of programs, by programId, each of which is opened in the threads that use it.

    The stores should be opened to be checkpointed elsewhere, and to wait for a lock for less than a second. `clock` is
    the lender's and gives each event its time. `contacts` are the stores' last answers.
    """

    def __init__(
        self,
        stores: Mapping[str, OpenStore],
        rules: EventRules,
        clock: Callable[[], datetime],
        limits: WriterLimits = USUAL_LIMITS,
    ) -> None:
        self.rules, self.metrics = rules, EventMetrics()
        self.contacts = {program: Contact(f"The store of {program}, to record events") for program in stores}
        self._stores, self._clock, self._limits = stores, clock, limits
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._runs = 0
        self._loaded: set[str] = set()  # programs with a week; if a store has none later, it is away
        self._overdue: set[str] = set()  # programs whose log has become long

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the threads. At the end, every request that was taken is answered before this returns.

        A writer may run twice at once, each time with threads of its own, as an app does that is started twice.
        """
        stopping = threading.Event()
        threads = [
            threading.Thread(target=self._write, args=(stopping,), name="event writer", daemon=True),
            threading.Thread(target=self._checkpoint, args=(stopping,), name="event checkpointer", daemon=True),
        ]
        with self._changed:
            self._runs += 1
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._runs -= 1
                stopping.set()
                self._changed.notify_all()
            for thread in threads:
                await asyncio.to_thread(thread.join)

    def submit(self, request: EventRequest, program: str | None) -> "asyncio.Future[EventOutcome]":
        """Take a request, for an offer of this program or, if None, of any; called in an event loop.

        Raises TooManyEventsError.
        """
        waiting = _Waiting(request, program, asyncio.get_running_loop().create_future())
        with self._changed:
            if self._runs == 0:
                raise TooManyEventsError("The server is stopping.")
            if len(self._waiting) >= self._limits.most_waiting or (
                self._waiting and waiting.since - self._waiting[0].since > self._limits.most_wait_seconds
            ):
                raise TooManyEventsError("More events are waiting than can be recorded in time.")
            self._waiting.append(waiting)
            self._changed.notify()
        return waiting.future

    def _write(self, stopping: threading.Event) -> None:
        stores = {program: open_store() for program, open_store in self._stores.items()}
        while group := self._next_group(stopping):
            try:
                self._record(group, stores)
            except Exception as error:
                _LOG.error("Recording events failed: %s", type_and_place(error))
                for waiting in group:
                    waiting.outcome = error
            _answer(group)
            for program in self._overdue.intersection(stores):
                self._overdue.discard(program)
                with suppress(StoreError):
                    stores[program].checkpoint()
        for store in stores.values():
            store.close()

    def _next_group(self, stopping: threading.Event) -> list[_Waiting]:
        """The requests that wait, oldest first; none if there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or stopping.is_set())
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._limits.most_in_group))]

    def _record(self, group: list[_Waiting], stores: Mapping[str, OfferStore]) -> None:
        started, at = time.perf_counter(), self._clock()
        for program, store in stores.items():
            asked = [waiting for waiting in group if waiting.program in (None, program) and not waiting.is_settled]
            if not asked:
                continue
            try:
                if store.current() is None and program not in self._loaded:
                    continue
                self._loaded.add(program)
                outcomes = store.record_events([waiting.request for waiting in asked], at, self.rules.answer_kept_days)
            except StoreError as error:
                outcomes = [error] * len(asked)
            failures = [str(outcome) for outcome in outcomes if isinstance(outcome, StoreError)]
            self.contacts[program].report(failures[0] if failures else None)
            self.metrics.failed_requests += len(failures)
            for waiting, outcome in zip(asked, outcomes, strict=True):
                if waiting.outcome is None or outcome is not Unanswered.UNKNOWN_OFFER:  # it may be where it failed
                    waiting.outcome = outcome
        for waiting in group:
            if waiting.outcome is None:  # no store was asked
                is_served = waiting.program in (None, *stores)
                waiting.outcome = StoreError("No offers are stored.") if is_served else Unanswered.UNKNOWN_OFFER
        self._count(group, time.perf_counter() - started)

    def _count(self, group: list[_Waiting], seconds: float) -> None:
        self.metrics.group_sizes.add(len(group))
        self.metrics.commit_seconds.add(seconds)
        for waiting in group:
            if isinstance(waiting.outcome, EventAnswer):
                refused = "refused" if waiting.outcome.is_refusal else "recorded"
                outcome = "repeated" if waiting.outcome.is_repeat else refused
                self.metrics.events[waiting.request.kind, outcome] += 1

    def _checkpoint(self, stopping: threading.Event) -> None:
        """Keep the logs short, so that the writer need not. The file is synced here, beside it."""
        stores = {program: open_store() for program, open_store in self._stores.items()}
        while not stopping.wait(self._limits.checkpoint_seconds):
            for program, store in stores.items():
                with suppress(StoreError):  # the writer reports it
                    if store.checkpoint() > self._limits.most_log_pages:
                        self._overdue.add(program)
        for store in stores.values():
            store.close()


def _answer(group: list[_Waiting]) -> None:
    """Hand out the outcomes, in the loops that wait for them."""
    for loop in {waiting.future.get_loop() for waiting in group}:
        with suppress(RuntimeError):  # it was closed: nobody waits
            loop.call_soon_threadsafe(_finish, [waiting for waiting in group if waiting.future.get_loop() is loop])


def _finish(group: list[_Waiting]) -> None:
    for waiting in group:
        if waiting.outcome is not None and not waiting.future.done():
            waiting.future.set_result(waiting.outcome)
