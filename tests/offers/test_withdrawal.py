"""refi offers withdraw: the only command that ends an offer before its expiry."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from refi_assets.store.protocol import EventKind
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.support.offer_runs import WEEK, OfferRuns

PROGRAM = "loan_offer_targeting"
DAY = date.fromisoformat(WEEK)


@pytest.fixture
def copied(offer_runs, tmp_path) -> OfferRuns:
    """The same runs with a store that a test may change."""
    store = shutil.copytree(offer_runs.environment["REFI_STORE_DIR"], tmp_path / "store")
    return OfferRuns(offer_runs.lake, {**offer_runs.environment, "REFI_STORE_DIR": str(store)}, offer_runs.run_ids)


def offers_of(runs: OfferRuns, customer_id: str) -> list[str]:
    with SqliteOfferStore(Path(runs.environment["REFI_STORE_DIR"]), PROGRAM) as store:
        return [offer.offer_id for offer in store.offers_of(customer_id, DAY)]


def withdraw(runs: OfferRuns, customer_id: str, check: int = 0):
    return runs.refi("offers", "withdraw", customer_id, "--reason", "error in the price", "--as-of", WEEK, check=check)


def test_a_withdrawn_offer_is_no_longer_served_even_if_it_was_firm(copied):
    [offer_id] = offers_of(copied, "RICH00")
    with SqliteOfferStore(Path(copied.environment["REFI_STORE_DIR"]), PROGRAM) as store:
        store.record_event(offer_id, EventKind.DISPLAYED, datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert f"Withdrawn: offer {offer_id} of RICH00" in " ".join(withdraw(copied, "RICH00").stdout.split())
    assert offers_of(copied, "RICH00") == []
    assert offers_of(copied, "RICH01") != []


@pytest.mark.parametrize("customer_id", ["LOW", "NOBODY"])
def test_a_customer_without_an_offer_is_an_error_that_says_so(copied, customer_id):
    answer = withdraw(copied, customer_id, check=1)
    assert f"{customer_id} has no offer of loan-offer-targeting on {WEEK}. Nothing changed." in " ".join(
        answer.stderr.split()
    )


def test_a_reason_is_asked_for(copied):
    assert "--reason" in copied.refi("offers", "withdraw", "RICH00", check=2).stderr
