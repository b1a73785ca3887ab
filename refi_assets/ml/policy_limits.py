"""Sections of the model policy: limits on drift, breakdowns, promotion and the fairness screen.

Only their bounds and defaults are here. The modules of the same names apply them; a lender's numbers are in
policies/ml/ml.yaml.
"""

from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from refi_assets.specs.policies import Section

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Confidence = Annotated[float, Field(gt=50, lt=100, allow_inf_nan=False)]


class AlertLimits(Section):
    """Limits on an amount: above the first a check warns, above the second it asks for action."""

    warn_above: Amount
    alert_above: Amount

    @model_validator(mode="after")
    def _warn_first(self) -> Self:
        if self.warn_above > self.alert_above:
            raise ValueError(f"warn_above {self.warn_above} must not exceed alert_above {self.alert_above}")
        return self

    def level(self, amount: float) -> Literal["ok", "warn", "alert"]:
        """Which limit an amount exceeds."""
        return "alert" if amount > self.alert_above else "warn" if amount > self.warn_above else "ok"


class DriftLimits(Section):
    """When columns and scores have moved away from training, and realized outcomes from predicted ones.

    Columns of fewer than `least_rows_count` rows are not judged: the PSI of a small sample is high by chance.
    A realized rate is off if the predicted one is outside its interval and differs by more than `realized_gap_pct`,
    in percent of the predicted rate.
    """

    psi: AlertLimits = AlertLimits(warn_above=0.1, alert_above=0.25)
    ks: AlertLimits = AlertLimits(warn_above=0.1, alert_above=0.2)
    bins_count: int = Field(default=10, ge=2, le=100)
    categories_count: int = Field(default=20, ge=1, le=1000)
    least_share_pct: float = Field(default=0.01, gt=0, le=1)
    least_rows_count: int = Field(default=500, ge=1)
    outcome_window_days: int = Field(default=365, ge=0)
    realized_gap_pct: AlertLimits = AlertLimits(warn_above=10, alert_above=25)
    confidence_pct: Confidence = 95


class DecisionRule(Section):
    """The decision that a probability leads to: who is selected (approved), below or from the threshold on."""

    threshold: float = Field(default=0.5, gt=0, lt=1)
    selected: Literal["below", "from"] = "below"

    def selects(self, probability: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether each row is selected."""
        below = probability < self.threshold
        return below if self.selected == "below" else ~below


class FairnessLimits(Section):
    """When the fairness screen reports a group.

    It does so if the group's rate of selection, divided by that of the reference group, is below
    `warn_below_impact_ratio` (.8: the four-fifths rule, 29 CFR 1607.4(D)). Groups of fewer than `least_rows_count` rows
    are shown, but not judged. `references` names the reference group of a basis; otherwise it is the largest group.
    """

    warn_below_impact_ratio: float = Field(default=0.8, gt=0, le=1)
    least_rows_count: int = Field(default=100, ge=1)
    confidence_pct: Confidence = 95
    references: dict[str, str] = Field(default_factory=dict)


class BreakdownLimits(Section):
    """Parts that measures are broken down to: the most frequent segments, each with enough rows of both labels."""

    segments_count: int = Field(default=20, ge=1, le=1000)
    least_of_label_count: int = Field(default=10, ge=2)
    lift_parts_count: int = Field(default=10, ge=2, le=100)
    confidence_pct: Confidence = 95


class GateLimits(Section):
    """When a challenger may replace the champion, and when a first model may become champion.

    The newest period needs at least `least_of_label_count` rows of each label. The lower bound of the interval of the
    gain in ROC-AUC must be above `least_auc_gain`. The Brier score, the distance of the calibration slope from 1, and
    each group's impact ratio may be worse by the tolerances. Without a champion, ROC-AUC must be at least `floor_auc`
    and the calibration slope between `floor_slope` and `ceiling_slope`.
    """

    least_of_label_count: int = Field(default=50, ge=1)
    least_auc_gain: Amount = 0
    bootstrap_samples_count: int = Field(default=1000, ge=200, le=100_000)
    confidence_pct: Confidence = 95
    brier_tolerance: Amount = 0.001
    slope_tolerance: Amount = 0.1
    impact_ratio_tolerance: Amount = 0.05
    floor_auc: float = Field(default=0.65, ge=0.5, le=1)
    floor_slope: float = Field(default=0.8, gt=0, le=1)
    ceiling_slope: float = Field(default=1.25, ge=1, allow_inf_nan=False)
