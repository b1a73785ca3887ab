"""The bench of the domain banking: the comparison with the bare script's files, and the page."""

from pathlib import Path
from typing import Any

import duckdb

from bench.banking import BARE, OURS, render_banking
from bench.compare_bank import differences

MONTHS = "SELECT '1' AS account_id, DATE '2026-03-01' AS month, 3 AS transactions, 0 AS days_below_zero"
OUR_MONTH = f"{MONTHS}, 7.10 AS inflow, 5.00 AS outflow, 2.10 AS closing_balance"
THEIR_MONTH = f"{MONTHS}, 710 AS inflow, 500 AS outflow, 210 AS closing_balance"
COHORT = "SELECT '2026-03' AS cohort_month, 2 AS total_accounts, 1 AS defaulted_accounts"


def write(folder: Path, months: str, cohorts: str) -> Path:
    folder.mkdir()
    for name, sql in (("account_month", months), ("loan_cohort", cohorts)):
        duckdb.sql(sql).write_parquet(str(folder / f"{name}.parquet"))
    return folder


def compared(tmp_path: Path, months: str, cohorts: str) -> dict[str, dict[str, int]]:
    ours = write(tmp_path / "ours", OUR_MONTH, COHORT)
    return differences(
        {name: str(ours / f"{name}.parquet") for name in ("account_month", "loan_cohort")},
        write(tmp_path / "theirs", months, cohorts),
    )


def test_amounts_in_cents_are_not_a_difference(tmp_path):
    same = {"ours": 1, "missing": 0, "wrongly": 0, "other": 0}
    assert compared(tmp_path, THEIR_MONTH, COHORT) == {"account_month": same, "loan_cohort": same}


def test_a_cent_and_a_cohort_are_differences(tmp_path):
    assert compared(tmp_path, THEIR_MONTH.replace("710", "711"), COHORT.replace("03", "04")) == {
        "account_month": {"ours": 1, "missing": 0, "wrongly": 0, "other": 1},
        "loan_cohort": {"ours": 1, "missing": 1, "wrongly": 1, "other": 0},
    }


def measured() -> dict[str, Any]:
    ours = [{"seconds": seconds, "cpu_seconds": 12.0, "peak_gib": 0.7} for seconds in (20.0, 24.0, 40.0)]
    return {
        **{"machine": "a machine", "transactions": 2_000_000, "months": 300_000, "cohorts": 36},
        "rounds": {OURS: ours, BARE: [{"seconds": 8.0, "cpu_seconds": 9.0, "peak_gib": 0.9}]},
        "steps": {"staging/transaction": 7.5, "checks of gold": 0.5},
    }


def test_the_page_compares_medians():
    page = render_banking(measured(), {})
    assert "| refi banking run | 24.0 | 20.0 24.0 40.0 | 3.00 | 12.0 | 0.70 |" in page
    assert "Not measured yet: `make bench-all`." in page


def test_a_peak_above_the_goal_is_not_reached():
    kept = {
        "machine": "a machine",
        "transactions": 50_000_000,
        "seconds": 500.0,
        "steps": {"staging/transaction": 80.0},
    }
    assert "10.0 µs each, and 3.01 GiB at the peak; below 3 GiB: **not reached**" in render_banking(
        measured(), {**kept, "peak_gib": 3.01}
    )
    assert "2.99 GiB at the peak; below 3 GiB: reached" in render_banking(measured(), {**kept, "peak_gib": 2.99})
