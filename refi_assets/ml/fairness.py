"""The fairness screen: rates of selection and of errors by group, against a reference group.

It is a screen. It shows where to look and explains nothing: it does not know whether the members of two groups are
alike in all else, and it neither finds nor rules out discrimination.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import binomtest, fisher_exact
from scipy.stats.contingency import relative_risk
from sklearn.metrics import roc_auc_score

from refi_assets.errors import ModelError
from refi_assets.ml.policy_limits import DecisionRule, FairnessLimits
from refi_assets.ml.tables import Bools, Floats, Texts

Interval = tuple[float, float]


@dataclass(frozen=True)
class RateOfRows:
    """A share of rows, with its Wilson interval; both are None if there are no rows."""

    count: int
    rows: int
    share: float | None
    interval: Interval | None


@dataclass(frozen=True)
class GroupScreen:
    """A group's figures; None if they cannot be computed, such as a ratio to a rate of 0.

    impact_ratio: its rate of selection over that of the reference group, with Katz's interval (1978).
    odds_ratio: its odds of not being selected over those of the reference group. p_value: Fisher's exact test,
    two-sided. false_positives: predicted positive, of the rows with a negative label; false_negatives: predicted
    negative, of those with a positive one. verdict: ok, warn, or why there is none.
    """

    group: str
    selected: RateOfRows
    impact_ratio: float | None
    impact_ratio_interval: Interval | None
    odds_ratio: float | None
    p_value: float | None
    verdict: str
    false_positives: RateOfRows | None = None
    false_negatives: RateOfRows | None = None
    roc_auc: float | None = None


@dataclass(frozen=True)
class FairnessScreen:
    """The screen of one basis, such as sex: its groups, the largest first. Rows of no known group are only counted."""

    reference: str
    groups: tuple[GroupScreen, ...]
    unknown_rows: int

    def as_json(self) -> dict[str, Any]:
        """All figures, for JSON."""
        return asdict(self)


def wilson_interval(count: int, rows: int, confidence_pct: float) -> Interval:
    """Wilson's score interval (1927) of a share; rows >= 1."""
    interval = binomtest(count, rows).proportion_ci(confidence_pct / 100, method="wilson")
    return float(interval.low), float(interval.high)


def rate_of_rows(count: int, rows: int, confidence_pct: float) -> RateOfRows:
    """A share with its interval."""
    if not rows:
        return RateOfRows(count, rows, None, None)
    return RateOfRows(count, rows, count / rows, wilson_interval(count, rows, confidence_pct))


def screen_decisions(
    groups: Texts, selected: Bools, limits: FairnessLimits, reference: str | None = None
) -> FairnessScreen:
    """The screen of decisions, whoever made them.

    groups: a text for each row, None if it is not known. The reference is by default the largest group. Raises
    ModelError if no row has a group, or none has the reference.
    """
    members = dict(_members(groups))
    if not members:
        raise ModelError("Fairness screen: no row has a known group. Complete the group file, or leave it out.")
    base = next(iter(members)) if reference is None else reference
    if base not in members:
        raise ModelError(f"Fairness screen: no row is of the reference group {base!r}; groups: {', '.join(members)}.")
    screens = tuple(
        _reference(group, selected[rows], limits)
        if group == base
        else _compared(group, selected[rows], selected[members[base]], limits)
        for group, rows in members.items()
    )
    return FairnessScreen(base, screens, len(groups) - sum(int(rows.sum()) for rows in members.values()))


def screen_model(
    groups: Texts,
    label: Bools,
    probability: Floats,
    rule: DecisionRule,
    limits: FairnessLimits,
    reference: str | None = None,
) -> FairnessScreen:
    """The screen of the decisions that a model's probabilities lead to, with errors and ROC-AUC by group.

    All arrays have one length; the rest is as in screen_decisions. A row is predicted positive from the threshold on.
    """
    screen = screen_decisions(groups, rule.selects(probability), limits, reference)
    predicted = probability >= rule.threshold
    screens = []
    for group in screen.groups:
        rows = groups == group.group
        positive, negative = rows & label, rows & ~label
        rates = [
            rate_of_rows(int(errors.sum()), int(of.sum()), limits.confidence_pct)
            for errors, of in ((negative & predicted, negative), (positive & ~predicted, positive))
        ]
        auc = float(roc_auc_score(label[rows], probability[rows])) if positive.any() and negative.any() else None
        screens.append(replace(group, false_positives=rates[0], false_negatives=rates[1], roc_auc=auc))
    return replace(screen, groups=tuple(screens))


def _members(groups: Texts) -> Iterator[tuple[str, Bools]]:
    """Each group with its rows: the largest first, equally large ones by name."""
    names, counts = np.unique([group for group in groups if group is not None], return_counts=True)
    for _, name in sorted(zip(-counts, map(str, names), strict=True)):
        yield name, groups == name


def _reference(group: str, selected: Bools, limits: FairnessLimits) -> GroupScreen:
    rate = rate_of_rows(int(selected.sum()), len(selected), limits.confidence_pct)
    return GroupScreen(group, rate, None, None, None, None, "reference")


def _compared(group: str, selected: Bools, reference: Bools, limits: FairnessLimits) -> GroupScreen:
    rate = rate_of_rows(int(selected.sum()), len(selected), limits.confidence_pct)
    base = int(reference.sum())
    refused, base_refused = rate.rows - rate.count, len(reference) - base
    p_value = float(fisher_exact([[refused, rate.count], [base_refused, base]]).pvalue)
    ratio, interval = None, None
    if base:
        risk = relative_risk(rate.count, rate.rows, base, len(reference))
        ratio = float(risk.relative_risk)
        if rate.count:
            bounds = risk.confidence_interval(limits.confidence_pct / 100)
            interval = (float(bounds.low), float(bounds.high))
    odds = refused * base / (rate.count * base_refused) if rate.count and base_refused else None
    return GroupScreen(group, rate, ratio, interval, odds, p_value, _verdict(rate.rows, ratio, limits))


def _verdict(rows: int, ratio: float | None, limits: FairnessLimits) -> str:
    if rows < limits.least_rows_count:
        return "few rows"
    if ratio is None:
        return "nobody selected in the reference group"
    return "warn" if ratio < limits.warn_below_impact_ratio else "ok"
