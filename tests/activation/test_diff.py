"""What changed between two audiences, each change made by hand."""

import csv
import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from refi_assets.cli import answers
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import LakeError
from refi_assets.lake import FolderStore
from refi_assets.refi.audience import AUDIENCE, PublishedAudience
from refi_assets.refi.diff import audience_changes, counted, write_changes
from refi_assets.refi.policy import load_refi_policy
from refi_assets.settings import PROJECT_DIR
from tests.support.lender import Rows, lender, write
from tests.support.running import ingest, run_job

NEXT_DAY = date(2026, 2, 21)


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
    return audience_changes(*PublishedAudience.last_two(AUDIENCE, store, DuckDBEngine(store)))


def test_everyone_who_moved_is_there_with_what_moved_them(lake):
    found = {
        row["borrower_id"]: (row["change"], row["moved_by"], row["tier_before"], row["tier_after"])
        for row in changes_between_days(lake)
    }
    assert found == EXPECTED


def test_the_counts_are_by_change_and_cause(lake):
    assert counted(changes_between_days(lake)) == {
        "entered": {"market": 1, "new record": 2, "rate": 1, "rate and LTV": 1},
        "left": {"LTV": 1, "another fact": 1, "lost record": 2, "market": 1, "rate": 1},
        "tier changed": {"rate": 1},
    }


def test_the_file_holds_no_formula(lake, tmp_path):
    write_changes(changes_between_days(lake), tmp_path / "changes.csv")
    with (tmp_path / "changes.csv").open(newline="") as stream:
        written = list(csv.DictReader(stream))
    assert len(written) == len(EXPECTED)
    assert {row["borrower_id"] for row in written} == {*EXPECTED, "'=B99"} - {"=B99"}


def test_another_policy_moves_people_too(lake, tmp_path):
    shipped = (PROJECT_DIR / "policies" / "refi" / "refi.yaml").read_text()
    (tmp_path / "strict.yaml").write_text(shipped.replace("max_ltv_pct: 80", "max_ltv_pct: 60"))
    strict = run_job(lake, NEXT_DAY, policy=tmp_path / "strict.yaml")
    store = FolderStore(str(lake))
    engine = DuckDBEngine(store)
    moved = audience_changes(
        PublishedAudience.find(AUDIENCE, store, engine),
        PublishedAudience.find(AUDIENCE, store, engine, strict.result.run_id),
    )
    assert counted(moved) == {"left": {"policy": 8}}, "of nine, only B013 has an LTV of at most 60"


def test_another_policy_can_be_tried_without_publishing(lake, tmp_path, capsys):
    """Of nine, only B013 has an LTV of at most 60; B006, with a spread of 1.1, is not above 1.2 either."""
    shipped = (PROJECT_DIR / "policies" / "refi" / "refi.yaml").read_text()
    strict = shipped.replace("max_ltv_pct: 80", "max_ltv_pct: 60").replace(
        "min_rate_spread: 1.0", "min_rate_spread: 1.2"
    )
    (tmp_path / "strict.yaml").write_text(strict)
    store = FolderStore(str(lake))
    before = [info.key for info in store.objects("output")]
    run = PublishedAudience.find(AUDIENCE, store, DuckDBEngine(store))
    answers.show_policy_diff(run, load_refi_policy(tmp_path / "strict.yaml"), 2, as_json=True)
    assert json.loads(capsys.readouterr().out)["changes"] == [
        {"change": "left", "tier": tier, "reasons": reasons, "borrowers": n, "borrower_ids": ids}
        for tier, reasons, n, ids in [
            ("Hot Lead", "ltv_above_max", 1, ["B012"]),
            ("Hot Lead", "ltv_above_max and spread_below_min", 1, ["B006"]),
            ("Immediate Action", "ltv_above_max", 6, ["=B99", "B007"]),
        ]
    ]
    assert [info.key for info in store.objects("output")] == before
    answers.show_policy_diff(run, load_refi_policy(tmp_path / "strict.yaml"), 2, as_json=False)
    assert "ltv_above_max" in capsys.readouterr().out


def test_another_policy_can_be_tried_on_an_earlier_day(lake, tmp_path, capsys):
    """On the first day every LTV is 70."""
    shipped = (PROJECT_DIR / "policies" / "refi" / "refi.yaml").read_text()
    (tmp_path / "strict.yaml").write_text(shipped.replace("max_ltv_pct: 80", "max_ltv_pct: 69"))
    run = answers.open_run(str(lake), as_of=date(2026, 2, 20))
    answers.show_policy_diff(run, load_refi_policy(tmp_path / "strict.yaml"), 0, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["as_of"] == "2026-02-20"
    assert [(one["change"], one["tier"], one["borrowers"]) for one in found["changes"]] == [
        ("left", "Immediate Action", 10)
    ]
    with pytest.raises(LakeError, match="No audience as of 2026-02-19 became the latest"):
        answers.open_run(str(lake), as_of=date(2026, 2, 19))


def test_the_published_audience_shows_the_same_numbers(lake, tmp_path):
    shutil.copytree(lake, tmp_path / "third")
    again = run_job(tmp_path / "third", date(2026, 2, 22))
    (made,) = [
        event.step_materialization_data.materialization
        for event in again.result.get_asset_materialization_events()
        if event.asset_key and event.asset_key.path[-1] == "run_numbers"
    ]
    assert str(made.metadata["compared_with"].value).startswith("2026-02-21 ")
    assert not any(": " in name for name in made.metadata), "nothing moved from the second day to the third"

    shutil.copytree(lake, tmp_path / "lake", ignore=shutil.ignore_patterns("latest.json", "output"))
    first, second = run_job(tmp_path / "lake"), run_job(tmp_path / "lake", NEXT_DAY)
    shown = [
        event.step_materialization_data.materialization.metadata
        for ran in (first, second)
        for event in ran.result.get_asset_materialization_events()
        if event.asset_key and event.asset_key.path[-1] == "run_numbers"
    ]
    assert "no published audience" in str(shown[0]["compared_with"].value)
    assert {name: shown[1][name].value for name in shown[1] if ": " in name} == {
        **{"entered: market": 1, "entered: new record": 2, "entered: rate": 1, "entered: rate and LTV": 1},
        **{
            "left: LTV": 1,
            "left: another fact": 1,
            "left: lost record": 2,
            "left: market": 1,
            "left: rate": 1,
            "tier changed: rate": 1,
        },
    }


def test_a_run_against_itself_has_no_changes(lake):
    store = FolderStore(str(lake))
    run = PublishedAudience.find(AUDIENCE, store, DuckDBEngine(store))
    assert audience_changes(run, run) == []


def test_the_command_compares_the_last_two_days(lake, capsys, tmp_path):
    answers.show_diff(str(lake), None, None, tmp_path / "out.csv", as_json=True)
    assert json.loads(capsys.readouterr().out)["changes"]["tier changed"] == {"rate": 1}
    assert (tmp_path / "out.csv").is_file()
    answers.show_diff(str(lake), None, None, None, as_json=False)
    assert "lost record" in capsys.readouterr().out


def test_a_first_audience_has_nothing_to_be_compared_with(tmp_path):
    ingest(tmp_path / "lake", write(lender(), tmp_path / "source"))
    run_job(tmp_path / "lake")
    store = FolderStore(str(tmp_path / "lake"))
    with pytest.raises(LakeError, match="no published audience of a day before 2026-02-20"):
        PublishedAudience.last_two(AUDIENCE, store, DuckDBEngine(store))
