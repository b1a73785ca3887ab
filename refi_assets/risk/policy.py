"""The policy of live default risk: what counts as late, the bands of scores, and the bounds of rules and decisions.

The rules that use the numbers are in sql/risk/; this module only validates them.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from refi_assets.specs.policies import (
    CheckLimits,
    Count,
    Days,
    Pct,
    Percent,
    Policy,
    Section,
    SqlType,
    Usd,
    load_policy,
    policy_file,
)

_MOST_HOURS = 24 * 365 * 100

SharePct = Annotated[Percent, SqlType("DECIMAL(9,6)")]


class EventLimits(Section):
    """When an event is too late or too early, and how long the stream knows it again."""

    late_after_hours: Count = Field(ge=0, le=_MOST_HOURS)
    ahead_minutes: Count = Field(ge=0, le=24 * 60)
    dedup_days: Days = Field(ge=1, le=90)


class Bands(Section):
    """The least probabilities of the bands high and medium; lower ones are low."""

    high_band_from_pct: SharePct
    medium_band_from_pct: SharePct

    @model_validator(mode="after")
    def _medium_below_high(self) -> Self:
        if self.medium_band_from_pct > self.high_band_from_pct:
            raise ValueError(
                f"medium_band_from_pct {self.medium_band_from_pct} must not exceed high_band_from_pct "
                f"{self.high_band_from_pct}"
            )
        return self


class HighRisk(Section):
    """When a score reports its borrower."""

    probability_above_pct: SharePct
    rise_above_pct: SharePct
    rise_within_days: Days = Field(ge=1, le=366)


class Fraud(Section):
    """When a transaction is possibly fraudulent."""

    velocity_least_count: Count = Field(ge=2)
    velocity_within_minutes: Count = Field(ge=1, le=24 * 60)
    history_least_count: Count = Field(ge=1)
    amount_factor: Pct = Field(ge=1)
    amount_least_usd: Usd = Field(gt=0)
    payee_within_hours: Count = Field(ge=1, le=24 * 31)
    payee_payout_least_usd: Usd = Field(gt=0)
    payee_factor: Pct = Field(ge=0)


class Decisions(Section):
    """What a score decides: approve below the first bound, decline from the second, refer in between."""

    approve_below_pct: SharePct
    decline_from_pct: SharePct
    stale_after_hours: Count = Field(ge=1)

    @model_validator(mode="after")
    def _approve_below_decline(self) -> Self:
        if self.approve_below_pct > self.decline_from_pct:
            raise ValueError(
                f"approve_below_pct {self.approve_below_pct} must not exceed decline_from_pct {self.decline_from_pct}"
            )
        return self


class Loss(Section):
    """The share lost at default, and the share of today's balance that is owed then."""

    lgd_pct: Percent
    ead_pct: Decimal = Field(ge=0, le=1000, decimal_places=6)


class SignalLimits(Section):
    """Limits of a measure of the stream: above the first the check warns, above the second it fails."""

    warn_above: int = Field(ge=0)
    block_above: int = Field(ge=0)

    @model_validator(mode="after")
    def _warn_first(self) -> Self:
        if self.warn_above > self.block_above:
            raise ValueError(f"warn_above {self.warn_above} must not exceed block_above {self.block_above}")
        return self


class StreamHealth(Section):
    """When the stream counts as unwell: seconds that a partition is behind, minutes without a batch."""

    lag_seconds: SignalLimits
    silent_minutes: SignalLimits


class RiskPolicy(Policy):
    """policies/risk/risk.yaml."""

    events: EventLimits
    bands: Bands
    high_risk: HighRisk
    fraud: Fraud
    decisions: Decisions
    losses: Mapping[str, Loss]
    health: StreamHealth
    checks: CheckLimits = CheckLimits()


POLICY = RiskPolicy


def load_risk_policy(path: Path | None = None) -> RiskPolicy:
    """policies/risk/risk.yaml, or another file for the same. Raises SettingError with the key and the bound."""
    return load_policy(path or policy_file("risk"), RiskPolicy)


@contextmanager
def policy_with_late(path: Path | None) -> Iterator[Path]:
    """A file with the same policy, but for which no event is too late. Raises SettingError."""
    policy = load_risk_policy(path)
    events = policy.events.model_copy(update={"late_after_hours": _MOST_HOURS})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "risk_with_late.yaml"
        file.write_text(policy.model_copy(update={"events": events}).model_dump_json(), encoding="utf-8")
        yield file
