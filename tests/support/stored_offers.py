"""An app that serves offers made by hand, in a store of the project's program, by a clock that tests move."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from refi_assets.lake import FolderStore
from refi_assets.ml.registry import Registry
from refi_assets.offers.programs import programs
from refi_assets.store.protocol import StoredOffer
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.support.scored import ServedApp
from tests.support.served_offers import PROGRAM

PROGRAM_ID = "loan-offer-targeting"
MONDAY = date(2026, 3, 2)
LAST_DAY = date(2026, 5, 31)  # 90 days later


def offer_of(
    customer_id: str, week: str = "w1", *, tier: str = "good", score: int = 700_000, amount: int = 5_000
) -> StoredOffer:
    """An offer of 5,000 USD for 48 months at 6.5 %, with the numbers of a loan calculator."""
    offer_id = f"{week}-{customer_id}"
    terms = {
        "offer_id": offer_id,
        "program_id": PROGRAM_ID,
        "product": "personal_loan",
        "offered_on": str(MONDAY),
        "customer_id": customer_id,
        "credit_tier": tier,
        "score_band": tier,
        "tier": tier,
        "approval_likelihood": score / 1_000_000,
        "default_probability": 0.02,
        "amount": amount,
        "note_rate_pct": 6.5,
        "term_months": 48,
        "monthly_payment": 118.57,
        "last_payment": 118.85,
        "origination_fee": 150.00,
        "amount_financed": 4850.00,
        "finance_charge": 841.64,
        "total_of_payments": 5691.64,
        "apr_pct": 8.118,
        "expires_on": str(LAST_DAY),
    }
    person_id = f"person-{customer_id}"
    return StoredOffer(offer_id, customer_id, person_id, tier, score, amount * 100, LAST_DAY, json.dumps(terms))


@dataclass
class OfferApp:
    """The app, its store, and its clock, which begins at noon of the first Monday."""

    registry: Registry
    lake: FolderStore
    now: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC)
    served: ServedApp = field(init=False)
    store: SqliteOfferStore = field(init=False)

    def __post_init__(self) -> None:
        program = programs()[PROGRAM]
        self.served = ServedApp(self.registry, self.lake, programs=(program,), clock=lambda: self.now)
        self.store = SqliteOfferStore(self.lake.root / "store", PROGRAM)

    def publish(
        self, run_id: str, offers: Iterable[StoredOffer], as_of: date = MONDAY, opted_out: Iterable[str] = ()
    ) -> None:
        """Make a week of offers current; the in-app channel of their customers is open."""
        week = sorted(offers, key=lambda offer: (offer.tier, -offer.score, offer.customer_id))
        channels = [(offer.customer_id, "email in-app") for offer in week]
        self.store.load(run_id, as_of, [week], opted_out=opted_out, open_channels=channels)
        self.store.make_current(run_id)

    def wait(self, **time: int) -> None:
        """Move the clock."""
        self.now += timedelta(**time)
