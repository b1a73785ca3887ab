"""What ends a firm offer before its expiry: refi offers withdraw, and the customer's opt-out."""

import csv
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


# What becomes of a firm offer if the customer's preferences change to these before the next week.
CHANGES = {
    "asks not to be contacted": ({"do_not_contact": "true"}, False),
    "refuses every channel": ({"email_opt_out": "true", "sms_consent": "false", "in_app_opt_out": "true"}, False),
    "refuses e-mail alone": ({"email_opt_out": "true"}, True),
    "gives no answer": ({"email_opt_out": "", "sms_consent": "", "in_app_opt_out": "", "do_not_contact": ""}, True),
    "has no row": (None, True),
}


def next_week(runs: OfferRuns, folder: Path, changes: dict[str, dict[str, str] | None], profiles_without: set[str]):
    """Files of the next week with changed preferences, and without some profiles."""
    folder.mkdir()
    for path in runs.lake.glob(f"raw/*/load_date={WEEK}/*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            rows, names = list(reader), list(reader.fieldnames or [])
        if path.stem == "customer_credit_profiles":
            rows = [row for row in rows if row["customer_id"] not in profiles_without]
        if path.stem == "contact_preferences":
            changed = ((row, changes.get(row["customer_id"], {})) for row in rows)
            rows = [row | change for row, change in changed if change is not None]
        with (folder / path.name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, names)
            writer.writeheader()
            writer.writerows(rows)
    return folder


def test_only_a_refusal_ends_a_firm_offer_also_of_a_customer_without_a_profile(copied, tmp_path):
    cases = {f"RICH{number:02}": case for number, case in enumerate(CHANGES)}
    without_profile = {"RICH10": "asks not to be contacted", "RICH11": "refuses e-mail alone"}
    for customer_id in (*cases, *without_profile):
        display(copied, customer_id)
    changes = {customer_id: CHANGES[case][0] for customer_id, case in (cases | without_profile).items()}
    files = next_week(copied, tmp_path / "week", changes, set(without_profile))

    copied.refi("offers", "run", "--as-of", "2026-03-09", "--source", files)

    for customer_id, case in (cases | without_profile).items():
        assert bool(offers_of(copied, customer_id)) is CHANGES[case][1], (customer_id, case)
