"""What ends a firm offer before its expiry: refi offers withdraw, and the customer's opt-out."""

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
    """The same runs with a lake and a store that a test may change."""
    lake = Path(shutil.copytree(offer_runs.lake, tmp_path / "lake"))
    store = shutil.copytree(offer_runs.environment["REFI_STORE_DIR"], tmp_path / "store")
    environment = {**offer_runs.environment, "REFI_LAKE_URL": str(lake), "REFI_STORE_DIR": str(store)}
    return OfferRuns(lake, environment, offer_runs.run_ids)


def display(runs: OfferRuns, customer_id: str) -> str:
    """Make the customer's offer firm."""
    [offer_id] = offers_of(runs, customer_id)
    with SqliteOfferStore(Path(runs.environment["REFI_STORE_DIR"]), PROGRAM) as store:
        store.record_event(offer_id, EventKind.DISPLAYED, datetime(2026, 3, 2, 12, tzinfo=UTC))
    return offer_id


def offers_of(runs: OfferRuns, customer_id: str) -> list[str]:
    with SqliteOfferStore(Path(runs.environment["REFI_STORE_DIR"]), PROGRAM) as store:
        return [offer.offer_id for offer in store.offers_of(customer_id, DAY)]


def withdraw(runs: OfferRuns, customer_id: str, check: int = 0):
    return runs.refi("offers", "withdraw", customer_id, "--reason", "error in the price", "--as-of", WEEK, check=check)


def test_a_withdrawn_offer_is_no_longer_served_even_if_it_was_firm(copied):
    offer_id = display(copied, "RICH00")
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


def test_an_opt_out_ends_a_firm_offer_also_if_the_customer_has_no_profile_this_week(copied, tmp_path):
    for customer_id in ("RICH00", "RICH01"):
        display(copied, customer_id)
    week = tmp_path / "week"
    week.mkdir()
    for path in copied.lake.glob(f"raw/*/load_date={WEEK}/*.csv"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        if path.stem == "customer_credit_profiles":
            lines = [line for line in lines if not line.startswith(("RICH00,", "RICH01,"))]
        if path.stem == "contact_preferences":
            column = lines[0].strip().split(",").index("do_not_contact")
            [number] = [number for number, line in enumerate(lines) if line.startswith("RICH00,")]
            cells = lines[number].strip().split(",")
            lines[number] = ",".join([*cells[:column], "true", *cells[column + 1 :]]) + "\n"
        (week / path.name).write_text("".join(lines), encoding="utf-8")

    copied.refi("offers", "run", "--as-of", "2026-03-09", "--source", week)

    assert offers_of(copied, "RICH00") == []
    assert len(offers_of(copied, "RICH01")) == 1, "a firm offer lives, even without a profile"
