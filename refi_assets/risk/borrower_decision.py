"""The decision on a borrower by live features: approve, refer or decline. What is in doubt, a person decides.

The bounds are those of `decisions` in policies/risk/risk.yaml. Nothing else compares a probability with them.
"""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from refi_assets.risk.policy import Decisions


class DecisionAnswer(StrEnum):
    """The three decisions."""

    APPROVE = "approve"
    REFER = "refer"
    DECLINE = "decline"


class DecisionReason(NamedTuple):
    """Why a borrower is not approved."""

    code: str
    text: str


class BorrowerDecision(NamedTuple):
    """A decision, and every reason against an approval."""

    answer: DecisionAnswer
    reasons: tuple[DecisionReason, ...]


def decide_on_borrower(
    probability: Decimal | None,
    bounds: Decisions,
    *,
    age: timedelta,
    missing: Collection[str] = (),
    rules: Collection[str] = (),
) -> BorrowerDecision:
    """The decision by a probability of default, which is None if `missing` names features that the model needs.

    age: time since the features were computed; rules: those that reported the borrower within `stale_after_hours`.
    Features that are too old or incomplete neither approve nor decline.
    """
    hours, approve_pct, decline_pct = bounds.stale_after_hours, bounds.approve_below_pct, bounds.decline_from_pct
    doubts, objections = [], []
    if missing:
        doubts.append(("features_missing", f"Features that the model needs are missing: {', '.join(missing)}."))
    if age > timedelta(hours=hours):
        doubts.append(("features_too_old", f"The features were computed more than {hours} hours ago."))
    if rules:
        objections.append(("reported_by_rule", f"Rules reported the borrower: {', '.join(sorted(rules))}."))
    percent = Decimal(0) if probability is None else probability * 100
    if percent >= decline_pct:
        objections.append(("probability_too_high", f"The probability of default is at least {decline_pct:f} %."))
    elif percent >= approve_pct:
        objections.append(("probability_not_low", f"The probability of default is at least {approve_pct:f} %."))
    reasons = tuple(DecisionReason(code, text) for code, text in (*doubts, *objections))
    if not reasons:
        return BorrowerDecision(DecisionAnswer.APPROVE, ())
    is_declined = percent >= decline_pct and not doubts
    return BorrowerDecision(DecisionAnswer.DECLINE if is_declined else DecisionAnswer.REFER, reasons)
