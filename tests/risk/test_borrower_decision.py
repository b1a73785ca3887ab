"""Decisions by bounds of 5 and 20 percent: at the bounds, between them, and in doubt."""

from datetime import timedelta
from decimal import Decimal

import pytest

from refi_assets.risk.borrower_decision import decide_on_borrower
from refi_assets.risk.policy import Decisions

BOUNDS = Decisions(approve_below_pct=Decimal(5), decline_from_pct=Decimal("20.5"), stale_after_hours=48)
HOURS = timedelta(hours=48)


@pytest.mark.parametrize(
    ("probability", "answer", "codes"),
    [
        ("0", "approve", []),
        ("0.049999", "approve", []),
        ("0.05", "refer", ["probability_not_low"]),
        ("0.204999", "refer", ["probability_not_low"]),
        ("0.205", "decline", ["probability_too_high"]),
        ("1", "decline", ["probability_too_high"]),
    ],
)
def test_a_bound_belongs_to_the_stricter_side(probability: str, answer: str, codes: list[str]) -> None:
    decision = decide_on_borrower(Decimal(probability), BOUNDS, age=HOURS)
    assert (decision.answer, [reason.code for reason in decision.reasons]) == (answer, codes)


@pytest.mark.parametrize(
    ("probability", "age", "missing", "rules", "answer", "codes"),
    [
        ("0", HOURS + timedelta(microseconds=1), (), (), "refer", ["features_too_old"]),
        ("1", 2 * HOURS, (), (), "refer", ["features_too_old", "probability_too_high"]),
        (None, HOURS, ("income",), (), "refer", ["features_missing"]),
        (None, 2 * HOURS, ("income",), ("r",), "refer", ["features_missing", "features_too_old", "reported_by_rule"]),
        ("0", HOURS, (), ("r",), "refer", ["reported_by_rule"]),
        ("0.1", HOURS, (), ("r",), "refer", ["reported_by_rule", "probability_not_low"]),
        ("1", HOURS, (), ("r",), "decline", ["reported_by_rule", "probability_too_high"]),
    ],
)
def test_a_doubt_refers_and_every_reason_is_given(
    probability: str | None,
    age: timedelta,
    missing: tuple[str, ...],
    rules: tuple[str, ...],
    answer: str,
    codes: list[str],
) -> None:
    exact = None if probability is None else Decimal(probability)
    decision = decide_on_borrower(exact, BOUNDS, age=age, missing=missing, rules=rules)
    assert (decision.answer, [reason.code for reason in decision.reasons]) == (answer, codes)


def test_texts_have_the_bounds_of_the_policy() -> None:
    decision = decide_on_borrower(Decimal("0.3"), BOUNDS, age=2 * HOURS, rules=("b", "a"))
    assert [reason.text for reason in decision.reasons] == [
        "The features were computed more than 48 hours ago.",
        "Rules reported the borrower: a, b.",
        "The probability of default is at least 20.5 %.",
    ]
