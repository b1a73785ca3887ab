"""Optional columns of the customers' files: a program whose filter needs one does not run without it."""

import shutil
from pathlib import Path

import pytest

from refi_assets.offers.needed_columns import needed_columns
from refi_assets.offers.programs import PROGRAMS_DIR, load_program
from tests.support.offer_runs import WEEK, OfferRuns

PROFILES = "customer_credit_profiles.csv"
NEEDED = {
    "identity_verified": ["trust"],
    "account_status": ["trust"],
    "income_variation": ["affordability"],
    "employment_status": ["affordability"],
    "state": ["regulatory-compliance"],
    "covered_borrower": ["regulatory-compliance"],
}


def test_the_filters_need_six_optional_columns() -> None:
    assert needed_columns(load_program(PROGRAMS_DIR / "loan_offer_targeting.yaml")) == NEEDED


@pytest.mark.parametrize(
    ("switch", "column"),
    [
        ("checkIncomeStability", "income_variation"),
        ("checkEmploymentStatus", "employment_status"),
        ("checkStateLaws", "state"),
        ("checkFederalCompliance", "covered_borrower"),
    ],
)
def test_a_rule_that_is_switched_off_needs_no_column(tmp_path: Path, switch: str, column: str) -> None:
    text = (PROGRAMS_DIR / "loan_offer_targeting.yaml").read_text("utf-8")
    file = tmp_path / "loan_offer_targeting.yaml"
    file.write_text(text.replace(f"{switch}: true", f"{switch}: false"), "utf-8")
    assert needed_columns(load_program(file)) == {name: ids for name, ids in NEEDED.items() if name != column}


def test_a_column_that_no_file_has_stops_the_program_before_anybody_is_judged(
    offer_runs: OfferRuns, tmp_path: Path
) -> None:
    source = shutil.copytree(offer_runs.lake.parent / WEEK, tmp_path / "source")
    text = (source / PROFILES).read_text("utf-8")
    (source / PROFILES).write_text(text.replace("income_variation", "income_stability"), "utf-8")
    arguments = ("--source", source, "--as-of", WEEK, "--lake", tmp_path / "lake", "--json")
    done = offer_runs.refi("offers", "run", *arguments, check=1)
    assert done.json["status"] == "blocked"
    assert "stopped" not in done.json["counts"]
    assert "No file of the customers has income_variation (filter affordability)." in done.json["error"]
