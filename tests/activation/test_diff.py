"""The changes between two audiences, each made by hand."""

import csv
import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from refi_assets.cli import answers
from refi_assets.cli.answers import open_run
from refi_assets.engines.duckdb import open_duckdb
from refi_assets.errors import LakeError
from refi_assets.lake import FolderStore
from refi_assets.refi.audience import AUDIENCE, PublishedAudience
from refi_assets.refi.diff import audience_changes, change_counts, policy_changes, write_changes
from refi_assets.refi.policy import load_refi_policy
from tests.support.lender import Rows, lender, write
from tests.support.policy_files import SHIPPED_POLICY, changed_policy
from tests.support.running import DAY, ingest, run_job

NEXT_DAY = date(2026, 2, 21)
NUMBERS = "activation/run_numbers"


def next_day() -> Rows:
    rows = lender(eligible=10)
    loans = {row["borrower_id"]: row for row in rows["loan_information"]}
    market = {row["property_id"]: row for row in rows["market_equity"]}
    loans["B001"]["current_interest_rate"] = "5.5"  # left: rate
    market["P002"]["market_rate_offer"] = "6.0"  # left: market
    market["P003"]["ltv_ratio"] = "80.01"  # left: LTV
    rows["loan_information"].remove(loans["B004"])  # left: lost record
    rows["market_equity"].remove(market["P005"])  # left: lost record
    loans["B006"]["current_interest_rate"] = "6.1"  # Hot Lead: rate
    loans["B007"]["current_interest_rate"] = "6.6"  # the same tier
    for loan in rows["loan_information"]:
        loan["loan_status"] = "Current"
    loans["B008"]["loan_status"] = "Paid off"  # left: another fact
    loans["B011"]["current_interest_rate"] = "7"  # entered: rate
    market["P012"]["market_rate_offer"] = "4"  # entered: market
    loans["B013"]["current_interest_rate"] = "6.9"  # entered: rate and LTV
    market["P013"]["ltv_ratio"] = "60"
    rows["loan_information"].append({**loans["B014"], "loan_id": "L914", "current_interest_rate": "8"})  # new record
    rows["borrower_information"].append(
        {**rows["borrower_information"][0], "borrower_id": "=B99", "property_id": "P001"}
    )
    rows["loan_information"].append(
        {**loans["B001"], "borrower_id": "=B99", "loan_id": "L99"} | {"current_interest_rate": "9"}
    )
    return rows


EXPECTED = {
    "=B99": ("entered", "new record", None, "Immediate Action"),
    "B001": ("left", "rate", "Immediate Action", None),
    "B002": ("left", "market", "Immediate Action", None),
    "B003": ("left", "LTV", "Immediate Action", None),
    "B004": ("left", "lost record", "Immediate Action", None),
    "B005": ("left", "lost record", "Immediate Action", None),
    "B006": ("tier changed", "rate", "Immediate Action", "Hot Lead"),
    "B008": ("left", "another fact", "Immediate Action", None),
    "B011": ("entered", "rate", None, "Immediate Action"),
    "B012": ("entered", "market", None, "Hot Lead"),
    "B013": ("entered", "rate and LTV", None, "Immediate Action"),
    "B014": ("entered", "new record", None, "Immediate Action"),
}


COUNTS = {
    "entered": {"market": 1, "new record": 2, "rate": 1, "rate and LTV": 1},
    "left": {"LTV": 1, "another fact": 1, "lost record": 2, "market": 1, "rate": 1},
    "tier changed": {"rate": 1},
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("diff")
    ingest(folder / "lake", write(lender(eligible=10), folder / "source"))
    ingest(folder / "lake", write(next_day(), folder / "next"), NEXT_DAY)
    assert run_job(folder / "lake").success
    assert run_job(folder / "lake", NEXT_DAY).success
    return folder / "lake"


def changes_between_days(lake: Path):
    store = FolderStore(str(lake))
    return audience_changes(*PublishedAudience.last_two(AUDIENCE, store, open_duckdb(store)))


def test_changes_list_everyone_who_moved_and_the_cause(lake):
    changes = {
        row["borrower_id"]: (row["change"], row["moved_by"], row["tier_before"], row["tier_after"])
        for row in changes_between_days(lake)
    }
    assert changes == EXPECTED


def test_changes_are_counted_by_change_and_cause(lake):
    assert change_counts(changes_between_days(lake)) == COUNTS


def test_the_file_of_changes_contains_no_formula(lake, tmp_path):
    write_changes(changes_between_days(lake), tmp_path / "changes.csv")
    with (tmp_path / "changes.csv").open(newline="") as stream:
        written = list(csv.DictReader(stream))
    assert len(written) == len(EXPECTED)
    assert {row["borrower_id"] for row in written} == {*EXPECTED, "'=B99"} - {"=B99"}


def test_another_policy_moves_borrowers(lake, tmp_path):
    strict = run_job(lake, NEXT_DAY, policy=changed_policy(tmp_path, ("max_ltv_pct: 80", "max_ltv_pct: 60")))
    moved = audience_changes(open_run(str(lake)), open_run(str(lake), strict.run_id))
    assert change_counts(moved) == {"left": {"policy": 8}}, "of nine, only B013 has an LTV of at most 60"


def test_another_policy_can_be_tried_without_publishing(lake, tmp_path, capsys):
    """Of nine, only B013 has an LTV of at most 60; B006, with a spread of 1.1, is not above 1.2 either."""
    changes = (("max_ltv_pct: 80", "max_ltv_pct: 60"), ("min_rate_spread: 1.0", "min_rate_spread: 1.2"))
    strict = load_refi_policy(changed_policy(tmp_path, *changes))
    store, run = FolderStore(str(lake)), open_run(str(lake))
    before = [info.key for info in store.objects("output")]
    answers.show_policy_diff(run, strict, 2, as_json=True)
    assert json.loads(capsys.readouterr().out)["changes"] == [
        {"change": "left", "tier": tier, "reasons": reasons, "borrowers": n, "borrower_ids": ids}
        for tier, reasons, n, ids in [
            ("Hot Lead", "ltv_above_max", 1, ["B012"]),
            ("Hot Lead", "ltv_above_max and spread_below_min", 1, ["B006"]),
            ("Immediate Action", "ltv_above_max", 6, ["=B99", "B007"]),
        ]
    ]
    assert [info.key for info in store.objects("output")] == before
    answers.show_policy_diff(run, strict, 2, as_json=False)
    assert "ltv_above_max" in capsys.readouterr().out


def test_another_policy_can_be_tried_on_an_earlier_day(lake, tmp_path, capsys):
    """On the first day every LTV is 70."""
    strict = load_refi_policy(changed_policy(tmp_path, ("max_ltv_pct: 80", "max_ltv_pct: 69")))
    answers.show_policy_diff(open_run(str(lake), as_of=date(2026, 2, 20)), strict, 0, as_json=True)
    diff = json.loads(capsys.readouterr().out)
    assert diff["as_of"] == "2026-02-20"
    assert [(group["change"], group["tier"], group["borrowers"]) for group in diff["changes"]] == [
        ("left", "Immediate Action", 10)
    ]
    with pytest.raises(LakeError, match="No audience as of 2026-02-19 became the latest"):
        open_run(str(lake), as_of=date(2026, 2, 19))


def test_the_asset_run_numbers_shows_the_same_numbers(lake, tmp_path):
    shutil.copytree(lake, tmp_path / "third")
    third = run_job(tmp_path / "third", date(2026, 2, 22)).metadata(NUMBERS)
    assert str(third["compared_with"]).startswith("2026-02-21 ")
    assert not any(": " in name for name in third), "nothing moved from the second day to the third"

    shutil.copytree(lake, tmp_path / "lake", ignore=shutil.ignore_patterns("latest.json", "output"))
    first, second = (run_job(tmp_path / "lake", day).metadata(NUMBERS) for day in (DAY, NEXT_DAY))
    assert "no published audience" in str(first["compared_with"])
    assert {name: number for name, number in second.items() if ": " in name} == {
        f"{change}: {cause}": number for change, causes in COUNTS.items() for cause, number in causes.items()
    }


def test_a_run_compared_with_itself_or_its_own_policy_has_no_changes(lake):
    run = open_run(str(lake))
    assert audience_changes(run, run) == []
    assert policy_changes(run, load_refi_policy(SHIPPED_POLICY)) == []


def test_the_command_compares_the_last_two_days(lake, capsys, tmp_path):
    answers.show_diff(str(lake), None, None, tmp_path / "out.csv", as_json=True)
    assert json.loads(capsys.readouterr().out)["changes"]["tier changed"] == {"rate": 1}
    assert (tmp_path / "out.csv").is_file()
    answers.show_diff(str(lake), None, None, None, as_json=False)
    assert "lost record" in capsys.readouterr().out


def test_a_first_audience_has_no_earlier_one_to_compare_with(tmp_path):
    ingest(tmp_path / "lake", write(lender(), tmp_path / "source"))
    run_job(tmp_path / "lake")
    store = FolderStore(str(tmp_path / "lake"))
    with pytest.raises(LakeError, match="no published audience of a day before 2026-02-20"):
        PublishedAudience.last_two(AUDIENCE, store, open_duckdb(store))
