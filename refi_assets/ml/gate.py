"""The promotion gate: whether a challenger may replace the champion, judged on the newest period.

It returns a verdict with its numbers and changes nothing: aliases belong to registry.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from refi_assets.errors import ModelError
from refi_assets.ml.fairness import FairnessScreen, screen_model
from refi_assets.ml.measures import measure
from refi_assets.ml.policy_limits import DecisionRule, FairnessLimits, GateLimits
from refi_assets.ml.tables import Bools, Floats, Texts


@dataclass(frozen=True)
class GateRule:
    """One condition of the gate; `reason` is a sentence with its numbers."""

    name: str
    passed: bool
    reason: str


@dataclass(frozen=True)
class GateVerdict:
    """All conditions, and the numbers behind them, which are JSON."""

    rules: tuple[GateRule, ...]
    numbers: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether every condition holds."""
        return all(rule.passed for rule in self.rules)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the challenger is refused, or why it is not."""
        return tuple(rule.reason for rule in self.rules if rule.passed == self.passed)

    def as_json(self) -> dict[str, Any]:
        """The verdict, for JSON."""
        return {"passed": self.passed, "rules": [*map(asdict, self.rules)], **self.numbers}


@dataclass(frozen=True)
class AucGain:
    """ROC-AUC of the challenger less that of the champion, with the interval of a paired bootstrap."""

    gain: float
    low: float
    high: float
    confidence_pct: float


@dataclass(frozen=True)
class FlippedDecisions:
    """The numbers of the rows that only one of two models selects."""

    newly_selected: np.ndarray[tuple[int], np.dtype[np.intp]]
    newly_refused: np.ndarray[tuple[int], np.dtype[np.intp]]


@dataclass(frozen=True)
class NewestPeriod:
    """The data of the gate: labels, and for each basis of the fairness screen the group of each row (None: unknown)."""

    label: Bools
    groups: Mapping[str, Texts]

    def __post_init__(self) -> None:
        if self.label.all() or not self.label.any():
            outcome = "no row" if not len(self.label) else "only one outcome"
            raise ModelError(
                f"Promotion: the newest period has {outcome}. Wait for more outcomes, or widen the period."
            )


def judge_first_model(period: NewestPeriod, probability: Floats, limits: GateLimits) -> GateVerdict:
    """Whether a model may become champion if there is none: ROC-AUC and calibration slope within the policy's floor."""
    measures = measure(period.label, probability)
    auc, slope = measures["roc_auc"], measures["calibration_slope"]
    rules = (
        _enough_outcomes(period.label, limits),
        GateRule("roc_auc", auc >= limits.floor_auc, f"ROC-AUC is {auc:.4f}; at least {limits.floor_auc:g} is needed."),
        GateRule(
            "calibration_slope",
            limits.floor_slope <= slope <= limits.ceiling_slope,
            f"The calibration slope is {slope:.3f}; it must be between {limits.floor_slope:g} and "
            f"{limits.ceiling_slope:g}.",
        ),
    )
    return GateVerdict(rules, {"rows": len(period.label), "challenger": measures, "champion": None})


def judge_challenger(
    period: NewestPeriod,
    challenger: Floats,
    champion: Floats,
    rule: DecisionRule,
    limits: GateLimits,
    fairness: FairnessLimits,
) -> GateVerdict:
    """Whether a challenger may replace the champion. `challenger` and `champion` are their probabilities, by row."""
    gain = bootstrap_auc_gain(period.label, challenger, champion, limits)
    measures, before = measure(period.label, challenger), measure(period.label, champion)
    screens, screens_before = (
        {
            basis: screen_model(groups, period.label, probability, rule, fairness, fairness.references.get(basis))
            for basis, groups in period.groups.items()
        }
        for probability in (challenger, champion)
    )
    rules = (
        _enough_outcomes(period.label, limits),
        _better(gain, len(period.label), limits),
        *_calibration(measures, before, limits),
        *(
            _screen_not_worse(basis, screen, screens_before[basis], fairness, limits)
            for basis, screen in screens.items()
        ),
    )
    numbers = {
        "rows": len(period.label),
        "auc_gain": asdict(gain),
        "challenger": measures,
        "champion": before,
        "screens": {basis: screen.as_json() for basis, screen in screens.items()},
        "champion_screens": {basis: screen.as_json() for basis, screen in screens_before.items()},
        "flips": _flip_counts(flipped_decisions(challenger, champion, rule), period, rule),
    }
    return GateVerdict(rules, numbers)


def bootstrap_auc_gain(
    label: Bools, challenger: Floats, champion: Floats, limits: GateLimits, seed: int = 0
) -> AucGain:
    """The gain in ROC-AUC. Each sample draws positives and negatives apart, the same rows for both models."""
    draws = np.random.default_rng(seed)
    places = [np.unique(probability, return_inverse=True)[1] for probability in (challenger, champion)]
    positives, negatives = np.flatnonzero(label), np.flatnonzero(~label)
    once = np.ones(len(label))
    gains = np.empty(limits.bootstrap_samples_count)
    for sample in range(len(gains)):
        weights = np.empty(len(label))
        for rows in (positives, negatives):
            weights[rows] = np.bincount(draws.integers(len(rows), size=len(rows)), minlength=len(rows))
        gains[sample] = _auc(places[0], label, weights) - _auc(places[1], label, weights)
    tail = (100 - limits.confidence_pct) / 2
    low, high = np.percentile(gains, [tail, 100 - tail])
    gain = _auc(places[0], label, once) - _auc(places[1], label, once)
    return AucGain(gain, float(low), float(high), limits.confidence_pct)


def flipped_decisions(challenger: Floats, champion: Floats, rule: DecisionRule) -> FlippedDecisions:
    """The decisions that change if the challenger replaces the champion."""
    now, before = rule.selects(challenger), rule.selects(champion)
    return FlippedDecisions(np.flatnonzero(now & ~before), np.flatnonzero(before & ~now))


def _auc(places: np.ndarray[Any, np.dtype[np.intp]], label: Bools, weights: Floats) -> float:
    """ROC-AUC of weighted rows; `places` are the ranks of their scores, equal ones for ties."""
    positive, negative = np.bincount(places, weights * label), np.bincount(places, weights * ~label)
    below = negative.cumsum() - negative
    return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))


def _enough_outcomes(label: Bools, limits: GateLimits) -> GateRule:
    """A few outcomes decide by chance, and an interval of resamples of them does not show it."""
    count = int(min(label.sum(), (~label).sum()))
    reason = f"The rarer outcome has {count:,} rows; at least {limits.least_of_label_count:,} are needed."
    return GateRule("outcomes", count >= limits.least_of_label_count, reason)


def _better(gain: AucGain, rows: int, limits: GateLimits) -> GateRule:
    reason = (
        f"ROC-AUC changes by {gain.gain:+.4f} ({gain.confidence_pct:g} % interval {gain.low:+.4f} to {gain.high:+.4f}, "
        f"{rows:,} rows); the lower bound must be above {limits.least_auc_gain:g}."
    )
    return GateRule("roc_auc", gain.low > limits.least_auc_gain, reason)


def _calibration(now: Mapping[str, float], before: Mapping[str, float], limits: GateLimits) -> Iterator[GateRule]:
    rise = now["brier"] - before["brier"]
    reason = (
        f"The Brier score is {now['brier']:.5f}, the champion's {before['brier']:.5f}; it may be higher by at most "
        f"{limits.brier_tolerance:g}."
    )
    yield GateRule("brier", rise <= limits.brier_tolerance, reason)
    slopes = now["calibration_slope"], before["calibration_slope"]
    distance, distance_before = (abs(slope - 1) for slope in slopes)
    reason = (
        f"The calibration slope is {slopes[0]:.3f}, the champion's {slopes[1]:.3f}; it may be farther from 1 by at "
        f"most {limits.slope_tolerance:g}."
    )
    yield GateRule("calibration_slope", distance <= distance_before + limits.slope_tolerance, reason)


def _screen_not_worse(
    basis: str, now: FairnessScreen, before: FairnessScreen, fairness: FairnessLimits, limits: GateLimits
) -> GateRule:
    """No group's impact ratio falls by more than the tolerance; a ratio above 1 counts as 1."""
    worse, ratios = [], []
    for group, group_before in zip(now.groups, before.groups, strict=True):  # both by size, so in one order
        if group.group == now.reference or group.selected.rows < fairness.least_rows_count:
            continue
        ratio, ratio_before = (screened.impact_ratio for screened in (group, group_before))
        ratios.append(f"{group.group} {_ratio(ratio)} (champion {_ratio(ratio_before)})")
        if ratio is None or min(ratio_before or 0, 1) - min(ratio, 1) > limits.impact_ratio_tolerance:
            worse.append(group.group)
    reason = (
        f"Fairness screen by {basis}, impact ratios against {now.reference}: "
        f"{', '.join(ratios) or 'no group is large enough to be judged'}. "
        f"Lower by more than {limits.impact_ratio_tolerance:g}: {', '.join(worse) or 'none'}."
    )
    return GateRule(f"fairness_{basis}", not worse, reason)


def _ratio(ratio: float | None) -> str:
    return "unknown" if ratio is None else f"{ratio:.3f}"


def _flip_counts(flips: FlippedDecisions, period: NewestPeriod, rule: DecisionRule) -> dict[str, Any]:
    by_group: dict[str, Any] = {}
    for basis, groups in period.groups.items():
        names = sorted({group for group in groups if group is not None})
        by_group[basis] = {
            name: {direction: int((groups[rows] == name).sum()) for direction, rows in asdict(flips).items()}
            for name in names
        }
    counts = {direction: len(rows) for direction, rows in asdict(flips).items()}
    return {"threshold": rule.threshold, "selected": rule.selected, **counts, "by_group": by_group}
