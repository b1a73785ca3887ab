"""A transaction in which events are recorded, and what each does to its offer and to the person's other one."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from refi_assets.errors import StoreError
from refi_assets.store.event_file import EventFile
from refi_assets.store.failures import RECORDING, in_words
from refi_assets.store.pointer import KeptWeeks
from refi_assets.store.protocol import (
    EventKind,
    EventOutcome,
    EventRequest,
    OfferEvent,
    Standing,
    StoredOffer,
    Unanswered,
)
from refi_assets.store.week_reader import WeekReader


class _KnownOffer(NamedTuple):
    customer_id: str
    offer: StoredOffer | None  # None: only its events are left
    run_id: str  # the week whose file has it


class Recording:
    """A transaction of events.sqlite, and the weeks that are kept during it. Methods raise sqlite3.Error or StoreError.

    `reader_of` gives the reader of a week. There is a current week.
    """

    def __init__(self, events: EventFile, kept: KeptWeeks, reader_of: Callable[[str], WeekReader]) -> None:
        self._events, self._kept, self._reader_of = events, kept, reader_of

    def record(self, event: OfferEvent) -> Standing:
        """Record an event, and make its offer firm if it may be."""
        known = self._find(event.offer_id)
        return Standing.UNKNOWN if known is None else self._record(known, event)

    def withdraw(self, offer_id: str, reason: str, at: datetime) -> None:
        """End an offer, unless it has ended."""
        known = self._find(offer_id)
        if known is None or known.offer is None:
            folder = self._events.path.parent
            raise StoreError(f"{folder}: there is no offer {offer_id}. {RECORDING}; check the id.")
        self._events.end_offer(offer_id, reason, at)

    def answer(self, request: EventRequest, at: datetime, kept_for: timedelta) -> EventOutcome:
        """Answer a request. If it fails, nothing of it is left, unless the whole transaction failed."""
        events = self._events
        try:
            with in_words(events.path, RECORDING), events.undoable() as undo:
                if (kept := events.kept_answer(request, at.date())) is not None:
                    return kept[1] if kept[0] == request.content else Unanswered.KEY_REUSED
                if (known := self._find(request.offer_id)) is None:
                    return Unanswered.UNKNOWN_OFFER
                earlier = events.first_events_of(request.offer_id)
                event = OfferEvent(request.offer_id, request.kind, at, request.application_id)
                answer = request.decide(earlier, event, self._record(known, event))
                if answer.is_refusal:
                    undo()
                last_day = at.date() if known.offer is None else max(known.offer.expires_on, at.date())
                events.keep_answer(request, answer, last_day + kept_for)
                return answer
        except Exception as error:
            if not events.is_in_transaction:
                raise
            return error

    def _record(self, known: _KnownOffer, event: OfferEvent) -> Standing:
        customer_id, offer, run_id = known
        self._events.add_event(event, customer_id)
        current = self._kept.weeks[0]
        today = max(event.at.date(), current.as_of)  # an event recorded late does not bring an expired offer back
        if self._events.has_ended(event.offer_id):
            return Standing.ENDED
        if offer is None or offer.expires_on < today:  # a file is kept until its last offer expires
            return Standing.EXPIRED
        if self._events.firm_offer(event.offer_id) is not None:
            return Standing.LIVE
        if run_id == current.run_id and not self._events.is_superseded(run_id, event.offer_id):
            self._events.add_firm_offer(offer, late_in=None)
            return Standing.LIVE
        return self._revive(self._reader_of(current.run_id), offer, run_id, event.kind, today)

    def _revive(self, reader: WeekReader, offer: StoredOffer, run_id: str, kind: EventKind, today: date) -> Standing:
        """Make a superseded offer firm, and supersede the newer one of its person, if it was displayed, or more."""
        person_id = reader.person_of(offer.customer_id) or offer.person_id
        customer_ids = {offer.customer_id, *reader.customers_of(person_id)}
        has_firm_offer = any(
            customer_id == offer.customer_id or (reader.person_of(customer_id) or stored_person_id) == person_id
            for customer_id, stored_person_id in self._events.firm_among(customer_ids, person_id, today)
        )
        if kind is EventKind.SENT or has_firm_offer or reader.has_opted_out(offer.customer_id):
            return Standing.SUPERSEDED
        newer = [newer_id for newer_id in reader.new_offers_of(customer_ids, person_id) if newer_id != offer.offer_id]
        self._events.add_firm_offer(offer, late_in=None if run_id == reader.run_id else reader.run_id)
        self._events.supersede(reader.run_id, newer, instead_of=offer.offer_id)
        return Standing.LIVE

    def _find(self, offer_id: str) -> _KnownOffer | None:
        """An offer, firm or in the file of a kept week, and that week; the newest, if several have it.

        Of one that is in none of them any more, its customer, if it has events.
        """
        for week in self._kept.weeks:
            if (offer := self._reader_of(week.run_id).offer(offer_id)) is not None:
                return _KnownOffer(offer.customer_id, offer, week.run_id)
        if (offer := self._events.firm_offer(offer_id)) is not None:
            return _KnownOffer(offer.customer_id, offer, "")
        customer_id = self._events.customer_of(offer_id)
        return None if customer_id is None else _KnownOffer(customer_id, None, "")
