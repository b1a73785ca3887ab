"""The offers that `make bench-serving` serves: one of every customer, with the bodies of real ones.

A run of 200,000 customers makes some 50,000 offers. To serve as many offers as customers, each real one is given to
several customers, with an id of its own. Also the batch that is loaded beside the requests:
python -m bench.loaded_offers WEEK_FILE STORE_DIR RUN_ID AS_OF CUSTOMERS
"""

import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from refi_assets.store.protocol import OfferRow
from refi_assets.store.sqlite_store import SqliteOfferStore

PROGRAM, PROGRAM_ID = "loan_offer_targeting", "loan-offer-targeting"
LIVE_DAYS = 90
_LOADED_AT_ONCE = 10_000
_CHANNELS = "email in-app push"


def customer_ids(customers: int) -> list[str]:
    """The ids of the customers, as `refi offers generate` numbers them."""
    return [f"C{number:06d}" for number in range(1, customers + 1)]


def offers_for(week_file: Path, as_of: date, customers: int) -> list[OfferRow]:
    """An offer for every customer, in the order of pages, from those in the file of a real week."""
    with closing(sqlite3.connect(f"file:{week_file}?mode=ro", uri=True)) as connection:
        real = connection.execute(
            "SELECT tier, -minus_score, amount_cents, body FROM offer ORDER BY offer_id"
        ).fetchall()
    expires_on = as_of + timedelta(days=LIVE_DAYS)
    offers = []
    for number, customer_id in enumerate(customer_ids(customers)):
        tier, score, amount_cents, body = real[(number + as_of.toordinal()) % len(real)]
        terms = {"customer_id": customer_id, "offered_on": str(as_of), "expires_on": str(expires_on)}
        for name, value in terms.items():
            body = _with(body, name, value)
        offer_id = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        body = _with(body, "offer_id", offer_id)
        offers.append((offer_id, customer_id, f"person-{customer_id}", tier, score, amount_cents, expires_on, body))
    return sorted(offers, key=lambda offer: (offer[3], -offer[4], offer[1]))


def load_offers(week_file: Path, store_dir: Path, run_id: str, as_of: date, customers: int) -> None:
    """Load an offer for every customer, and make them the current week."""
    offers = offers_for(week_file, as_of, customers)
    with SqliteOfferStore(store_dir, PROGRAM) as store:
        channels = ((customer_id, _CHANNELS) for customer_id in customer_ids(customers))
        store.load(run_id, as_of, _batches(offers), open_channels=channels)
        store.make_current(run_id)


def current_week(store_dir: Path) -> tuple[Path, date]:
    """The file of a store's current week, and its day."""
    with SqliteOfferStore(store_dir, PROGRAM, read_only=True) as store:
        week = store.current()
    if week is None:
        raise FileNotFoundError(f"{store_dir} has no offers of {PROGRAM}")
    return store_dir / PROGRAM / f"{week.run_id}.sqlite", week.as_of


def _with(body: str, name: str, value: str) -> str:
    """A body of JSON with another text as one of its values; the numbers in it stay as they are written."""
    before, mark, rest = body.partition(f'"{name}":"')
    return before + mark + value + rest[rest.index('"') :]


def _batches(offers: list[OfferRow]) -> Iterator[list[OfferRow]]:
    for start in range(0, len(offers), _LOADED_AT_ONCE):
        yield offers[start : start + _LOADED_AT_ONCE]


if __name__ == "__main__":
    clock = time.perf_counter()
    load_offers(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], date.fromisoformat(sys.argv[4]), int(sys.argv[5]))
    print(json.dumps({"seconds": time.perf_counter() - clock}))
