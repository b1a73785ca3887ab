"""Drift: columns and scores against training, and realized outcomes against predicted ones.

It only computes and judges by the policy's limits; checks, schedules and retraining are elsewhere.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from refi_assets.ml.fairness import Interval, wilson_interval
from refi_assets.ml.policy_limits import DriftLimits
from refi_assets.ml.tables import Bools, Column, Floats, Table, is_missing, is_number

Days = NDArray[np.datetime64]

LEVELS = ("few rows", "ok", "warn", "alert")  # the worst last


@dataclass(frozen=True)
class TrainingBins:
    """Where training puts the bins of a column: `limits` of numbers (a limit is in the bin below), or categories.

    The bins are those between the limits, or each category and all other texts; the last bin is that of missing values.
    """

    limits: Floats | None
    categories: tuple[str, ...] = ()

    def shares(self, column: Column) -> Floats:
        """The share of the rows in each bin; 0 everywhere if there is no row."""
        missing = is_missing(column)
        if self.limits is not None:
            bins = np.searchsorted(self.limits, column[~missing].astype(float), side="left")
            count = len(self.limits) + 1
        else:
            places = {category: place for place, category in enumerate(self.categories)}
            count = len(places) + 1
            bins = np.array([places.get(text, len(places)) for text in column[~missing]], dtype=int)
        counts = np.append(np.bincount(bins, minlength=count), missing.sum())
        return counts / max(len(column), 1)


@dataclass(frozen=True)
class ColumnDrift:
    """How far a column is from training. ks is None for texts, and if either side has no value.

    psi: population stability index, the sum over bins of (current - training) * ln(current / training) of the shares.
    ks: two-sample Kolmogorov-Smirnov statistic of the values that are not missing, 0 to 1. verdict: one of LEVELS.
    """

    name: str
    psi: float
    ks: float | None
    training_rows: int
    current_rows: int
    training_missing_share: float
    current_missing_share: float
    verdict: str


@dataclass(frozen=True)
class MonthOfOutcomes:
    """The predictions of one month. Rates and verdict are None until the outcome window of its last day has passed.

    rows: predictions. not_known: those of them whose outcome is not known. The rates are of the rows with a known
    outcome; the interval is Wilson's, of the realized rate. verdict: one of LEVELS.
    """

    month: str
    rows: int
    not_known: int
    predicted_rate: float | None = None
    realized_rate: float | None = None
    interval: Interval | None = None
    verdict: str | None = None


@dataclass(frozen=True)
class RealizedReport:
    """Realized against predicted, by month of the prediction, as of a day."""

    as_of: date
    months: tuple[MonthOfOutcomes, ...]

    @property
    def not_known(self) -> int:
        """The number of predictions whose outcome is not known yet."""
        return sum(month.not_known for month in self.months)

    def as_json(self) -> dict[str, Any]:
        """All figures, for JSON."""
        return {"as_of": self.as_of.isoformat(), "not_known": self.not_known, "months": [*map(asdict, self.months)]}


def training_bins(column: Column, limits: DriftLimits) -> TrainingBins:
    """Bins of a column as training has it.

    Of numbers: its quantiles, by default deciles; equal ones are merged. Of texts: its most frequent values.
    """
    values = column[~is_missing(column)]
    if not is_number(column):
        names, counts = np.unique(values.astype(str), return_counts=True)
        frequent = sorted(zip(-counts, map(str, names), strict=True))[: limits.categories_count]
        return TrainingBins(None, tuple(name for _, name in frequent))
    shares = np.arange(1, limits.bins_count) / limits.bins_count
    # Limits are values of the column: "inverted_cdf" does not interpolate.
    quantiles = np.quantile(values, shares, method="inverted_cdf") if len(values) else np.array([])
    return TrainingBins(np.unique(quantiles.astype(float)))


def stability_index(training: Floats, current: Floats, least_share: float) -> float:
    """PSI of the shares of two samples in the same bins; a share below `least_share` counts as that.

    Source: Siddiqi, Credit Risk Scorecards (2006), chapter 8.
    """
    expected, actual = np.maximum(training, least_share), np.maximum(current, least_share)
    return float(((actual - expected) * np.log(actual / expected)).sum())


def column_drift(name: str, training: Column, current: Column, limits: DriftLimits) -> ColumnDrift:
    """A column or score of training and of today, by the policy's limits."""
    bins = training_bins(training, limits)
    psi = stability_index(bins.shares(training), bins.shares(current), limits.least_share_pct / 100)
    missing, missing_now = is_missing(training), is_missing(current)
    ks = None
    if bins.limits is not None and not (missing.all() or missing_now.all()):
        ks = float(ks_2samp(training[~missing], current[~missing_now], method="asymp").statistic)
    if min(len(training), len(current)) < limits.least_rows_count:
        verdict = "few rows"
    else:
        verdict = max(limits.psi.level(psi), limits.ks.level(ks or 0), key=LEVELS.index)
    return ColumnDrift(
        name=name,
        psi=psi,
        ks=ks,
        training_rows=len(training),
        current_rows=len(current),
        training_missing_share=_share(missing),
        current_missing_share=_share(missing_now),
        verdict=verdict,
    )


def table_drift(training: Table, current: Table, limits: DriftLimits) -> tuple[ColumnDrift, ...]:
    """Each column of training, in its order; `current` has at least the same columns."""
    return tuple(column_drift(name, column, current[name], limits) for name, column in training.items())


def realized_against_predicted(
    probability: Floats, predicted_on: Days, outcome: Floats, known_on: Days, as_of: date, limits: DriftLimits
) -> RealizedReport:
    """Compare the predictions of each month with what became of them, as far as it could be known on a day.

    One element a prediction: its probability, its day, its outcome (1, 0; NaN if there is none), and the day on which
    that became known (NaT if it did not). Later outcomes, and predictions after `as_of`, are not read. A month is
    compared only after the whole outcome window: before that, bad outcomes are known and good ones are not yet.
    """
    today = np.datetime64(as_of, "D")
    made = predicted_on <= today
    is_known = (known_on <= today) & ~np.isnan(outcome)  # NaT is never <= a day
    months = predicted_on.astype("datetime64[M]")
    compared = []
    for month in np.unique(months[made]):
        rows = made & (months == month)
        known = rows & is_known
        counts = int(rows.sum()), int((rows & ~known).sum())
        last_day = (month + 1).astype("datetime64[D]") - 1
        if last_day + limits.outcome_window_days > today or not known.any():
            compared.append(MonthOfOutcomes(str(month), *counts))
        else:
            compared.append(_compared_month(str(month), counts, probability[known], outcome[known], limits))
    return RealizedReport(as_of, tuple(compared))


def _share(rows: Bools) -> float:
    return float(rows.mean()) if len(rows) else 0.0


def _compared_month(
    month: str, counts: tuple[int, int], probability: Floats, outcome: Floats, limits: DriftLimits
) -> MonthOfOutcomes:
    realized, predicted = float(outcome.mean()), float(probability.mean())
    low, high = wilson_interval(int(outcome.sum()), len(outcome), limits.confidence_pct)
    if len(outcome) < limits.least_rows_count:
        verdict = "few rows"
    elif low <= predicted <= high:
        verdict = "ok"
    else:
        verdict = limits.realized_gap_pct.level(100 * abs(realized / predicted - 1) if predicted else np.inf)
    return MonthOfOutcomes(month, *counts, predicted, realized, (low, high), verdict)
