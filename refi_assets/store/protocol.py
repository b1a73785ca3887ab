"""The repository of offers: what any implementation of it stores, answers and promises.

It belongs to one program. Its offers are loaded a week at a time (a week is one load, whatever its interval), and only
the current week's are read. An offer has these states:

- An offer of the current week is live until the day after `expires_on`.
- A live offer with an event is firm: it lives to its expiry, through the weeks that follow, and the person gets no new
  one. Only a withdrawal or the customer's opt-out ends it early.
- Every other offer is superseded by the next week. If it is then displayed, or more, it becomes firm after all, and
  supersedes the person's newer offer, unless that one is firm already: the first firm offer stays.

Rules about which event may follow which are the caller's, who decides about each request inside the transaction that
records it. The first answer to a request is kept under the key that the client gave it, and answers each repeat.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol, Self

OfferRow = tuple[str, str, str, str, int, int, date, str]


class StoredOffer(NamedTuple):
    """An offer, in the columns of an OfferRow."""

    offer_id: str  # names these terms forever: the same id never has another body
    customer_id: str
    person_id: str  # has at most one live offer
    tier: str
    score: int  # in millionths
    amount_cents: int
    expires_on: date  # the last day on which it is live
    body: str  # its JSON, as it is answered


class Week(NamedTuple):
    """A load: the offers of a run."""

    run_id: str
    as_of: date
    new_offers: int
    carried_offers: int  # firm ones of earlier weeks
    last_expires_on: date


class PageCursor(NamedTuple):
    """The last offer of a page, in the week in which the first page was read."""

    run_id: str
    score: int
    customer_id: str


class OfferPage(NamedTuple):
    """The JSON of each offer, and the cursor of the next page; None after the last one."""

    bodies: list[str]
    after: PageCursor | None


class EventKind(StrEnum):
    """The kind of an event of an offer. Each makes a live offer firm."""

    SENT = "sent"
    DISPLAYED = "displayed"
    CLICKED = "clicked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    APPLIED = "applied"
    APPROVED = "approved"
    FUNDED = "funded"


class OfferEvent(NamedTuple):
    """A recorded event."""

    offer_id: str
    kind: EventKind
    at: datetime
    application_id: str | None = None  # of the application that the event began


class Standing(StrEnum):
    """The state of an offer after an event."""

    LIVE = "live"  # and firm
    EXPIRED = "expired"
    ENDED = "ended"  # withdrawn, or the customer opted out
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"  # no such offer: the event is not recorded


class EventAnswer(NamedTuple):
    """The answer to a request, which is kept. Of the event of a refused one, nothing is recorded."""

    body: str
    is_refusal: bool
    is_repeat: bool = False  # the kept answer to an earlier request


class EventRequest(NamedTuple):
    """A client's request to record an event.

    `decide` gets the first event of each kind before it, oldest first, the event, and the offer's standing after it.
    """

    offer_id: str
    kind: EventKind
    application_id: str | None
    client: str
    key: str  # belongs to the client and the offer
    content: str  # what a repeat must have in common with the first request
    decide: Callable[[list[OfferEvent], OfferEvent, Standing], EventAnswer]


class Unanswered(StrEnum):
    """Why nothing was recorded, nor kept under the key."""

    UNKNOWN_OFFER = "unknown offer"
    KEY_REUSED = "key reused"  # its first request had another content


EventOutcome = EventAnswer | Unanswered | Exception


class OfferStore(Protocol):
    """The offers of one program. Every method raises StoreError if the store fails; days are the lender's."""

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
        """Write a week's offers, at most one a person and a customer, where no reader sees them.

        Fastest if ordered by tier, score descending and customer_id. `opted_out` are ids of customers: the move ends
        their firm offers. `persons` are pairs of customer_id and person_id as of this week, needed for the customers of
        a person with several records. `open_channels` are pairs of customer_id and the names of the channels by which
        the customer may be reached, separated by spaces. Files that an earlier load left unfinished are removed.
        """

    def make_current(self, run_id: str) -> Week:
        """Move the pointer to a loaded week: from now on it is what is read. Firm offers are carried into it.

        A person who had a firm offer at the load, or has one now, keeps it and loses the new one. Raises StoreError if
        the current week is of a later day.
        """

    def current(self) -> Week | None:
        """The current week; None before the first."""

    def record_event(self, offer_id: str, kind: EventKind, at: datetime) -> Standing:
        """Record an event; durable when it returns. `at` has a time zone, the lender's, which decides the day."""

    def record_events(self, requests: Sequence[EventRequest], at: datetime, keep_days: int) -> list[EventOutcome]:
        """Answer requests, in their order, in one transaction; durable when it returns.

        A request that fails has its error as outcome and leaves the others alone; a StoreError is raised if all fail.
        An answer is kept until `keep_days` after the offer's last day, or after `at` if that is later: an outcome may
        be recorded long after the offer expired.
        """

    def checkpoint(self) -> int:
        """Housekeeping of what was recorded, which may be done beside the recording; returns what is left, in pages.

        Needed only if the store that records was opened to be checkpointed elsewhere.
        """

    def events_of(self, offer_id: str) -> list[OfferEvent]:
        """The events of an offer, in the order of recording."""

    def withdraw(self, offer_id: str, reason: str, at: datetime) -> None:
        """End an offer; durable when it returns. A second time changes nothing; an unknown id is a StoreError."""

    def get(self, offer_id: str, today: date) -> StoredOffer | None:
        """A live offer; None if there is none with this id."""

    def offers_of(self, customer_id: str, today: date) -> list[StoredOffer]:
        """The live offers of a customer: none, or one."""

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
        """Live offers of a tier by score descending, then customer_id by bytes.

        With a cursor, the page is of the cursor's week, even if another became current since; StoreError if that week
        is gone.
        """

    def channels_of(self, customer_id: str) -> frozenset[str]:
        """The channels by which a customer may be reached as of this week: none, if the load did not list them."""

    def count(self, today: date) -> int:
        """The number of live offers."""

    def close(self) -> None:
        """Close the files. Reading again opens them."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...
