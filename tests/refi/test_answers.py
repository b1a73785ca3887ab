"""Answers about a published run (explain, query, quarantine, runs) against expectations written by hand."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from refi_assets.cli import answers
from refi_assets.errors import EngineError, LakeError, RefiError
from refi_assets.lake import FolderStore
from refi_assets.publishing.published import manifests
from refi_assets.refi.audience import AUDIENCE
from refi_assets.refi.explain import BorrowerExplanation, explain_borrower
from tests.support.lender import Rows, lender, write
from tests.support.policy_files import changed_policy
from tests.support.running import ingest, run_job


def changed() -> Rows:
    """Forty borrowers; from B011 on, each has a reason against an offer."""
    rows = lender(eligible=10)
    loans = {row["borrower_id"]: row for row in rows["loan_information"]}
    market = {row["property_id"]: row for row in rows["market_equity"]}
    loans["B012"]["current_interest_rate"] = "6.5"
    market["P012"]["ltv_ratio"] = "85"
    market["P013"]["ltv_ratio"] = "80.01"
    rows["loan_information"].remove(loans["B014"])
    loans["B015"]["current_interest_rate"] = "7.9%"
    market["P016"]["market_rate_offer"] = "31"
    loans["B017"]["current_interest_rate"] = ""
    loans["B018"]["current_interest_rate"] = "6.5"
    market["P018"]["market_rate_offer"] = ""
    loans["B019"]["current_interest_rate"] = "0.9"
    market["P020"] |= {"market_rate_offer": "", "ltv_ratio": ""}
    loans["B020"]["current_interest_rate"] = ""
    rows["loan_information"].append({**loans["B001"], "loan_id": "L900", "current_interest_rate": "6.25"})
    return rows


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("answers")
    ingest(folder / "lake", write(changed(), folder / "source"))
    assert run_job(folder / "lake").success
    return folder / "lake"


@pytest.fixture(scope="module")
def run(lake):
    return answers.open_run(str(lake))


def only_loan(explanation: BorrowerExplanation):
    (loan,) = explanation.loans
    return loan


def test_the_eligible_pass_every_rule(run):
    explanation = explain_borrower(run, "B002")
    loan = only_loan(explanation)
    assert (explanation.in_audience, explanation.unmatched, explanation.quarantined) == (True, None, ())
    assert [(rule.name, rule.value, rule.limit, rule.passed) for rule in loan.rules] == [
        ("ltv_ratio", Decimal(70), "at most 80 %", True),
        ("rate_spread", Decimal("1.5"), "at least 1.0", True),
    ]
    assert (loan.is_chosen, loan.is_eligible, loan.eligible_when) == (True, True, None)


@pytest.mark.parametrize(
    ("borrower_id", "passed", "changes"),
    [
        ("B011", [True, False], "the market rate falls to 4.250 % or below"),
        ("B012", [False, True], "the loan to value falls to 80 % or below"),
        (
            "B013",
            [False, False],
            "the market rate falls to 4.250 % or below and the loan to value falls to 80 % or below",
        ),
        ("B017", [True, None], "the current rate is known and is 6.000 % or above"),
        ("B018", [True, None], "the market rate is known and is 5.500 % or below"),
        ("B019", [True, False], "the current rate is higher"),
        (
            "B020",
            [None, None],
            "both rates are known and at least 1.0 apart and the loan to value is known and is 80 % or below",
        ),
    ],
)
def test_an_explanation_names_the_broken_rules_and_the_changes_that_would_fix_them(run, borrower_id, passed, changes):
    explanation = explain_borrower(run, borrower_id)
    assert not explanation.in_audience
    assert [rule.passed for rule in only_loan(explanation).rules] == passed
    assert only_loan(explanation).eligible_when == f"eligible when {changes}, all else equal"


def test_the_explained_changes_make_a_loan_eligible_and_smaller_ones_do_not(tmp_path):
    rows = changed()
    market = {row["property_id"]: row for row in rows["market_equity"]}
    market["P011"]["market_rate_offer"] = "4.250"
    market["P012"]["ltv_ratio"] = "80"
    market["P013"] |= {"market_rate_offer": "4.250001", "ltv_ratio": "80"}
    market["P018"]["market_rate_offer"] = "5.5"
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    run_job(tmp_path / "lake")
    again = answers.open_run(str(tmp_path / "lake"))
    is_in = {borrower: explain_borrower(again, borrower).in_audience for borrower in ("B011", "B012", "B013", "B018")}
    assert is_in == {"B011": True, "B012": True, "B013": False, "B018": True}


def test_the_limits_in_an_explanation_are_those_of_the_run(tmp_path):
    ingest(tmp_path / "lake", write(changed(), tmp_path / "source"))
    ran = run_job(tmp_path / "lake", policy=changed_policy(tmp_path, ("max_ltv_pct: 80", "max_ltv_pct: 85")))
    explanation = explain_borrower(answers.open_run(str(tmp_path / "lake"), ran.run_id), "B012")
    assert explanation.in_audience
    assert only_loan(explanation).rules[0].limit == "at most 85 %"


def test_a_row_in_quarantine_is_named_by_its_place_and_without_its_cells(run):
    no_loan = explain_borrower(run, "B015")
    assert (no_loan.unmatched, no_loan.loans) == ("no_loan", ())
    assert [(row["source"], row["reason"], row["column_name"]) for row in no_loan.quarantined] == [
        ("loan_information", "not_a_number", "current_interest_rate")
    ]
    no_offer = explain_borrower(run, "B016")
    assert no_offer.unmatched == "no_market_data"
    assert [(row["source"], row["record_number"], row["reason"]) for row in no_offer.quarantined] == [
        ("market_equity", 16, "out_of_range")
    ]
    assert explain_borrower(run, "B014").quarantined == ()
    assert "7.9%" not in str(no_loan)


def test_of_several_eligible_loans_one_is_chosen(run):
    assert [(loan.loan_id, loan.is_eligible, loan.is_chosen) for loan in explain_borrower(run, "B001").loans] == [
        ("L001", True, True),
        ("L900", True, False),
    ]


@pytest.mark.parametrize("borrower_id", ["B999", "", "' OR 1=1 --", "B00%"])
def test_an_unknown_borrower_is_an_error(run, borrower_id):
    with pytest.raises(RefiError, match="has a borrower"):
        explain_borrower(run, borrower_id)


def test_a_query_reads_the_relations_of_the_run(run):
    assert run.query("SELECT COUNT(*) AS n, MAX(rate_spread) AS most FROM refi_audience") == (
        ["n", "most"],
        [(10, Decimal("1.5"))],
    )


@pytest.mark.parametrize(
    "sql",
    [
        *(
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM '/etc/passwd'",
            "SELECT * FROM read_text('/etc/hosts')",
        ),
        *("SELECT (SELECT content FROM read_text('/etc/hosts'))", "SELECT * FROM glob('/*')", "SELECT * FROM nothing"),
        *("DROP VIEW refi_audience", "COPY (SELECT 1) TO '/tmp/x'", "SELECT 1; SELECT 2", "ATTACH '/tmp/x'", ""),
        *("INSERT INTO refi_audience SELECT 1", "SET threads = 1", "SELECT FROM WHERE", "PRAGMA database_list"),
    ],
)
def test_anything_but_a_select_on_relations_is_refused(run, sql):
    with pytest.raises(EngineError):
        run.query(sql)


@pytest.mark.parametrize(
    "sql",
    [
        'WITH "{0}" AS (SELECT * FROM "{0}") SELECT * FROM "{0}"',
        'WITH first AS (SELECT * FROM "{0}"), "{0}" AS (SELECT 1 AS one) SELECT * FROM first',
    ],
)
def test_a_file_is_not_read_under_the_name_of_a_cte(run, sql, tmp_path):
    """Such a query read any CSV or Parquet file of the machine."""
    secret = tmp_path / "secret.csv"
    secret.write_text("word\nhidden\n")
    with pytest.raises(EngineError, match="There is no relation"):
        run.query(sql.format(secret))


def test_nothing_published_is_an_error_that_says_how_to_start(tmp_path):
    with pytest.raises(LakeError, match="refi run --source"):
        answers.open_run(str(tmp_path))
    with pytest.raises(LakeError, match="refi runs"):
        answers.open_run(str(tmp_path), "no-such-run")
    assert manifests(AUDIENCE, FolderStore(str(tmp_path))) == []


def test_the_runs_are_listed_by_day(tmp_path, capsys):
    lake = tmp_path / "lake"
    ingest(lake, write(changed(), tmp_path / "source"))
    later, earlier = run_job(lake, date(2026, 2, 21)), run_job(lake)
    answers.show_runs("refi", str(lake), as_json=True)
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(entry["run_id"], entry["as_of"], entry["audience"]["rows"]) for entry in shown] == [
        (earlier.result.run_id, "2026-02-20", 10),
        (later.result.run_id, "2026-02-21", 10),
    ]
    answers.show_runs("refi", str(lake), as_json=False)
    assert capsys.readouterr().out.count("latest") == 1


def test_the_quarantine_is_shown_by_source_and_reason(run, capsys):
    answers.show_quarantine(run, "loan_information", "not_a_number", 20, as_json=True)
    (row,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (row["record_number"], json.loads(row["original_cells"])["current_interest_rate"]) == (14, "7.9%")
    answers.show_quarantine(run, None, None, 1, as_json=False)
    text = capsys.readouterr().out
    assert "2 rows in quarantine" in text
    assert "not_a_number current_interest_rate" in text


def test_an_explanation_is_printed_as_text(run, capsys):
    answers.show_explanation(run, "B013", as_json=False)
    text = " ".join(capsys.readouterr().out.split())
    assert "B013 is not in the audience as of 2026-02-20" in text
    assert "ltv_ratio 80.010000 at most 80 % fail" in text
    assert "Eligible when the market rate falls to 4.250 % or below and" in text
