"""The columns that the filters of a program need: those that a rule in force reads, and no others."""

from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from refi_assets.errors import SourceError
from refi_assets.offers.needed_columns import needed_columns, require_needed_columns
from refi_assets.offers.policy import ProgramPolicy
from refi_assets.offers.price_list import highest_apr_pct
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.policies import policy_of
from tests.offers.program_runs import GROUP, write_other_program

REQUIRED = {
    *("customer_id", "credit_score", "income", "debt_to_income_ratio", "account_age", "deposit_balance"),
    *("existing_loans", "payment_history"),
}
BY_DEFAULT = {
    "identity_verified": ["trust"],
    "account_status": ["trust"],
    "income_variation": ["affordability"],
    "employment_status": ["affordability"],
    "state": ["regulatory-compliance"],
}
DEAR = Decimal("36.5")  # above maxMaprPct


@pytest.fixture
def policy(tmp_path: Path):
    """The policy of the shipped program with other parameters of filters."""

    def policy(**filters: Any) -> ProgramPolicy:
        steps = {name.replace("_", "-"): parameters for name, parameters in filters.items()}
        return cast(ProgramPolicy, policy_of(GROUP, write_other_program(tmp_path / "other.yaml", steps, {})))

    return policy


def optional(needed: dict[str, list[str]]) -> dict[str, list[str]]:
    return {column: filters for column, filters in needed.items() if column not in REQUIRED}


def test_the_rules_in_force_need_their_columns(policy):
    assert optional(needed_columns(policy(), Decimal(12))) == BY_DEFAULT


@pytest.mark.parametrize(
    ("filter_id", "switch", "spared"),
    [
        ("affordability", "checkIncomeStability", {"income_variation"}),
        ("affordability", "checkEmploymentStatus", {"employment_status"}),
        ("regulatory_compliance", "checkStateLaws", {"state"}),
        ("regulatory_compliance", "checkFederalCompliance", set()),
    ],
)
def test_a_rule_that_is_switched_off_needs_nothing(policy, filter_id: str, switch: str, spared: set[str]):
    needed = optional(needed_columns(policy(**{filter_id: {switch: False}}), Decimal(12)))
    assert needed == {column: filters for column, filters in BY_DEFAULT.items() if column not in spared}


@pytest.mark.parametrize(
    ("rate", "is_checked", "is_needed"),
    [("36", True, False), ("36.000001", True, True), ("36.000001", False, False)],
)
def test_who_is_covered_is_asked_only_if_a_loan_is_dearer_than_the_limit(policy, rate, is_checked, is_needed):
    program = policy(regulatory_compliance={"checkFederalCompliance": is_checked})
    assert ("covered_borrower" in needed_columns(program, Decimal(rate))) == is_needed


def test_the_highest_rate_is_that_of_the_dearest_price(policy):
    """15,000 USD at 7.5 % for 36 months cost 9.5755 %; the fee in full cents makes another amount a little dearer."""
    assert Decimal("9.5755") < highest_apr_pct(policy().program) < Decimal("9.58")


def test_a_column_that_is_missing_is_named_with_its_filters(policy):
    columns = {column.name for column in load_contracts()["customer_credit_profiles"].columns}
    require_needed_columns(policy(), DEAR, columns)
    require_needed_columns(policy(), Decimal(12), columns - {"covered_borrower", "savings_rate", "customer_id"})
    with pytest.raises(SourceError) as refused:
        require_needed_columns(policy(), DEAR, columns - {"covered_borrower", "savings_rate", "identity_verified"})
    assert str(refused.value) == (
        "customer_credit_profiles lacks columns that filters need: identity_verified (trust), "
        "covered_borrower (regulatory-compliance). Add them to the extract, or change the filters of program "
        "loan-offer-targeting."
    )
