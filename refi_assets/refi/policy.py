"""The refi policy: who may be offered a refinance, how warm a lead is, who is one person, and when a run must stop.

The rules that use the numbers are in sql/; this module only validates them.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from refi_assets.specs.policies import (
    Above,
    At,
    Below,
    Bounds,
    Change,
    CheckLimits,
    Count,
    Fall,
    Pct,
    Policy,
    Section,
    SqlType,
    Usd,
    load_policy,
)

Probability = Annotated[Pct, Field(gt=0, lt=1)]
RateSpread = Annotated[Pct, Field(gt=0, le=30)]
CreditScore = Annotated[Count, Field(ge=300, le=850)]
LatePayments = Annotated[Count, Field(le=999)]
LettersPerLoan = Annotated[Literal["one", "each"], SqlType("VARCHAR")]


class Eligibility(Section):
    """A borrower may be offered a refinance if all of these hold. A limit of None is not checked."""

    max_ltv_pct: Pct = Field(gt=0, le=200)
    min_rate_spread: RateSpread
    min_monthly_savings_usd: Usd = Field(default=Decimal(0), ge=-10_000, le=10_000)
    min_credit_score: CreditScore | None = None
    max_late_payments_12m: LatePayments | None = None
    letters_per_loan: LettersPerLoan = "one"


class Tiers(Section):
    """Half-open bands on the exact spread, in percentage points."""

    immediate_action_above: RateSpread
    hot_lead_above: RateSpread
    watchlist_above: RateSpread

    @model_validator(mode="after")
    def _hottest_first(self) -> Self:
        if not self.immediate_action_above > self.hot_lead_above > self.watchlist_above:
            raise ValueError(
                "tiers must fall: immediate_action_above > hot_lead_above > watchlist_above, but they are "
                f"{self.immediate_action_above}, {self.hot_lead_above}, {self.watchlist_above}"
            )
        return self


class RefiCheckLimits(CheckLimits):
    """Limits of the asset checks in percent: those of every domain, and refi's own."""

    quarantine_ratio_pct: Above
    source_rows_change_pct: Fall
    match_ratio_pct: Below
    audience_share_pct: Above
    unmatched_loans_pct: At = At(warn_at=Decimal(5), block_at=Decimal(30))
    unmatched_others_pct: At = At(warn_at=Decimal(5))


class Identity(Section):
    """When records are linked to one person, and when that stops a run."""

    match_probability: Probability = Decimal("0.99")
    review_probability: Probability = Decimal("0.5")
    largest_cluster: int = Field(default=10, ge=2)
    expected_duplicates_pct: Bounds = Bounds(warn_below=Decimal(0), warn_above=Decimal(50))
    clustered_share_pct: Change = Change(warn_beyond=Decimal(5))

    @model_validator(mode="after")
    def _review_before_match(self) -> Self:
        if self.review_probability > self.match_probability:
            raise ValueError(
                f"review_probability {self.review_probability} must not exceed match_probability "
                f"{self.match_probability}"
            )
        return self


class RefiPolicy(Policy):
    """policies/refi/refi.yaml."""

    eligibility: Eligibility
    tiers: Tiers
    checks: RefiCheckLimits
    identity: Identity = Identity()

    @model_validator(mode="after")
    def _eligible_loans_have_a_tier(self) -> Self:
        if self.eligibility.min_rate_spread <= self.tiers.watchlist_above:
            raise ValueError(
                f"min_rate_spread {self.eligibility.min_rate_spread} is not above watchlist_above "
                f"{self.tiers.watchlist_above}: a borrower could be eligible and in tier Ineligible at once"
            )
        return self


POLICY = RefiPolicy


def load_refi_policy(path: Path) -> RefiPolicy:
    """policies/refi/refi.yaml, or another file for the same. Raises SettingError with the file, key and bound."""
    return load_policy(path, RefiPolicy)
