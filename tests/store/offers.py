"""Offers of made-up customers, and weeks of them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from refi_assets.store.protocol import OfferStore, StoredOffer, Week

FIRST_DAY = date(2026, 2, 20)
TTL = timedelta(days=30)


def day(number: int) -> date:
    """The first day, or so many days after it."""
    return FIRST_DAY + timedelta(days=number)


def noon(number: int) -> datetime:
    """Noon of a day."""
    return datetime(2026, 2, 20, 12, tzinfo=UTC) + timedelta(days=number)


def offer(
    offer_id: str,
    customer_id: str,
    *,
    person_id: str = "",
    tier: str = "good",
    score: int = 700_000,
    amount_cents: int = 500_000,
    expires_on: date = FIRST_DAY + TTL,
) -> StoredOffer:
    """An offer whose JSON repeats its id."""
    body = f'{{"offer_id": "{offer_id}"}}'
    return StoredOffer(
        offer_id, customer_id, person_id or f"p-{customer_id}", tier, score, amount_cents, expires_on, body
    )


def publish(
    store: OfferStore,
    run_id: str,
    offers: Iterable[StoredOffer],
    as_of: date = FIRST_DAY,
    opted_out: Iterable[str] = (),
    persons: Iterable[tuple[str, str]] = (),
) -> Week:
    """Load a week and make it current."""
    store.load(run_id, as_of, [list(offers)], opted_out=opted_out, persons=persons)
    return store.make_current(run_id)


def live_ids(store: OfferStore, customer_id: str, today: date) -> list[str]:
    """The ids of a customer's live offers."""
    return [stored.offer_id for stored in store.offers_of(customer_id, today)]


def week_files(folder: Path) -> list[str]:
    """The names of what is in a program's folder, except events.sqlite and the lock."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(("events", "load.lock")))
