"""refi rules: any rule is found by a word of it, with its place, policy, checks and columns."""

import json
import re

import pytest

from refi_assets.cli.rules import rules_page, sql_and_check_rules
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.rules import rules_of
from refi_assets.specs.sql_models import load_sql_models


def test_docs_rules_is_what_make_docs_writes() -> None:
    assert (PROJECT_DIR / "docs" / "rules.md").read_text("utf-8") == rules_page(), "run: make docs"


def test_a_rule_has_its_place_its_policy_its_checks_and_its_columns(refi) -> None:
    rules = [json.loads(line) for line in refi("rules", "ltv above max", "--json").stdout.splitlines()]
    (rule,) = [rule for rule in rules if rule["code"] == "ltv_above_max"]
    path, line = rule["where"].split(":")
    assert "'ltv_above_max'" in (PROJECT_DIR / path).read_text().splitlines()[int(line) - 1]
    assert rule["policy"] == {"eligibility.max_ltv_pct": "80"}
    assert rule["checks"] == ["refi/refi_audience ltv_within_policy"]
    assert rule["columns"] == ["market_equity.ltv_ratio"]
    assert rule["text"].startswith("ltv_ratio is at most 80 %;")


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ("text messages", "said_no"),
        ("match_ratio_pct", "borrowers_match"),
        ("no_own_offer", "no_own_offer"),
        ("Hot Lead", "Hot Lead"),
        ("credit score", "borrower_information.credit_score"),
        ("one_row_a_borrower", "one_row_a_borrower"),
    ],
)
def test_a_rule_is_found_by_words_of_it(refi, term: str, code: str) -> None:
    assert code in [json.loads(line)["code"] for line in refi("rules", term, "--json").stdout.splitlines()]


def test_an_unknown_term_is_an_error(refi) -> None:
    assert "No rule mentions 'horoscope'" in refi("rules", "horoscope", check=1).stderr


def test_every_code_that_judging_gives_has_a_rule() -> None:
    """The codes in each CASE of the reasons, read from the text and not from the parsed query."""
    for key in ("refi/judged_offer", "refi/unmatched_borrowers", "refi/refi_audience"):
        codes = set(re.findall(r"\b(?:THEN|ELSE) '([A-Za-z_ ]{2,})'", load_sql_models()[key].text))
        assert codes
        assert codes == rules_of(key).keys()


def test_every_rule_with_a_limit_can_be_told_of_a_row() -> None:
    for rule in rules_of("refi/judged_offer").values():
        if rule.has_limit:
            values = dict.fromkeys([*re.findall(r":(\w+)", rule.text)], "1")
            assert ":" not in rule.limit(values)
            assert ":" not in str(rule.needed_change(values))


def test_every_asset_check_is_listed_once() -> None:
    checks = [(rule.relation, rule.code) for rule in sql_and_check_rules() if rule.kind == "check"]
    assert len(checks) == len(set(checks)) > 50
