"""The requests of the mix: 70 % a customer's offers, 20 % pages of 100, 10 % events of offers that exist.

One in five customers who are looked up has no offer, and is unknown. An event has an Idempotency-Key of its own.
"""

import json
import random
from collections import deque
from collections.abc import Collection, Sequence
from urllib.parse import urlencode

from bench.load import Request
from bench.loaded_offers import PROGRAM_ID
from refi_assets.store.protocol import EventKind

OFFERS, PAGE, EVENT = "customer's offers", "page of 100", "event"
SHARES = {OFFERS: 70, PAGE: 20, EVENT: 10}
READS = (OFFERS, PAGE)
TIERS = ("excellent", "good", "fair")
FILTERS: tuple[dict[str, str], ...] = ({}, {"minScore": "0.45", "minAmount": "8000"})
EVENTS = {EventKind.DISPLAYED: 70, EventKind.CLICKED: 20, EventKind.ACCEPTED: 10}
_WITHOUT_OFFER = 0.2

OfferIds = list[tuple[str, str]]  # offer_id and customer_id


class RequestMix:
    """Requests for these offers. `pages` are the paths of pages."""

    def __init__(self, offers: OfferIds, pages: Sequence[str], tokens: Sequence[str]) -> None:
        self._random = random.Random(17)
        self.pages, self._tokens = pages, tokens
        pairs = offers.copy()
        self._random.shuffle(pairs)
        self._customers = [customer_id for _, customer_id in pairs]
        self._new, self._firm = [offer_id for offer_id, _ in pairs], list[str]()
        self._unaccepted = deque[str]()  # among the firm ones
        self._events = 0

    def use_only(self, offer_ids: Collection[str]) -> None:
        """From now on, events are only of these offers, which are firm."""
        self._new, self._firm = [], list(offer_ids)
        self._unaccepted = deque(offer_id for offer_id in self._unaccepted if offer_id in offer_ids)

    def requests(self, number: int) -> list[Request]:
        """So many requests."""
        return [self._request(kind) for kind in self._random.choices(list(SHARES), list(SHARES.values()), k=number)]

    def _request(self, kind: str) -> Request:
        headers = {"Authorization": f"Bearer {self._random.choice(self._tokens)}"}
        if kind == OFFERS:
            return Request(kind, "GET", f"/v1/customers/{self._customer()}/offers", headers)
        if kind == PAGE:
            return Request(kind, "GET", self._random.choice(self.pages), headers)
        event, offer_id = self._event()
        self._events += 1
        headers |= {"Content-Type": "application/json", "Idempotency-Key": f"bench-{self._events}"}
        return Request(kind, "POST", f"/v1/offers/{offer_id}/events", headers, json.dumps({"event": event}).encode())

    def _customer(self) -> str:
        if self._random.random() < _WITHOUT_OFFER:
            return f"X{self._random.randrange(10**6):06d}"
        return self._random.choice(self._customers)

    def _event(self) -> tuple[EventKind, str]:
        """An event, and an offer that may have it: each is accepted once at most, long after it was displayed."""
        (event,) = self._random.choices(list(EVENTS), list(EVENTS.values()))
        if event is EventKind.ACCEPTED and self._unaccepted:
            return event, self._unaccepted.popleft()
        if not self._new:
            return EventKind.DISPLAYED, self._random.choice(self._firm)
        self._firm.append(self._new.pop())
        self._unaccepted.append(self._firm[-1])
        return (EventKind.CLICKED if event is EventKind.CLICKED else EventKind.DISPLAYED), self._firm[-1]


def page_path(tier: str, filters: dict[str, str], **more: str) -> str:
    """The path of a page of 100."""
    return f"/v1/programs/{PROGRAM_ID}/candidates?" + urlencode({"creditTier": tier, **filters, "limit": "100", **more})
