"""Generated files for loan offers: staging and a plain reading of the chain's rules confirm what truth.json counts."""

import csv
import json
import time
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from refi_assets.errors import SettingError
from refi_assets.sample.offer_cases import OFFER_CASES
from refi_assets.sample.offer_customers import OFFERS_AS_OF, generate_offer_customers
from refi_assets.specs.contracts import contracts_of
from tests.support.commands import refi_here
from tests.support.sources import Sources, StagedSource

CUSTOMERS = 3000
SOURCES = tuple(source for source, contract in contracts_of("offers").items() if not contract.is_own_record)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("offers")
    generate_offer_customers(CUSTOMERS, 5, folder)
    return folder


@pytest.fixture(scope="module")
def truth(folder: Path) -> Any:
    return json.loads((folder / "truth.json").read_text())


@pytest.fixture(scope="module")
def staged(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, StagedSource]:
    sources = Sources(tmp_path_factory.mktemp("staged"))
    return {source: sources.stage_folder(source, folder) for source in SOURCES}


def test_staging_counts_rows_and_quarantined_rows_as_the_truth_does(staged, truth):
    for source, result in staged.items():
        assert result.counts.rows == truth["rows"][source]
        assert result.counts.quarantined == truth["quarantined"][source]
        assert sum(result.counts.quarantined.values()) < 0.04 * result.counts.rows


def test_a_plain_reading_of_the_rules_stops_the_customers_that_the_truth_counts(staged, truth):
    """By the limits of loan_offer_targeting: one record a person, three states without a license."""
    accepted = staged["customer_credit_profiles"].accepted
    answers = {row["customer_id"]: row for row in staged["contact_preferences"].accepted}
    lately = {
        row["customer_id"]
        for row in staged["offer_history"].accepted
        if OFFERS_AS_OF - row["offered_on"] < timedelta(days=90)
    }
    alone, in_sequence, reasons = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    passed = 0
    for row in accepted:
        codes = {
            "trust": trust(row),
            "credit-qualification": credit(row),
            "affordability": affordability(row),
            "eligibility": eligibility(row["customer_id"] in lately, answers.get(row["customer_id"])),
            "regulatory-compliance": compliance(row),
        }
        failed = [name for name, found in codes.items() if found]
        alone.update(failed)
        in_sequence.update(failed[:1])
        reasons.update((name, code) for name in failed for code in codes[name])
        passed += not failed
    assert (len(accepted), passed) == (truth["accepted"], truth["passed"])
    for name, counts in truth["stopped"].items():
        found = {code: number for (filter_id, code), number in reasons.items() if filter_id == name}
        assert (alone[name], in_sequence[name], found) == (counts["alone"], counts["in_sequence"], counts["reasons"])


def missing(row: Row, column: str) -> list[str]:
    return [f"{column}_missing"] if row[column] is None else []


def trust(row: Row) -> list[str]:
    codes = missing(row, "identity_verified") + missing(row, "account_status")
    if row["identity_verified"] is False:
        codes.append("identity_unverified")
    if row["account_status"] is not None and row["account_status"].lower() != "active":
        codes.append("account_not_active")
    return codes


def credit(row: Row) -> list[str]:
    score, ratio, loans = row["credit_score"], row["debt_to_income_ratio"], row["existing_loans"]
    columns = ("credit_score", "debt_to_income_ratio", "payment_history", "existing_loans")
    codes = [code for column in columns for code in missing(row, column)]
    months = row["payment_history"]
    if score is not None and score < 680:
        codes.append("credit_score_below_min")
    if ratio is not None and ratio > Decimal("0.43"):
        codes.append("dti_above_max")
    if months is not None and any(month in "123456" for month in months[:12]):
        codes.append("late_payment")
    if months is not None and len(months) < 12:
        codes.append("payment_history_short")
    if loans is not None and loans > 2:
        codes.append("too_many_loans")
    return codes


def affordability(row: Row) -> list[str]:
    columns = ("income_variation", "employment_status", "debt_to_income_ratio", "income")
    codes = [code for column in columns for code in missing(row, column)]
    if row["income_variation"] is not None and row["income_variation"] > Decimal("0.5"):
        codes.append("income_unstable")
    if row["employment_status"] in ("unemployed", "other"):
        codes.append("employment_not_accepted")
    score, ratio, income = row["credit_score"], row["debt_to_income_ratio"], row["income"]
    if None not in (score, ratio, income) and score >= 640 and ratio <= Decimal("0.43"):
        # Monthly payments for 1,000 USD, of a loan calculator: 60 months at 5.5 %, 48 at 6.5 %, 36 at 7.5 %.
        payment = Decimal("19.10" if score >= 750 else "23.71" if score >= 680 else "31.11")
        if ratio * income + 12 * payment > Decimal("0.43") * income:
            codes.append("amount_below_min")
    return codes


def eligibility(was_offered: bool, answers: Row | None) -> list[str]:
    is_open = (
        answers is not None
        and answers["do_not_contact"] is False
        and (answers["email_opt_out"] is False or answers["sms_consent"] is True or answers["in_app_opt_out"] is False)
    )
    return ["offered_within_days"] * was_offered + ["opted_out"] * (not is_open)


def compliance(row: Row) -> list[str]:
    if row["state"] is None:
        return ["state_missing"]
    return ["state_excluded"] * (row["state"] in ("AR", "NY", "WV", "ZZ", "XX", "England"))


def test_every_case_and_every_reason_occurs(truth):
    assert all(number > 0 for number in truth["customers_by_case"].values())
    assert truth["customers_by_case"].keys() == {case.name for case in OFFER_CASES}
    codes = {code for counts in truth["stopped"].values() for code in counts["reasons"]}
    assert codes == {
        *("identity_unverified", "account_not_active", "credit_score_below_min", "dti_above_max", "late_payment"),
        *("payment_history_short", "too_many_loans", "income_unstable", "employment_not_accepted", "amount_below_min"),
        *("offered_within_days", "opted_out", "state_missing", "state_excluded"),
        *("identity_verified_missing", "account_status_missing", "credit_score_missing", "payment_history_missing"),
        *("debt_to_income_ratio_missing", "existing_loans_missing", "income_missing", "income_variation_missing"),
        "employment_status_missing",
    }


def test_the_shares_are_about_those_of_the_original_program(truth):
    """Of 200,000 customers: 10,000, 50,000, 40,000, 30,000 and 20,000 are stopped, and 50,000 pass."""
    of_original = (5, 25, 20, 15, 10)
    shares = [100 * counts["in_sequence"] / CUSTOMERS for counts in truth["stopped"].values()]
    assert [share for share, expected in zip(shares, of_original, strict=True) if abs(share - expected) > 5] == []
    assert 25 < 100 * truth["passed"] / CUSTOMERS < 31


def test_no_protected_trait_is_in_the_files():
    columns = {column.name for contract in contracts_of("offers").values() for column in contract.columns}
    assert not columns & {"sex", "gender", "age", "date_of_birth", "race", "ethnicity", "religion", "marital_status"}


def test_the_same_seed_gives_the_same_files_and_another_seed_or_day_others(folder, tmp_path):
    again, other, later = (tmp_path / name for name in ("again", "other", "later"))
    generate_offer_customers(CUSTOMERS, 5, again)
    generate_offer_customers(CUSTOMERS, 6, other)
    generate_offer_customers(CUSTOMERS, 5, later, as_of=date(2026, 3, 9))
    for path in folder.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()
        assert (other / path.name).read_bytes() != path.read_bytes()
    assert (later / "offer_history.csv").read_bytes() != (folder / "offer_history.csv").read_bytes()
    assert (later / "customer_credit_profiles.csv").read_bytes() == (
        folder / "customer_credit_profiles.csv"
    ).read_bytes()


def test_the_command_generates_few_customers_and_refuses_fewer(tmp_path):
    answer = refi_here("offers", "generate", tmp_path, "--customers", 10, "--seed", 1)
    assert answer.stdout.startswith("10 customers, seed 1, as of 2026-03-02: ")
    assert json.loads((tmp_path / "truth.json").read_text())["customers"] == 10
    refused = refi_here("offers", "generate", tmp_path, "--customers", 9)
    assert "9 customers cannot be generated; ask for 10 to 10,000,000." in " ".join(refused.stderr.split())


@pytest.mark.long
def test_200_000_customers_take_less_than_15_seconds_and_are_each_written_once(tmp_path):
    """They are drawn in two parts."""
    started = time.perf_counter()
    truth = generate_offer_customers(200_000, 3, tmp_path)
    assert time.perf_counter() - started < 15
    with (tmp_path / "customer_credit_profiles.csv").open(newline="") as stream:
        ids = {row["customer_id"] for row in csv.DictReader(stream)}
    without_id = truth["quarantined"]["customer_credit_profiles"]["missing_key"]
    assert len(ids - {"", " "}) == 200_000 - without_id


def test_a_file_instead_of_a_folder_is_refused_in_words(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="cannot be written to as a folder"):
        generate_offer_customers(10, 1, tmp_path / "file" / "folder")
