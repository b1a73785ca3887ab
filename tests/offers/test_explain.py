"""refi offers explain: every rule, the scores with their reasons, the tier, the amount and the price."""

import json
import re
from decimal import Decimal
from typing import Any

from refi_assets.specs.policies import policy_of
from refi_assets.specs.rules import rules_of
from refi_assets.specs.sql_models import load_sql_models
from tests.offers.made_customers import BASE_CELLS
from tests.support.offer_runs import WEEK, OfferRuns

PROGRAM = "loan_offer_targeting"


def explained(offer_runs: OfferRuns, customer_id: str, *options: object) -> dict[str, Any]:
    return offer_runs.refi("offers", "explain", customer_id, "--json", *options).json


def failed(explanation: dict[str, Any]) -> list[tuple[str, str, str | None, str]]:
    """Filter, code, value and limit of the rules that do not hold."""
    return [
        (rule["filter_id"], rule["code"], rule["value"], rule["limit"])
        for rule in explanation["rules"]
        if rule["passed"] is False
    ]


def test_every_rule_of_every_filter_is_shown_in_order_with_its_value_and_limit(offer_runs):
    rules = explained(offer_runs, "RICH00")["rules"]
    assert [(rule["filter_id"], rule["column"], rule["value"]) for rule in rules] == [
        ("trust", "identity_verified", "true"),
        ("trust", "account_status", "active"),
        ("credit-qualification", "credit_score", "780"),
        ("credit-qualification", "debt_to_income_ratio", "0.2"),
        ("credit-qualification", "payment_history", BASE_CELLS["payment_history"]),
        ("credit-qualification", "payment_history", BASE_CELLS["payment_history"]),
        ("credit-qualification", "existing_loans", "1"),
        ("affordability", "income_variation", "0.1"),
        ("affordability", "employment_status", "full_time"),
        ("affordability", "debt_to_income_ratio", "0.2"),
        ("affordability", "income", "120000"),
        ("affordability", "segment_amount", "50000"),
        ("eligibility", "last_offered_on", None),
        ("eligibility", "is_reachable", "true"),
        ("regulatory-compliance", "state", "CA"),
        ("regulatory-compliance", "segment_apr_pct", "6.768001"),
        ("regulatory-compliance", "covered_borrower", "false"),
        ("score", "credit_score", "780"),
        ("score", "approval_likelihood", "0.9"),
        ("score", "default_probability", "0.02"),
        ("offer", "final_amount", "50000"),
        ("offer", "apr_pct", "6.768001"),
        ("offer", "covered_borrower", "false"),
        ("offer", "chosen_record", "RICH00"),
    ]
    limits = {(rule["filter_id"], rule["column"]): rule["limit"] for rule in rules}
    assert limits["credit-qualification", "credit_score"] == "at least 680"
    assert limits["credit-qualification", "debt_to_income_ratio"] == "at most 0.43"
    assert limits["affordability", "segment_amount"] == "at least 1000 USD"
    assert limits["score", "default_probability"] == "at most 0.08"


def test_each_failed_rule_has_its_code_and_the_change_that_it_needs(offer_runs):
    explanation = explained(offer_runs, "LOW")
    assert [(filter_id, code, value) for filter_id, code, value, _ in failed(explanation)] == [
        ("credit-qualification", "credit_score_below_min", "650"),
        ("credit-qualification", "late_payment", "000100000000"),
        ("regulatory-compliance", "state_excluded", "NY"),
    ]
    assert (explanation["first_filter"], explanation["first_reason"]) == (
        "credit-qualification",
        "credit_score_below_min",
    )
    assert explanation["eligible_when"] == [
        "the credit score is 680 or above",
        "the newest 12 months of the payment history have no late payment",
        "the state is one where the lender is licensed and that the program does not exclude",
    ]


def test_an_unknown_value_fails_its_rule_and_rules_that_lack_a_segment_do_not_apply(offer_runs):
    explanation = explained(offer_runs, "EMPTY")
    assert failed(explanation) == [("credit-qualification", "credit_score_missing", None, "at least 680")]
    undecided = {rule["column"] for rule in explanation["rules"] if rule["passed"] is None}
    assert undecided == {"segment_amount", "segment_apr_pct", "last_offered_on"}
    assert explanation["eligible_when"] == ["the credit score is known and is 680 or above"]


def test_a_recent_offer_names_the_first_day_of_the_next(offer_runs):
    # 2026-02-24 and 90 days is 2026-05-25.
    explanation = explained(offer_runs, "RECENT")
    assert failed(explanation)[0][:3] == ("eligibility", "offered_within_days", "2026-02-24")
    assert explanation["eligible_when"] == ["the as-of day is 2026-05-25 or later"]


def test_customers_who_are_stopped_by_the_chain_have_no_scores_and_no_late_rules(offer_runs):
    explanation = explained(offer_runs, "LOW")
    assert (explanation["scores"], explanation["price"]) == ([], None)
    assert {rule["filter_id"] for rule in explanation["rules"]}.isdisjoint({"score", "offer"})


def test_scores_have_the_pinned_versions_and_reasons_in_the_words_of_the_models_file(offer_runs):
    # A bin with odds of 3 is worth 20 x log2(3) = 31.7 points: 288 against 257 after rounding.
    approval, default = explained(offer_runs, "MODEST")["scores"]
    assert (approval["model"], approval["version"], approval["score"]) == ("loan_approval", 1, "0.500000")
    reasons = [(reason["feature"], reason["value"], reason["contribution"]) for reason in approval["reasons"]]
    assert reasons == [("credit_score", "690", 31), ("income", "24000", 31)]
    assert [reason["text"] for reason in approval["reasons"]] == [
        None,
        "Income insufficient for amount of credit requested",
    ]
    assert (default["model"], default["score"], default["reasons"]) == ("default_risk", "0.020000", [])


def test_the_tier_is_the_worse_of_segment_and_band_and_both_amounts_are_explained(offer_runs):
    # The example of the issue: 1,600 USD in the chain, 1,200 in the offer. Payments are those of a loan calculator.
    explanation = explained(offer_runs, "MODEST")
    price = explanation["price"]
    assert (price["credit_tier"], price["score_band"], price["tier"]) == ("good", "fair", "fair")
    assert [
        [amount["credit_tier"], *(Decimal(amount[name]) for name in ("room_a_year", "amount", "monthly_payment"))]
        for amount in explanation["amounts"]
    ] == [["good", 480, 1600, Decimal("37.94")], ["fair", 480, 1200, Decimal("37.33")]]
    following = [(amount["next_amount"], Decimal(amount["next_a_year"]) / 12) for amount in explanation["amounts"]]
    assert following == [("1700.00", Decimal("40.32")), ("1300.00", Decimal("40.44"))]
    assert (price["is_offered"], price["amount"], price["expires_on"]) == (True, "1200.00", "2026-05-31")


def test_the_text_has_the_arithmetic_of_the_offer(offer_runs):
    text = offer_runs.refi("offers", "explain", "RICH00").stdout
    assert f"RICH00 has an offer of 50,000.00 USD in tier excellent as of {WEEK}" in text
    assert "room for payments = (0.43 - 0.2) x 120,000.00 = 27,600.00 USD a year, 2,300.00 USD a month." in text
    assert "It is the largest amount of the tier." in text
    assert "total of payments = 59 x 955.06 + 954.94 = 57,303.48" in text
    assert "origination fee = 3 % of 50,000.00 = 1,500.00" in text
    assert "finance charge = 57,303.48 - 48,500.00 = 8,803.48" in text
    assert "APR = 6.768001 % (Regulation Z, Appendix J)" in text


def test_a_quarantined_row_is_shown_by_its_place_without_its_cells(offer_runs):
    explanation = explained(offer_runs, "DAMAGED")
    (row,) = explanation["quarantined"]
    assert (row["reason"], row["column_name"]) == ("out_of_range", "income")
    assert (row["source"], row["record_number"]) == ("customer_credit_profiles", 21)
    assert "-5" not in json.dumps(explanation)
    assert "was not judged" in offer_runs.refi("offers", "explain", "DAMAGED").stdout


def test_an_earlier_run_is_explained_by_its_id(offer_runs):
    before, _ = offer_runs.run_ids
    assert explained(offer_runs, "RECENT", "--run", before)["price"]["is_offered"]


def test_a_customer_of_no_file_is_refused_with_the_run(offer_runs):
    done = offer_runs.refi("offers", "explain", "NOBODY", check=1)
    assert f"No file of run {offer_runs.run_ids[1]} (as of {WEEK}) has a customer 'NOBODY'." in done.stderr


def test_without_the_models_version_the_score_stays_and_its_reasons_are_said_to_be_unknown(offer_runs, tmp_path):
    elsewhere = {**offer_runs.environment, "REFI_MLFLOW_URI": f"sqlite:///{tmp_path / 'mlflow.db'}"}
    other = OfferRuns(offer_runs.lake, elsewhere, offer_runs.run_ids)
    approval, _ = explained(other, "MODEST")["scores"]
    assert (approval["score"], approval["reasons"]) == ("0.500000", [])
    assert "There is no model 'loan_approval' in the registry" in approval["unexplained"]


def test_every_rule_sets_a_limit_on_a_column_of_an_answer_and_names_only_known_values():
    models = load_sql_models()
    columns = {
        column
        for answer in ("customer", "priced_customer")
        for column in models[f"{PROGRAM}/answers/{answer}"].own_tree.named_selects
    }
    known = columns | policy_of(PROGRAM).parameters.keys() | {"segments", "least_likelihood"}
    names: set[str] = set()
    for key in (f"{PROGRAM}/priced", *(key for key in models if key.startswith(f"{PROGRAM}/filters/"))):
        for code, rule in rules_of(key).items():
            assert rule.has_limit, code
            assert rule.column in columns, code
            names |= set(re.findall(":([a-z_]+)", rule.text))
    assert names <= known
