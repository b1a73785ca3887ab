"""The leak guard: which names and which columns no model may read."""

import numpy as np
import pytest

from refi_assets.ml.guard import (
    auc_alone,
    dated_after,
    outcome_under_another_name,
    predictions_of_outcome,
    protected_columns,
    protected_for_other_products,
    shared_ids,
    warn_alone,
)
from refi_assets.ml.policy import load_ml_policy
from refi_assets.ml.tables import Column

POLICY = load_ml_policy()
PROTECTED = {
    "age": "age_in_years AGE Age customer_age ApplicantAge ageGroup DAYS_BIRTH date_of_birth dob AGE_AT_APPLICATION "
    "loan_applicant_age card_holder_age",
    "sex": "SEX CODE_GENDER gender personal_status_and_sex is_female",
    "marital status": "MARRIAGE MaritalStatus personal_status_and_sex civil_status spouse_income",
    "race or color": "race applicant_race_1 derived_ethnicity black color",
    "national origin": "foreign_worker nationality country_of_birth CitizenshipStatus language",
    "religion": "religion",
    "public assistance": "receives_public_assistance",
    "exercise of Consumer Credit Protection Act rights": "disputed_accounts",
}
FREE = (
    "account_age CLAGE loan_age AgeOfOldestLine age_of_credit_file vehicle_age average average_balance percentage "
    "usage color_of_car black_list PAY_0 LIMIT_BAL EDUCATION MonthlyIncome sextant essexCounty traced_amount mortgage "
    "foreign_exchange_turnover language_of_contract message stage NumberOfTime30-59DaysPastDueNotWorse"
)


@pytest.mark.parametrize(
    ("basis", "name"), [(basis, name) for basis, names in PROTECTED.items() for name in names.split()]
)
def test_protected_names(basis: str, name: str) -> None:
    refusals = protected_columns([name], POLICY, product=None)
    assert f"its name stands for a protected basis, {basis}" in [refusal.reason for refusal in refusals]


@pytest.mark.parametrize("name", FREE.split())
def test_names_that_only_look_like_a_protected_one(name: str) -> None:
    assert protected_columns([name], POLICY, product=None) == []
    assert protected_columns([name], POLICY, product="mortgage") == []


@pytest.mark.parametrize(
    "name", ["NumberOfDependents", "familial_status", "number_of_children", "handicapped", "disability"]
)
def test_bases_of_housing_count_for_mortgages_and_are_said_for_others(name: str) -> None:
    assert [refusal.column for refusal in protected_columns([name], POLICY, "mortgage")] == [name]
    assert protected_columns([name], POLICY, None) == []
    (sentence,) = protected_for_other_products([name], POLICY, None)
    assert name in sentence
    assert "mortgage" in sentence


def test_a_prediction_of_default_is_refused_by_its_name() -> None:
    names = ["default_probability", "probability_of_default", "PD", "pd_12m", "PredictedDefault"]
    refusals = predictions_of_outcome([*names, "pd_amount", "defaults", "probability"], POLICY)
    assert [refusal.column for refusal in refusals] == names


LABEL = np.random.default_rng(1).random(400) < 0.3
_GENERATOR = np.random.default_rng(2)
COPIES: dict[str, Column] = {
    "number": LABEL * 1.0,
    "inverted": 5.0 - LABEL,
    "text": np.where(LABEL, "charged off", "paid").astype(object),
    "where_it_is_missing": np.where(LABEL, _GENERATOR.normal(size=400), np.nan),
    "where_it_is_not_missing": np.array([None if bad else "closed" for bad in LABEL], dtype=object),
    "with_gaps": np.where(_GENERATOR.random(400) < 0.2, np.nan, LABEL * 1.0),
    "threshold": np.where(LABEL, _GENERATOR.uniform(0, 1, 400), _GENERATOR.uniform(2, 3, 400)),
    "status": np.where(LABEL, _GENERATOR.choice(list("abc"), 400), _GENERATOR.choice(list("def"), 400)).astype(object),
    "code": np.where(LABEL, _GENERATOR.choice([1.0, 5.0], 400), _GENERATOR.choice([3.0, 7.0], 400)),
}
HONEST: dict[str, Column] = {
    "strong": _GENERATOR.normal(size=400) + 2.6 * LABEL,
    "nothing": _GENERATOR.normal(size=400),
    "constant": np.ones(400),
    "empty": np.full(400, np.nan),
    "words": np.array([f"word {row}" for row in range(400)], dtype=object),  # each row has a level of its own
    "town": _GENERATOR.choice(list("abcdef"), 400).astype(object),
}


def test_the_label_under_another_name_is_refused() -> None:
    refused, alone = outcome_under_another_name(COPIES | HONEST, LABEL)
    assert [refusal.column for refusal in refused] == list(COPIES)
    assert list(alone) == list(HONEST)
    assert "label under another name" in refused[0].reason


def test_a_strong_but_honest_feature_is_only_warned_of_by_name() -> None:
    """Two normals at a distance of 2.6: an AUC of Phi(2.6 / sqrt(2)) = .967."""
    _, alone = outcome_under_another_name(HONEST, LABEL)
    assert alone["strong"] == pytest.approx(0.967, abs=0.02)
    (sentence,) = warn_alone(alone, POLICY)
    assert sentence.startswith("strong alone has an AUC of 0.9")


def test_an_auc_alone_is_that_of_the_better_direction() -> None:
    column = np.array([3.0, 1.0, 2.0, 0.0])
    label = np.array([True, True, False, False])
    assert auc_alone(column, label) == auc_alone(-column, label) == 3 / 4


def test_a_date_after_the_day_of_the_decision_is_refused() -> None:
    decided = np.array([100.0, 200.0])
    table = {"before": np.array([99.0, np.nan]), "same_day": np.array([100.6, 200.0]), "after": np.array([99.0, 201.0])}
    (refusal,) = dated_after(table, table.keys(), decided)
    assert (refusal.column, refusal.reason) == ("after", "1 of its dates are after the decision")
    assert dated_after(table, table.keys(), None) == []
    assert dated_after(table, ["before"], decided) == []  # only dates are compared


def test_customers_in_both_parts_are_counted() -> None:
    assert shared_ids(["a", "b", "b"], ["b", "c"]) == 1
    assert shared_ids(["a"], ["c"]) == 0
