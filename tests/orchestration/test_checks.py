"""Every asset check, passing and failing, evaluated by Dagster on a real lake.

A lake is published once. A check then runs alone on a copy in which doctored.py has changed a record or a file. A
whole run shows that failed checks that warn let a run publish.
"""

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.sql_models import load_sql_models
from tests.orchestration.doctored import (
    Change,
    added,
    clustered,
    in_quarantine,
    inferred,
    loaded,
    medians,
    parquet,
    profile,
    profile_after,
    record,
    replaced,
    respelled,
    rows_before,
    shared,
    with_column,
    without_column,
)
from tests.support.lakes import PublishedLake
from tests.support.lender import Rows, lender, write
from tests.support.running import definitions, ingest, latest, run_job

SOURCES = ("borrower_information", "loan_information", "market_equity", "borrower_engagement")
GRAPH = definitions("splink").resolve_asset_graph()
# Other domains test their own.
OF_REFI = definitions("splink").resolve_job_def("refi").asset_layer.executable_asset_keys
CHECKS = {
    f"{key.asset_key.to_user_string()} {key.name}": key for key in GRAPH.asset_check_keys if key.asset_key in OF_REFI
}
# Check -> (column, expression) that breaks it, from its SQL file.
BROKEN_BY = {
    f"{group}/{relation} {name}": model.broken_by
    for key, model in load_sql_models().items()
    if key.count("/checks/") and model.broken_by
    for group, _, relation, name in [key.split("/")]
    if f"{group}/{relation} {name}" in CHECKS
}
# Checks that show the keys of the rows that fail.
CHECKS_WITH_KEYS = {
    f"{path.parts[-4]}/{path.parts[-2]} {path.stem}" for path in (PROJECT_DIR / "sql").glob("*/checks/*/*.sql")
} | {
    check
    for check in CHECKS
    if (check.endswith((" keys_unique", " not_null")) and not check.startswith("staging/"))
    or check.endswith(" quarantine_is_small")
}


def test_every_check_passes_on_clean_files(matched):
    assert matched.ran.success
    assert matched.ran.checks.keys() == CHECKS.keys()
    assert matched.ran.failed_checks == {}


# (check, change of its relation, number of the outcome), by severity.
Case = tuple[str, Change, float]
DAILY = ("borrower_information", "loan_information", "borrower_engagement")
OPTIONAL = dict(zip(SOURCES, ("email", "loan_type", "current_home_value", "borrower_id"), strict=True))
TYPED = dict(zip(SOURCES, ("credit_score", "loan_amount", "ltv_ratio", "sms_opt_in"), strict=True))


# Relation -> the values of its key, and a column that can be removed.
DECLARED = {
    **{f"staging/{s}": ("CAST(NULL AS VARCHAR) AS borrower_id", TYPED[s]) for s in DAILY},
    "staging/market_equity": ("CAST(NULL AS VARCHAR) AS property_id", TYPED["market_equity"]),
    "refi/judged_offer": ("'B0X' AS borrower_id", "remaining_balance"),
    "refi/unified_refi_dataset": ("'B0X' AS borrower_id", "first_name"),
    "refi/unmatched_borrowers": ("'B0X' AS borrower_id", "borrower_id"),
    "refi/refi_eligibility": ("'B0X' AS borrower_id", "product"),
    "refi/refi_audience": ("'B0X' AS person_id", "name"),
    "identity/matched_pairs": ("'B0X' AS borrower_id_1", "evidence"),
    "identity/review_queue": ("'B0X' AS borrower_id_1", "evidence"),
    "identity/resolved_borrower": ("'B0X' AS borrower_id", "weakest_link"),
    "identity/person_history": ("'B0X' AS person_id", "borrowers"),
}
BLOCKS: list[Case] = [
    *((f"{key} not_null", added(values), 1) for key, (values, _) in DECLARED.items()),
    *(
        (f"{key} schema_as_declared", without_column(column), 1)
        for key, (_, column) in DECLARED.items()
        if column != "borrower_id"
    ),
    ("refi/unmatched_borrowers schema_as_declared", with_column, 1),
    *(
        (f"{key} keys_unique", added(values, times=2), 1)
        for key, (values, _) in DECLARED.items()
        if not key.startswith("staging/")
    ),
    *((f"raw/{s} rows_not_fallen", rows_before(50), -20) for s in SOURCES),
    *((f"catalog/{s} no_column_lost", inferred(**{OPTIONAL[s]: None}), 1) for s in SOURCES),
    *((f"staging/{s} every_row_accounted_for", record(counts={"source_rows": 41}), 40) for s in SOURCES),
    *((f"staging/{s} keys_unique", record(details={"keys": 38}), 2) for s in SOURCES),
    *((f"staging/{s} quarantine_is_small", in_quarantine(11), 11) for s in SOURCES),
    ("staging/market_equity medians_plausible", medians(market_rate_offer="0.0575", ltv_ratio="0.8"), 2),
    ("staging/loan_information medians_plausible", medians(current_interest_rate="0.06"), 1),
    ("staging/market_equity profile_steady", profile_after("ltv_ratio", profile("90"), profile("30")), 1),
    ("staging/loan_information profile_steady", profile_after("current_interest_rate", profile("6"), profile("2")), 1),
    (
        "staging/borrower_information profile_steady",
        profile_after("credit_score", profile("700"), profile("700", nulls=60)),
        1,
    ),
    ("staging/borrower_information ids_not_shared", shared("property_id", 50), 25),
    ("staging/loan_information ids_not_shared", shared("borrower_id", 51), 25.5),
    ("staging/quarantine quarantine_is_whole", record(rows=1), 1),
    ("refi/unified_refi_dataset borrowers_match", record(counts={"borrowers": 19}), 47.5),
    ("refi/unmatched_borrowers loans_match", record(counts={"loans_without_borrower": 12}), 30),
    (
        "refi/unmatched_borrowers every_borrower_accounted_for",
        parquet("SELECT 'B007' AS borrower_id, 'no_loan' AS reason"),
        1,
    ),
    ("refi/refi_eligibility every_unified_row_judged", parquet("FROM it WHERE borrower_id <> 'B007'"), 1),
    ("refi/refi_audience one_row_a_borrower", parquet("FROM it UNION ALL FROM it"), 10),
    ("refi/refi_audience audience_not_empty", record(rows=0), 0),
    ("refi/refi_audience audience_share_is_plausible", record(rows=39), 97.5),
    (
        "refi/refi_audience ltv_within_policy",
        replaced("CASE borrower_id WHEN 'B007' THEN 80.01 WHEN 'B009' THEN 80 END", "ltv_ratio"),
        9,
    ),
    (
        "refi/refi_audience spread_within_policy",
        replaced("rate_spread + CASE borrower_id WHEN 'B007' THEN 0.01 ELSE 0 END", "rate_spread"),
        1,
    ),
    (
        "refi/refi_audience savings_within_policy",
        replaced("CASE borrower_id WHEN 'B007' THEN -0.01 END", "monthly_savings_est"),
        1,
    ),
    (
        "identity/resolved_borrower one_person_each",
        parquet("FROM it WHERE borrower_id <> 'B003' UNION ALL FROM it WHERE borrower_id = 'B007'"),
        2,
    ),
    (
        "identity/resolved_borrower decisions_hold",
        parquet(
            "FROM it UNION ALL BY NAME SELECT 'B001' AS borrower_id_1, 'B002' AS borrower_id_2, 'same' AS decision "
            "UNION ALL BY NAME SELECT 'B001' AS borrower_id_1, 'B003' AS borrower_id_2, 'different' AS decision"
        ),
        1,
    ),
    ("identity/resolved_borrower largest_cluster", record(counts={"largest cluster": 11}), 11),
]
WARNS: list[Case] = [
    *((f"raw/{s} source_is_current", loaded(date(2026, 2, 19)), 1) for s in DAILY),
    ("raw/market_equity source_is_current", loaded(date(2026, 2, 13)), 7),
    *(
        (f"raw/{s} nothing_passed_over", record(details={"others": [f"raw/{s}/load_date=20260222/"]}), 1)
        for s in SOURCES
    ),
    *((f"raw/{s} names_as_in_contract", respelled({"Borrower Id": "borrower_id"}), 1) for s in SOURCES),
    *((f"catalog/{s} no_column_new", inferred(branch="integer"), 1) for s in SOURCES),
    *((f"catalog/{s} inferred_types_unchanged", inferred(**{TYPED[s]: "date"}), 1) for s in SOURCES),
    *((f"staging/{s} quarantine_is_small", in_quarantine(rows), rows) for s in SOURCES for rows in (2, 10)),
    *((f"staging/{s} no_cell_nulled", record(details={"nulled": {"some_column": 3}}), 3) for s in SOURCES),
    *((f"staging/{s} nothing_invisible", record(details={"invisible": {"some_column": 3}}), 3) for s in SOURCES),
    *((f"raw/{s} rows_not_fallen", rows_before(45), -11.111111) for s in SOURCES),
    *((f"raw/{s} rows_not_fallen", rows_before(49), -18.367347) for s in SOURCES),
    (
        "staging/loan_information profile_steady",
        profile_after("remaining_term_months", profile("360"), profile("120")),
        1,
    ),
    ("staging/loan_information ids_not_shared", shared("property_id", 10), 5),
    ("refi/unmatched_borrowers loans_match", record(counts={"loans_without_borrower": 2}), 5),
    ("refi/unified_refi_dataset engagement_matches", record(counts={"engagement_without_borrower": 40}), 100),
    ("refi/judged_offer offers_match", record(counts={"offers_without_home": 3}), 7.5),
    ("refi/unified_refi_dataset borrowers_match", record(counts={"borrowers": 37}), 92.5),
    ("refi/unified_refi_dataset borrowers_match", record(counts={"borrowers": 20}), 50),
    ("refi/refi_audience audience_share_is_plausible", record(rows=25), 62.5),
    ("refi/refi_audience audience_share_is_plausible", record(rows=38), 95),
    (
        "identity/matched_pairs expected_duplicates_are_plausible",
        record(details={"model": {"expected_pairs": 21, "records": 40}}),
        52.5,
    ),
    ("identity/resolved_borrower clustered_share_is_steady", clustered(3), 7.5),
    ("activation/run_numbers numbers_complete", record(details={"problems": ["Not in CloudWatch: no."]}), 1),
    (
        "identity/resolved_borrower report_written",
        record(details={"report_failure": "StopIteration at refi_assets.identity.report:212."}),
        1,
    ),
]
# Exactly at a limit, or just within it.
PASSES: list[Case] = [
    ("raw/market_equity source_is_current", loaded(date(2026, 2, 14)), 6),
    *((f"raw/{s} rows_not_fallen", rows_before(44), -9.090909) for s in SOURCES),
    ("staging/market_equity medians_plausible", medians(market_rate_offer="0.5", ltv_ratio="2"), 0),
    ("staging/market_equity profile_steady", profile_after("ltv_ratio", profile("90"), profile("30.000001")), 0),
    ("staging/loan_information ids_not_shared", shared("property_id", 9), 4.5),
    *((f"staging/{s} quarantine_is_small", in_quarantine(1), 1) for s in SOURCES),
    ("refi/unified_refi_dataset borrowers_match", record(counts={"borrowers": 38}), 95),
    ("refi/unmatched_borrowers loans_match", record(counts={"loans_without_borrower": 1}), 2.5),
    ("refi/judged_offer offers_match", record(counts={"offers_without_home": 1}), 2.5),
    ("refi/refi_audience audience_not_empty", record(rows=1), 1),
    ("refi/refi_audience audience_share_is_plausible", record(rows=24), 60),
    ("refi/refi_audience ltv_within_policy", replaced("80", "ltv_ratio"), 0),
    ("refi/refi_audience savings_within_policy", replaced("0.00", "monthly_savings_est"), 0),
    ("refi/refi_audience letters_within_policy", replaced("NULL::VARCHAR", "loan_id"), 0),
    ("refi/judged_offer taken_offer_is_own", replaced("'OWN'", "offered_by"), 0),
    (
        "identity/matched_pairs expected_duplicates_are_plausible",
        record(details={"model": {"expected_pairs": 20, "records": 40}}),
        50,
    ),
    ("identity/resolved_borrower largest_cluster", record(counts={"largest cluster": 10}), 10),
    ("identity/resolved_borrower clustered_share_is_steady", clustered(2), 5),
]
DOCTORED_ELSEWHERE = {"identity/resolved_borrower decisions_hold": "identity/matched_pairs"}


def evaluated(base: PublishedLake, folder: Path, check: str, change: Change) -> dg.AssetCheckEvaluation:
    """A check that runs alone on a changed copy of the published lake."""
    asset, _ = check.split(" ")
    lake = base.copy(folder / "lake")
    change(lake / "runs" / base.run_id / f"{DOCTORED_ELSEWHERE.get(check, asset)}.json")
    ran = run_job(
        lake, job="checks_of_" + asset.replace("/", "_"), instance=base.instance, memo="off", identity="splink"
    )
    return ran.checks[check]


def ids(cases: list[Case]) -> list[str]:
    return [f"{check} {number:g}" for check, _, number in cases]


@pytest.mark.parametrize(
    ("severity", "check", "change", "number"),
    [*(("ERROR", *case) for case in BLOCKS), *(("WARN", *case) for case in WARNS)],
    ids=[*ids(BLOCKS), *ids(WARNS)],
)
def test_a_check_fails(matched, tmp_path, severity, check, change, number):
    evaluation = evaluated(matched, tmp_path, check, change)

    assert not evaluation.passed
    assert evaluation.severity.value == severity
    assert evaluation.metadata["number"].value == number
    assert evaluation.metadata["limit"].value
    assert GRAPH.get_check_spec(CHECKS[check]).blocking or severity == "WARN", "it stops downstream assets"
    if check in CHECKS_WITH_KEYS:
        assert "B0" in str(evaluation.metadata["keys"].value)
    assert "Given" not in str(evaluation.metadata)


@pytest.mark.parametrize("check", BROKEN_BY)
def test_a_check_fails_by_the_example_in_its_file(matched, tmp_path, check):
    column, expression = BROKEN_BY[check]
    evaluation = evaluated(matched, tmp_path, check, replaced(expression, column))

    assert not evaluation.passed
    assert evaluation.metadata["number"].value != 0
    assert evaluation.metadata["keys"].value


@pytest.mark.parametrize(("check", "change", "number"), PASSES, ids=ids(PASSES))
def test_a_check_passes_at_its_limit(matched, tmp_path, check, change, number):
    evaluation = evaluated(matched, tmp_path, check, change)

    assert evaluation.passed
    assert evaluation.metadata["number"].value == number


def many_faults() -> Rows:
    """The small lender's files with as many faults as only warn."""
    rows = lender(eligible=25)
    del rows["loan_information"][37:]
    for records in rows.values():
        for row in records:
            row["branch"] = "7"
        records[20][next(iter(records[20]))] = ""
    for row in rows["borrower_information"]:
        row["credit_score"] = "720.5"
    for row in rows["loan_information"]:
        row["loan_amount"] = "300000.5"
    for row in rows["market_equity"]:
        row["ltv_ratio"] = "70"
    for row in rows["borrower_engagement"]:
        row["sms_opt_in"] = "yes"
    return rows


def test_faults_in_the_files_that_only_warn_let_the_run_publish(tmp_path):
    """A week after the files came, and a day after clean ones; a file that is read again is not younger for it."""
    lake = tmp_path / "lake"
    ingest(lake, write(lender(), tmp_path / "before"), date(2026, 2, 19))
    ingest(lake, write(many_faults(), tmp_path / "source"))

    ran = run_job(lake, date(2026, 2, 27))

    numbers = {check: evaluation.metadata["number"].value for check, evaluation in ran.checks.items()}
    assert ran.success
    assert latest(lake)["run_id"] == ran.run_id
    assert set(ran.failed_checks.values()) == {"WARN"}
    assert {check: numbers[check] for check in ran.failed_checks} == {
        **{f"raw/{s} source_is_current": 7 for s in SOURCES},
        **{f"catalog/{s} no_column_new": 1 for s in SOURCES},
        **{f"catalog/{s} inferred_types_unchanged": 1 for s in SOURCES},
        **{f"staging/{s} quarantine_is_small": 2.5 for s in SOURCES if s != "loan_information"},
        "staging/loan_information quarantine_is_small": 2.702703,  # 1 of 37
        "staging/borrower_information no_cell_nulled": 39,  # a credit score is a whole number
        "refi/unified_refi_dataset borrowers_match": 92.307692,  # 36 of 39
        "refi/refi_audience audience_share_is_plausible": 61.538462,  # 24 of 39
    }


@pytest.mark.parametrize(
    ("check", "change", "number"),
    [
        ("refi/refi_audience audience_not_empty", record(rows=1_008_500), "1,008,500"),
        ("raw/market_equity rows_not_fallen", rows_before(44), "-9.090909"),
    ],
)
def test_the_description_of_a_check_shows_its_number_in_full(matched, tmp_path, check, change, number):
    """A million rows were shown as 1.0085e+06."""
    assert (evaluated(matched, tmp_path, check, change).description or "").startswith(f"{number}; ")


def test_every_check_is_tested_failing():
    assert {check for check, *_ in (*BLOCKS, *WARNS)} | BROKEN_BY.keys() == CHECKS.keys()
