"""Every asset check, passing and failing, evaluated by Dagster on a real lake."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from tests.support.lender import lender, write
from tests.support.running import Ran, definitions, ingest, latest, run_job

SOURCES = ("borrower_information", "loan_information", "market_equity", "borrower_engagement")
ALL_CHECKS = {
    f"{key.asset_key.to_user_string()} {key.name}" for key in definitions().resolve_asset_graph().asset_check_keys
}


class Base:
    """A lake after a clean run, and the instance that knows the run."""

    def __init__(self, folder: Path) -> None:
        self.lake = folder / "lake"
        self.instance = dg.DagsterInstance.ephemeral()
        ingest(self.lake, write(lender(), folder / "source"))
        self.ran = run_job(self.lake, instance=self.instance)
        self.run_id = self.ran.result.run_id


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return Base(tmp_path_factory.mktemp("base"))


def test_every_check_passes_on_clean_files(base):
    assert base.ran.success
    assert set(base.ran.checks) == ALL_CHECKS
    assert base.ran.failed_checks == {}


def record(**changes: Any) -> Callable[[Path], None]:
    """Change fields of a relation's record."""

    def change(path: Path) -> None:
        found = json.loads(path.read_text())
        for name, value in changes.items():
            old = found[name]
            found[name] = {**old, **value} if isinstance(value, dict) else value
        path.write_text(json.dumps(found))

    return change


def parquet(select: str) -> Callable[[Path], None]:
    """Replace a relation's rows by a query on them (`it`)."""

    def change(path: Path) -> None:
        file = path.with_suffix("") / "data.parquet"
        new = file.with_suffix(".new")
        duckdb.sql(f"COPY (WITH it AS (FROM '{file}') {select}) TO '{new}' (FORMAT parquet)")
        new.replace(file)

    return change


# Faults of our own making: what a check would find if the step before it had gone wrong.
DOCTORED: list[tuple[str, str, str, Callable[[Path], None], float]] = [
    *(
        (f"catalog/{s}", "no_column_lost", f"catalog/{s}", record(details={"inferred": {"borrower_id": "string"}}), 4)
        for s in ("borrower_engagement",)
    ),
    *(
        (f"staging/{s}", "every_row_accounted_for", f"staging/{s}", record(counts={"source_rows": 41}), 40)
        for s in SOURCES
    ),
    *((f"staging/{s}", "keys_unique", f"staging/{s}", record(details={"keys": 38}), 2) for s in SOURCES),
    *(
        (f"staging/{s}", "no_cell_nulled", f"staging/{s}", record(details={"nulled": {"some_column": 3}}), 3)
        for s in SOURCES
    ),
    ("staging/quarantine", "quarantine_is_whole", "staging/quarantine", record(rows=1), 1),
    (
        "refi/unified_refi_dataset",
        "keys_unique",
        "refi/unified_refi_dataset",
        parquet("FROM it UNION ALL FROM it WHERE borrower_id = 'B007'"),
        1,
    ),
    (
        "refi/unmatched_borrowers",
        "every_borrower_accounted_for",
        "refi/unmatched_borrowers",
        parquet("SELECT 'B007' AS borrower_id, 'no_loan' AS reason"),
        1,
    ),
    (
        "refi/refi_eligibility",
        "every_unified_row_judged",
        "refi/refi_eligibility",
        parquet("FROM it WHERE borrower_id <> 'B007'"),
        1,
    ),
    ("refi/refi_audience", "keys_unique", "refi/refi_audience", parquet("FROM it UNION ALL FROM it"), 10),
    (
        "refi/refi_audience",
        "ltv_within_policy",
        "refi/refi_audience",
        parquet(
            "SELECT * REPLACE (CASE borrower_id WHEN 'B007' THEN 80.01 WHEN 'B009' THEN 80 END AS ltv_ratio) FROM it"
        ),
        9,
    ),
    (
        "refi/refi_audience",
        "spread_within_policy",
        "refi/refi_audience",
        parquet(
            "SELECT * REPLACE (rate_spread + CASE borrower_id WHEN 'B007' THEN 0.01 ELSE 0 END AS rate_spread) FROM it"
        ),
        1,
    ),
    (
        "refi/refi_audience",
        "tier_matches_spread",
        "refi/refi_audience",
        parquet("SELECT * REPLACE ('Hot Lead' AS marketing_category) FROM it WHERE borrower_id = 'B007'"),
        1,
    ),
    (
        "refi/refi_audience",
        "one_row_a_person",
        "refi/refi_audience",
        parquet(
            "SELECT * REPLACE (CASE borrower_id WHEN 'B007' THEN 'person-B001' ELSE person_id END AS person_id) FROM it"
        ),
        1,
    ),
    (
        "identity/matched_pairs",
        "expected_duplicates_are_plausible",
        "identity/matched_pairs",
        record(details={"model": {"expected_pairs": 30, "records": 40}}),
        75,
    ),
    (
        "identity/resolved_borrower",
        "one_person_each",
        "identity/resolved_borrower",
        parquet("FROM it WHERE borrower_id <> 'B003' UNION ALL FROM it WHERE borrower_id = 'B007'"),
        2,
    ),
    (
        "identity/resolved_borrower",
        "decisions_hold",
        "identity/matched_pairs",
        parquet(
            "FROM it UNION ALL BY NAME SELECT 'B001' AS borrower_id_1, 'B002' AS borrower_id_2, 'same' AS decision "
            "UNION ALL BY NAME SELECT 'B001' AS borrower_id_1, 'B003' AS borrower_id_2, 'different' AS decision"
        ),
        1,
    ),
    (
        "identity/resolved_borrower",
        "largest_cluster",
        "identity/resolved_borrower",
        record(counts={"largest cluster": 11}),
        11,
    ),
    (
        "identity/resolved_borrower",
        "report_written",
        "identity/resolved_borrower",
        record(details={"report_failure": "StopIteration at refi_assets.identity.report:212."}),
        1,
    ),
]


@pytest.mark.parametrize(
    ("asset", "check", "doctored", "change", "number"), DOCTORED, ids=[f"{d[0]} {d[1]}" for d in DOCTORED]
)
def test_a_check_finds_what_an_earlier_step_did_wrong(base, tmp_path, asset, check, doctored, change, number):
    lake = tmp_path / "lake"
    shutil.copytree(base.lake, lake)
    change(lake / "runs" / base.run_id / f"{doctored}.json")

    ran = run_job(lake, job="checks_of_" + asset.replace("/", "_"), instance=base.instance, memo="off")

    found = ran.checks[f"{asset} {check}"]
    assert not found.passed
    assert found.metadata["number"].value == number
    if asset.startswith("refi/"):
        assert "B0" in str(found.metadata["borrower_ids"].value)
        assert "Given" not in str(found.metadata)


def run_with(tmp_path: Path, change: Callable[[dict[str, list[dict[str, str]]]], None], *, before: bool = False) -> Ran:
    """Run on files that are clean but for a change; with `before`, after a clean snapshot the day before."""
    rows = lender()
    lake = tmp_path / "lake"
    if before:
        ingest(lake, write(rows, tmp_path / "before"), date(2026, 2, 19))
    change(rows)
    ingest(lake, write(rows, tmp_path / "source"))
    return run_job(lake)


def cut(source: str, to: int):
    return lambda rows: rows[source].__delitem__(slice(to, None))


def bad_key(source: str, count: int):
    def change(rows):
        for row in rows[source][20 : 20 + count]:
            row[next(iter(row))] = ""

    return change


def each(source: str, **cells: str | None):
    """Set cells in every row of a source; None takes the column away."""

    def change(rows):
        for row in rows[source]:
            for name, value in cells.items():
                if value is None:
                    del row[name]
                else:
                    row[name] = value

    return change


def eligible_are(count: int):
    return lambda rows: rows.update(lender(eligible=count))


TYPES = "catalog/{} inferred_types_unchanged"

FAULTY_FILES = [
    *((f"raw/{s} rows_not_fallen", "ERROR", cut(s, 27), True) for s in SOURCES),
    ("catalog/borrower_information no_column_lost", "ERROR", each("borrower_information", email=None), True),
    ("catalog/loan_information no_column_lost", "ERROR", each("loan_information", loan_type=None), True),
    ("catalog/market_equity no_column_lost", "ERROR", each("market_equity", current_home_value=None), True),
    *((f"catalog/{s} no_column_new", "WARN", each(s, branch="7"), True) for s in SOURCES),
    (TYPES.format("borrower_information"), "WARN", each("borrower_information", credit_score="720.5"), True),
    (TYPES.format("loan_information"), "WARN", each("loan_information", loan_amount="300000.5"), True),
    (TYPES.format("market_equity"), "WARN", each("market_equity", ltv_ratio="70"), True),
    (TYPES.format("borrower_engagement"), "WARN", each("borrower_engagement", sms_opt_in="yes"), True),
    *((f"staging/{s} quarantine_is_small", "WARN", bad_key(s, 4), False) for s in SOURCES),
    *((f"staging/{s} quarantine_is_small", "ERROR", bad_key(s, 5), False) for s in SOURCES),
    ("refi/unified_refi_dataset borrowers_match", "WARN", cut("loan_information", 37), False),
    ("refi/unified_refi_dataset borrowers_match", "ERROR", cut("market_equity", 19), False),
    ("refi/refi_audience audience_not_empty", "ERROR", eligible_are(0), False),
    ("refi/refi_audience audience_share_is_plausible", "WARN", eligible_are(25), False),
    ("refi/refi_audience audience_share_is_plausible", "ERROR", eligible_are(39), False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "severity", "change", "before"), FAULTY_FILES, ids=[f"{f[0]} {f[1]}" for f in FAULTY_FILES]
)
def test_a_check_warns_of_faulty_files_or_stops_the_run(tmp_path, check, severity, change, before):
    ran = run_with(tmp_path, change, before=before)

    assert ran.failed_checks[check] == severity
    assert ran.success == (severity == "WARN")
    assert (latest(tmp_path / "lake") is not None) == (severity == "WARN")
    assert {"number", "limit"} <= set(ran.checks[check].metadata)


def test_an_old_load_date_is_not_current_however_often_it_is_read(tmp_path):
    ingest(tmp_path / "lake", write(lender(), tmp_path / "source"))

    next_day = run_job(tmp_path / "lake", date(2026, 2, 21))
    week_later = run_job(tmp_path / "lake", date(2026, 2, 27))

    daily = {f"raw/{s} source_is_current": "WARN" for s in SOURCES if s != "market_equity"}
    assert next_day.failed_checks == daily
    assert week_later.failed_checks == {**daily, "raw/market_equity source_is_current": "WARN"}
    assert week_later.checks["raw/market_equity source_is_current"].metadata["number"].value == 7


def test_exactly_at_a_limit_nothing_is_wrong(tmp_path):
    def change(rows):
        eligible_are(24)(rows)
        cut("market_equity", 38)(rows)

    ran = run_with(tmp_path, change, before=False)

    assert ran.failed_checks == {}, "95 % of borrowers match and 60 % are in the audience: neither is beyond its limit"


def test_a_quarantine_ratio_shows_borrower_ids_and_no_names(tmp_path):
    ran = run_with(tmp_path, each("loan_information", current_interest_rate="7.9%"))

    found = ran.checks["staging/loan_information quarantine_is_small"]
    assert found.metadata["number"].value == 100
    assert str(found.metadata["borrower_ids"].value) == "B001, B002, B003, B004, B005, B006, B007, B008, B009, B010"


def test_every_check_is_tested_failing():
    tested = {f"{d[0]} {d[1]}" for d in DOCTORED} | {f[0] for f in FAULTY_FILES}
    tested |= {f"raw/{s} source_is_current" for s in SOURCES}
    tested |= {"identity/resolved_borrower clustered_share_is_steady"}  # in test_identity.py: it needs two runs
    assert tested == ALL_CHECKS
