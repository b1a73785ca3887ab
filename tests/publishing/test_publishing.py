"""What is published when: the pointer, overridden policies, days replayed, assets materialized by hand."""

import csv
import json
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from refi_assets.settings import PROJECT_DIR
from tests.support.lender import lender, write
from tests.support.running import DAY, ingest, latest, manifest, run_job

LATER = date(2026, 2, 21)


def audience(lake: Path, run_id: str | None = None) -> list[dict[str, str]]:
    name = f"{run_id}.csv" if run_id else latest(lake)["audience"].rsplit("/", 1)[-1]
    with (lake / "output" / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def policy(tmp_path: Path, **changes: str) -> Path:
    text = (PROJECT_DIR / "policies" / "refi" / "refi.yaml").read_text()
    for old, new in changes.items():
        name, _, value = old.rpartition("__")
        text = text.replace(f"{name}: {value}", f"{name}: {new}")
    path = tmp_path / "other.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def lake(published_lake: Path) -> Path:
    """A lake whose latest audience is that of DAY."""
    return published_lake


def test_the_pointer_does_not_move_to_an_earlier_day_unless_told_to(lake):
    run_job(lake, LATER)
    earlier = run_job(lake, DAY)

    assert earlier.success
    assert latest(lake)["as_of"] == "2026-02-21"
    assert len(audience(lake, earlier.result.run_id)) == 10, "it is published all the same"

    forced = run_job(lake, DAY, force_latest=True)
    assert latest(lake) == {**latest(lake), "as_of": "2026-02-20", "run_id": forced.result.run_id}


def test_the_pointer_does_not_move_for_an_overridden_policy_unless_told_to(lake, tmp_path):
    before = latest(lake)
    hotter = policy(tmp_path, max_ltv_pct__80="69")

    stopped = run_job(lake, policy=hotter)
    assert not stopped.success, "with an LTV limit of 69 nobody is eligible, and an empty audience blocks"

    other = run_job(lake, policy=policy(tmp_path, max_ltv_pct__80="71"))
    assert other.success
    assert latest(lake) == before
    written = json.loads((lake / "output" / f"{other.result.run_id}.manifest.json").read_text())
    assert written["policy"]["overridden"] is True
    assert written["policy"]["values"]["eligibility"]["max_ltv_pct"] == "71"

    run_job(lake, policy=policy(tmp_path, max_ltv_pct__80="71"), force_latest=True)
    assert latest(lake)["run_id"] != before["run_id"]


def test_every_move_of_the_pointer_is_a_commit_and_none_is_lost(lake, tmp_path):
    first = latest(lake)["run_id"]
    moved = [run_job(lake, LATER), run_job(lake, DAY, force_latest=True)]
    held_back = [run_job(lake, date(2026, 2, 19)), run_job(lake, LATER, policy=policy(tmp_path, max_ltv_pct__80="71"))]

    assert [ran.success for ran in held_back] == [False, True], "there is no snapshot before the first"
    commits = [json.loads(path.read_text()) for path in sorted((lake / "output" / "commits").iterdir())]
    assert [commit["run_id"] for commit in commits] == [first, *(ran.run_id for ran in moved)]
    assert commits[-1] == latest(lake)


def test_a_run_that_was_killed_before_the_pointer_moved_is_overtaken_by_the_next(lake):
    before = (lake / "output" / "latest.json").read_bytes()
    run_job(lake, DAY)
    (lake / "output" / "latest.json").write_bytes(before)

    after = run_job(lake, DAY)
    assert latest(lake)["run_id"] == after.result.run_id
    assert len(list((lake / "output" / "commits").iterdir())) == 3


def test_a_stopped_run_leaves_the_last_audience_as_it_was(lake, tmp_path):
    before = latest(lake)
    rows = lender(eligible=0)
    ingest(lake, write(rows, tmp_path / "nobody"), LATER)

    assert not run_job(lake, LATER).success
    assert latest(lake) == before
    assert len(audience(lake)) == 10


def test_a_past_day_is_replayed_from_the_snapshot_of_that_day(lake, tmp_path):
    first = latest(lake)["run_id"]
    ingest(lake, write(lender(eligible=12), tmp_path / "next"), LATER)
    run_job(lake, LATER)
    again = run_job(lake, DAY)

    assert len(audience(lake)) == 12
    assert audience(lake, again.result.run_id) == audience(lake, first)


@pytest.fixture(scope="module")
def known_run(tmp_path_factory):
    """A lake after a whole run, which an instance of its own knows: for assets materialized by hand."""
    folder = tmp_path_factory.mktemp("by_hand")
    ingest(folder / "lake", write(lender(), folder / "source"))
    instance = dg.DagsterInstance.ephemeral()
    return folder / "lake", instance, run_job(folder / "lake", instance=instance)


def test_an_asset_materialized_by_hand_reads_what_the_last_run_of_its_day_made(known_run):
    lake, instance, whole = known_run
    by_hand = run_job(lake, instance=instance, selection=["refi/refi_audience", "activation/audience_file"])

    assert by_hand.success
    written = manifest(lake)
    assert written["run_id"] == by_hand.result.run_id
    assert written["relations"]["refi/refi_audience"]["run_id"] == by_hand.result.run_id
    assert written["relations"]["refi/refi_eligibility"]["run_id"] == whole.result.run_id
    assert len(written["inputs"]) == 4


def test_an_asset_materialized_too_early_says_what_to_materialize_first(lake):
    """The published run is known to another instance."""
    ran = run_job(lake, selection=["refi/refi_eligibility"])

    assert not ran.success
    assert "refi/unified_refi_dataset has not been materialized as of 2026-02-20" in ran.failure


def test_two_versions_of_one_source_never_meet_in_an_audience(known_run):
    lake, instance, _ = known_run
    run_job(lake, instance=instance, selection=["staging/loan_information", "staging/quarantine"])

    mixed = run_job(lake, instance=instance, selection=["activation/audience_file"])

    assert not mixed.success
    assert "staging/loan_information is used here in two versions, of run" in mixed.failure
    assert "Materialize everything downstream of it again" in mixed.failure


def test_cells_that_a_spreadsheet_would_run_get_an_apostrophe_and_numbers_do_not(tmp_path):
    rows = lender()
    names = ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "'quoted", "plain"]
    for row, name in zip(rows["borrower_information"], names, strict=False):
        row["first_name"] = name
    rows["borrower_information"][6]["borrower_id"] = rows["loan_information"][6]["borrower_id"] = "=B007"
    rows["loan_information"][7]["loan_id"] = "-L8"
    rows["market_equity"][8]["monthly_savings_est"] = "-12.50"
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    losing = policy(tmp_path, min_monthly_savings_usd__0="-20")
    assert run_job(tmp_path / "lake", policy=losing, force_latest=True).success

    by_property = {row["name"].rsplit("Family", 1)[-1]: row for row in audience(tmp_path / "lake")}
    starts = [by_property[str(n)]["name"].split(" ")[0] for n in range(1, 7)]
    assert starts == ["'=1+1", "'+SUM(A1)", "'-2+3", "'@cmd", "'quoted", "plain"]
    assert by_property["7"]["borrower_id"] == "'=B007"
    assert by_property["8"]["loan_id"] == "'-L8"
    assert by_property["9"]["monthly_savings_est"] == "-12.50"


def test_sql_in_cells_and_names_is_only_text(tmp_path):
    rows = lender()
    attack = "Robert'); DROP VIEW borrower_information; --"
    rows["borrower_information"][0]["first_name"] = attack
    for row in rows["market_equity"]:
        row["x'); DROP TABLE market_equity; --"] = attack
    rows["loan_information"][0]["loan_id"] = "L' OR '1'='1"
    lake = tmp_path / "lake's \"; DROP TABLE x; --"
    ingest(lake, write(rows, tmp_path / "source"))

    assert run_job(lake).success
    assert [row["name"] for row in audience(lake) if row["loan_id"] == "L' OR '1'='1"] == [f"{attack} Family1"]


def test_of_several_loans_the_largest_spread_then_saving_then_smallest_loan_is_offered(tmp_path):
    rows = lender()
    extra = {
        "B001": [("L900", "6.600", "P020")],  # larger spread
        "B002": [("L901", "6.500", "P021")],  # equal spread, larger saving
        "B003": [("L000", "6.500", "P003")],  # all equal, smaller loan_id
        "B004": [("L902", "6.500", "P022")],  # equal spread, no saving known
    }
    for row in rows["market_equity"]:
        row["monthly_savings_est"] = {"P021": "999.00", "P022": ""}.get(row["property_id"], row["monthly_savings_est"])
    for row in rows["loan_information"]:
        row["property_id"] = ""
    for borrower, loans in extra.items():
        for loan_id, rate, property_id in loans:
            new = {**rows["loan_information"][0], "loan_id": loan_id, "borrower_id": borrower}
            rows["loan_information"].append({**new, "current_interest_rate": rate, "property_id": property_id})
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    assert run_job(tmp_path / "lake").success

    chosen = {row["borrower_id"]: row["loan_id"] for row in audience(tmp_path / "lake")}
    assert [chosen[b] for b in ("B001", "B002", "B003", "B004")] == ["L900", "L901", "L000", "L004"]
    assert len(chosen) == 10


def test_unknown_engagement_is_null_and_unknown_consent_is_no(tmp_path):
    rows = lender()
    del rows["borrower_engagement"][0]
    rows["borrower_engagement"][0]["sms_opt_in"] = ""
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    assert run_job(tmp_path / "lake").success

    by_id = {row["borrower_id"]: row for row in audience(tmp_path / "lake")}
    assert [by_id["B001"][f] for f in ("paperless_billing", "email_open_last_30d", "sms_opt_in")] == ["", "", "false"]
    assert by_id["B002"]["sms_opt_in"] == "false"
    assert by_id["B003"]["sms_opt_in"] == "true"


def test_why_somebody_is_not_eligible(tmp_path):
    rows = lender()
    rows["loan_information"][0]["current_interest_rate"] = ""
    rows["market_equity"][1]["market_rate_offer"] = ""
    rows["market_equity"][2]["ltv_ratio"] = ""
    rows["market_equity"][3]["ltv_ratio"] = "80.000001"
    rows["loan_information"][4]["current_interest_rate"] = "5.9999995"  # rounds to a spread of exactly 1
    rows["loan_information"][5]["current_interest_rate"] = "5.999999"
    rows["market_equity"][5]["ltv_ratio"] = "95"
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    ran = run_job(tmp_path / "lake")

    file = tmp_path / "lake" / "runs" / ran.result.run_id / "refi" / "judged_offer" / "data.parquet"
    judged = duckdb.sql(f"SELECT borrower_id, is_eligible, ineligibility_reasons FROM '{file}'").fetchall()
    reasons = {borrower: (eligible, list(why)) for borrower, eligible, why in judged}
    assert reasons["B001"] == (False, ["current_rate_missing"])
    assert reasons["B002"] == (False, ["market_rate_missing"])
    assert reasons["B003"] == (False, ["ltv_missing"])
    assert reasons["B004"] == (False, ["ltv_above_max"])
    assert reasons["B005"] == (True, [])
    assert reasons["B006"] == (False, ["ltv_above_max", "spread_below_min"])


def test_tiers_are_half_open_bands_on_the_exact_spread(tmp_path):
    spreads = {
        "B001": "1.25",
        "B002": "1.250001",
        "B003": "0.75",
        "B004": "0.750001",
        "B005": "0.5",
        "B006": "0.500001",
    }
    rows = lender()
    for row in rows["loan_information"]:
        if row["borrower_id"] in spreads:
            row["current_interest_rate"] = f"{5 + float(spreads[row['borrower_id']]):.6f}"
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    ran = run_job(tmp_path / "lake")

    file = tmp_path / "lake" / "runs" / ran.result.run_id / "refi" / "judged_offer" / "data.parquet"
    tiers = dict(duckdb.sql(f"SELECT borrower_id, marketing_category FROM '{file}'").fetchall())
    assert [tiers[f"B00{n}"] for n in range(1, 7)] == [
        "Hot Lead", "Immediate Action", "Watchlist", "Hot Lead", "Ineligible", "Watchlist"
    ]  # fmt: skip


def test_unmatched_borrowers_say_why(tmp_path):
    rows = lender()
    rows["loan_information"] = [row for row in rows["loan_information"] if row["borrower_id"] != "B040"]
    rows["market_equity"] = [row for row in rows["market_equity"] if row["property_id"] != "P039"]
    rows["loan_information"].append({**rows["loan_information"][0], "loan_id": "L777", "borrower_id": "nobody"})
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    assert run_job(tmp_path / "lake").success

    counts = manifest(tmp_path / "lake")["counts"]
    assert counts["unmatched"] == {"no_loan": 1, "no_market_data": 1}
    assert counts["unified"] == 38
    assert counts["loans_without_borrower"] == 1
