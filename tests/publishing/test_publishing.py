"""Whole runs and their audiences: the pointer, overridden policies, past days, assets materialized by hand."""

import csv
import json
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from refi_assets.settings import PROJECT_DIR
from tests.support.lender import lender, write
from tests.support.running import DAY, Ran, ingest, latest, manifest, run_job

LATER = date(2026, 2, 21)


def audience(lake: Path, run_id: str | None = None) -> list[dict[str, str]]:
    name = f"{run_id}.csv" if run_id else latest(lake)["audience"].rsplit("/", 1)[-1]
    with (lake / "output" / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def policy(tmp_path: Path, old: str, new: str) -> Path:
    """The policy in force with one line changed."""
    text = (PROJECT_DIR / "policies" / "refi" / "refi.yaml").read_text()
    path = tmp_path / "changed.yaml"
    path.write_text(text.replace(old, new))
    return path


def judged_offers(lake: Path, run: Ran) -> duckdb.DuckDBPyRelation:
    return duckdb.read_parquet(str(lake / "runs" / run.result.run_id / "refi" / "judged_offer" / "data.parquet"))


@pytest.fixture
def lake(published_lake: Path) -> Path:
    """A lake whose latest audience is that of DAY."""
    return published_lake


def test_the_pointer_moves_to_an_earlier_day_only_if_forced(lake):
    run_job(lake, LATER)
    earlier = run_job(lake, DAY)

    assert earlier.success
    assert latest(lake)["as_of"] == "2026-02-21"
    assert len(audience(lake, earlier.result.run_id)) == 10, "the earlier day is still published"

    forced = run_job(lake, DAY, force_latest=True)
    assert latest(lake) == {**latest(lake), "as_of": "2026-02-20", "run_id": forced.result.run_id}


def test_the_pointer_moves_for_an_overridden_policy_only_if_forced(lake, tmp_path):
    before = latest(lake)
    blocked = run_job(lake, policy=policy(tmp_path, "max_ltv_pct: 80", "max_ltv_pct: 69"))
    assert not blocked.success, "with an LTV limit of 69 nobody is eligible, and an empty audience blocks"

    overridden = policy(tmp_path, "max_ltv_pct: 80", "max_ltv_pct: 71")
    published = run_job(lake, policy=overridden)
    assert published.success
    assert latest(lake) == before
    recorded = json.loads((lake / "output" / f"{published.result.run_id}.manifest.json").read_text())["policy"]
    assert (recorded["overridden"], recorded["values"]["eligibility"]["max_ltv_pct"]) == (True, "71")

    forced = run_job(lake, policy=overridden, force_latest=True)
    assert latest(lake)["run_id"] == forced.result.run_id


def test_every_move_of_the_pointer_is_a_commit_and_none_is_lost(lake, tmp_path):
    first = latest(lake)["run_id"]
    moved = [run_job(lake, LATER), run_job(lake, DAY, force_latest=True)]
    overridden = policy(tmp_path, "max_ltv_pct: 80", "max_ltv_pct: 71")
    held_back = [run_job(lake, date(2026, 2, 19)), run_job(lake, LATER, policy=overridden)]

    assert [run.success for run in held_back] == [False, True], "the earlier day has no snapshot"
    commits = [json.loads(path.read_text()) for path in sorted((lake / "output" / "commits").iterdir())]
    assert [commit["run_id"] for commit in commits] == [first, *(run.run_id for run in moved)]
    assert commits[-1] == latest(lake)


def test_the_next_run_moves_the_pointer_past_a_run_that_was_killed_before_moving_it(lake):
    before = (lake / "output" / "latest.json").read_bytes()
    run_job(lake, DAY)
    (lake / "output" / "latest.json").write_bytes(before)

    after = run_job(lake, DAY)
    assert latest(lake)["run_id"] == after.result.run_id
    assert len(list((lake / "output" / "commits").iterdir())) == 3


def test_a_blocked_run_leaves_the_last_audience_unchanged(lake, tmp_path):
    before = latest(lake)
    ingest(lake, write(lender(eligible=0), tmp_path / "nobody"), LATER)

    assert not run_job(lake, LATER).success
    assert latest(lake) == before
    assert len(audience(lake)) == 10


def test_a_run_of_a_past_day_reads_the_snapshot_of_that_day(lake, tmp_path):
    first = latest(lake)["run_id"]
    ingest(lake, write(lender(eligible=12), tmp_path / "next"), LATER)
    run_job(lake, LATER)
    again = run_job(lake, DAY)

    assert len(audience(lake)) == 12
    assert audience(lake, again.result.run_id) == audience(lake, first)


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    """A lake, the Dagster instance that knows its only run, and that run: for assets materialized by hand."""
    folder = tmp_path_factory.mktemp("by_hand")
    ingest(folder / "lake", write(lender(), folder / "source"))
    instance = dg.DagsterInstance.ephemeral()
    return folder / "lake", instance, run_job(folder / "lake", instance=instance)


def test_an_asset_materialized_by_hand_reads_the_relations_of_the_last_run_of_its_day(whole_run):
    lake, instance, whole = whole_run
    by_hand = run_job(lake, instance=instance, selection=["refi/refi_audience", "activation/audience_file"])

    assert by_hand.success
    published = manifest(lake)
    assert published["run_id"] == by_hand.result.run_id
    assert published["relations"]["refi/refi_audience"]["run_id"] == by_hand.result.run_id
    assert published["relations"]["refi/refi_eligibility"]["run_id"] == whole.result.run_id
    assert len(published["inputs"]) == 4


def test_an_asset_materialized_too_early_names_the_asset_to_materialize_first(lake):
    """Only another instance knows the published run."""
    too_early = run_job(lake, selection=["refi/refi_eligibility"])

    assert not too_early.success
    assert "refi/unified_refi_dataset has not been materialized as of 2026-02-20" in too_early.failure


def test_an_audience_from_two_versions_of_a_source_is_refused(whole_run):
    lake, instance, _ = whole_run
    run_job(lake, instance=instance, selection=["staging/loan_information", "staging/quarantine"])

    mixed = run_job(lake, instance=instance, selection=["activation/audience_file"])

    assert not mixed.success
    assert "staging/loan_information is used here in two versions, of run" in mixed.failure
    assert "Materialize everything downstream of it again" in mixed.failure


def test_text_that_a_spreadsheet_would_execute_gets_an_apostrophe_and_numbers_do_not(tmp_path):
    rows = lender()
    names = ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "'quoted", "plain"]
    for row, name in zip(rows["borrower_information"], names, strict=False):
        row["first_name"] = name
    rows["borrower_information"][6]["borrower_id"] = rows["loan_information"][6]["borrower_id"] = "=B007"
    rows["loan_information"][7]["loan_id"] = "-L8"
    rows["market_equity"][8]["monthly_savings_est"] = "-12.50"
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    lenient = policy(tmp_path, "min_monthly_savings_usd: 0", "min_monthly_savings_usd: -20")
    assert run_job(tmp_path / "lake", policy=lenient, force_latest=True).success

    by_property = {row["name"].rsplit("Family", 1)[-1]: row for row in audience(tmp_path / "lake")}
    starts = [by_property[str(n)]["name"].split(" ")[0] for n in range(1, 7)]
    assert starts == ["'=1+1", "'+SUM(A1)", "'-2+3", "'@cmd", "'quoted", "plain"]
    assert by_property["7"]["borrower_id"] == "'=B007"
    assert by_property["8"]["loan_id"] == "'-L8"
    assert by_property["9"]["monthly_savings_est"] == "-12.50"


def test_sql_in_a_cell_or_a_column_name_is_only_text(tmp_path):
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


def test_the_loan_with_the_largest_spread_then_saving_then_smallest_id_is_offered(tmp_path):
    rows = lender()
    extra = {
        "B001": [("L900", "6.600", "P020")],  # larger spread
        "B002": [("L901", "6.500", "P021")],  # equal spread, larger saving
        "B003": [("L000", "6.500", "P003")],  # all equal, smaller loan_id
        "B004": [("L902", "6.500", "P022")],  # equal spread, unknown saving
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


def test_an_ineligible_borrower_has_every_reason_that_applies(tmp_path):
    rows = lender()
    rows["loan_information"][0]["current_interest_rate"] = ""
    rows["market_equity"][1]["market_rate_offer"] = ""
    rows["market_equity"][2]["ltv_ratio"] = ""
    rows["market_equity"][3]["ltv_ratio"] = "80.000001"
    rows["loan_information"][4]["current_interest_rate"] = "5.9999995"  # rounds to a spread of exactly 1
    rows["loan_information"][5]["current_interest_rate"] = "5.999999"
    rows["market_equity"][5]["ltv_ratio"] = "95"
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))

    judged = judged_offers(tmp_path / "lake", run_job(tmp_path / "lake"))
    rows_judged = judged.select("borrower_id", "is_eligible", "ineligibility_reasons").fetchall()
    reasons = {borrower: (is_eligible, list(codes)) for borrower, is_eligible, codes in rows_judged}
    assert reasons["B001"] == (False, ["current_rate_missing"])
    assert reasons["B002"] == (False, ["market_rate_missing"])
    assert reasons["B003"] == (False, ["ltv_missing"])
    assert reasons["B004"] == (False, ["ltv_above_max"])
    assert reasons["B005"] == (True, [])
    assert reasons["B006"] == (False, ["ltv_above_max", "spread_below_min"])


def test_tiers_are_half_open_bands_on_the_exact_spread(tmp_path):
    rates = ["6.25", "6.250001", "5.75", "5.750001", "5.5", "5.500001"]  # the offers are at 5
    rows = lender()
    for row, rate in zip(rows["loan_information"], rates, strict=False):
        row["current_interest_rate"] = rate
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))

    judged = judged_offers(tmp_path / "lake", run_job(tmp_path / "lake"))
    tiers = dict(judged.select("borrower_id", "marketing_category").fetchall())
    assert [tiers[f"B00{n}"] for n in range(1, 7)] == [
        "Hot Lead", "Immediate Action", "Watchlist", "Hot Lead", "Ineligible", "Watchlist"
    ]  # fmt: skip


def test_unmatched_borrowers_are_counted_by_reason(tmp_path):
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
