"""A scorecard: a logistic regression on bins, in which each bin has points, so that a person can add up a score.

A bin's weight of evidence is the logarithm of its odds of the positive label over the odds of all rows; it is monotone
in a number. Missing values, sentinels and rare levels have bins of their own. Weights are not negative, so a bin with
more of the positive label never lowers the probability. Siddiqi, Credit Risk Scorecards (2006), describes the method.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from scipy.optimize import minimize
from scipy.special import expit

from refi_assets.ml.columns import InputColumn, column_of
from refi_assets.ml.policy import ScorecardScale
from refi_assets.ml.tables import Bools, Floats, Table, is_missing

Numbers = npt.NDArray[np.int64]


class BinnedInput(BaseModel):
    """The bins of one input: those of its values, then one for each sentinel, for rare levels, and for missing values.

    `edges` are the upper limits of a number's bins but the last; a value at a limit belongs below it. `bin_of_level`
    is in the order of the input's levels. `evidence` is the weight of evidence of each bin, `shares` its share of the
    training rows in percent.
    """

    model_config = ConfigDict(frozen=True)

    column: InputColumn
    edges: tuple[float, ...] = ()
    bin_of_level: tuple[int, ...] = ()
    evidence: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()

    @property
    def values_bins(self) -> int:
        """The number of bins of ordinary values."""
        return len(self.edges) + 1 if self.column.kind == "number" else 1 + max(self.bin_of_level, default=-1)

    def bins(self, table: Table) -> Numbers:
        """The bin of each row."""
        values, ordinary = column_of(table, self.column), self.values_bins
        if self.column.kind == "number":
            bins = np.searchsorted(np.array(self.edges), values, side="left")
            for number, sentinel in enumerate(self.column.sentinels):
                bins[values == sentinel] = ordinary + number
            bins[is_missing(values)] = ordinary + len(self.column.sentinels)
            return bins
        bins = np.full(len(values), ordinary)
        for level, number in zip(self.column.levels, self.bin_of_level, strict=True):
            bins[values == level] = number
        bins[is_missing(values)] = ordinary + 1
        return bins

    @property
    def labels(self) -> list[str]:
        """A text for each bin."""
        if self.column.kind == "category":
            levels = [
                ", ".join(
                    level for level, place in zip(self.column.levels, self.bin_of_level, strict=True) if place == n
                )
                for n in range(self.values_bins)
            ]
            return [*levels, "rare or unknown", "missing"]
        limits = [f"{edge:.6g}" for edge in self.edges]
        between = [f"above {low} to {high}" for low, high in pairwise(limits)]
        ordinary = [f"to {limits[0]}", *between, f"above {limits[-1]}"] if limits else ["any number"]
        return [*ordinary, *(f"{value:g}" for value in self.column.sentinels), "missing"]


class Scorecard(BaseModel):
    """Bins, a weight for each input, and an intercept: the log-odds are intercept + sum of weight x evidence."""

    model_config = ConfigDict(frozen=True)

    binned: tuple[BinnedInput, ...]
    weights: tuple[float, ...]
    intercept: float

    def parts(self, table: Table) -> Floats:
        """The contribution of each input to the log-odds: a row for each row, a column for each input."""
        parts: Floats = self.evidence(table) * np.array(self.weights)
        return parts

    def evidence(self, table: Table) -> Floats:
        """The weight of evidence of each row's bins: a row for each row, a column for each input."""
        return _evidence(self.binned, table)

    def log_odds(self, table: Table) -> Floats:
        """The log-odds of the positive label, one for each row."""
        total: Floats = self.intercept + self.parts(table).sum(axis=1)
        return total


def fit_scorecard(inputs: Sequence[InputColumn], table: Table, label: Bools, scale: ScorecardScale) -> Scorecard:
    """The scorecard of training rows that have both labels."""
    binned = [_bin(column_input, table, label, scale) for column_input in inputs]
    weights, intercept = _fit_weights(_evidence(binned, table), label, scale.penalty)
    return Scorecard(binned=tuple(binned), weights=tuple(weights.tolist()), intercept=intercept)


def _evidence(binned: Sequence[BinnedInput], table: Table) -> Floats:
    return np.column_stack([np.array(item.evidence)[item.bins(table)] for item in binned])


def _fit_weights(evidence: Floats, label: Bools, penalty: float) -> tuple[Floats, float]:
    """Weights that are not negative, by maximum likelihood with a penalty of squared weights."""
    sign = np.where(label, 1.0, -1.0)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margin = sign * (evidence @ parameters[:-1] + parameters[-1])
        slope = -sign * expit(-margin)
        gradient = np.append(evidence.T @ slope + 2 * penalty * parameters[:-1], slope.sum())
        return float(np.logaddexp(0, -margin).sum() + penalty * (parameters[:-1] ** 2).sum()), gradient

    share = label.mean()
    start = np.append(np.full(evidence.shape[1], 0.5), np.log(share / (1 - share)))
    bounds = [(0, None)] * evidence.shape[1] + [(None, None)]
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500}).x
    return fitted[:-1], float(fitted[-1])


def _bin(column_input: InputColumn, table: Table, label: Bools, scale: ScorecardScale) -> BinnedInput:
    binned = BinnedInput(column=column_input, **_cuts(column_input, table, label, scale))
    bins = binned.bins(table)
    size = len(binned.labels)
    positive, total = np.bincount(bins, weights=label, minlength=size), np.bincount(bins, minlength=size)
    # Half a row of each label more, so that a small bin's evidence is small and an empty one's is none.
    odds = label.mean() / (1 - label.mean())
    smooth = 0.5
    evidence = np.log((positive + smooth * odds) / (total - positive + smooth) / odds)
    evidence[total == 0] = 0.0
    if column_input.kind == "number":
        # Half a row more could turn around bins whose shares are nearly the same.
        ordinary = evidence[: binned.values_bins]
        rising = column_input.direction or (1 if ordinary[-1] >= ordinary[0] else -1)
        ordinary[:] = rising * np.maximum.accumulate(rising * ordinary)
    return binned.model_copy(
        update={"evidence": tuple(evidence.tolist()), "shares": tuple((total * 100 / len(label)).tolist())}
    )


def _cuts(
    column_input: InputColumn, table: Table, label: Bools, scale: ScorecardScale
) -> dict[str, tuple[float, ...] | tuple[int, ...]]:
    """The edges of a number's bins, or the bin of each level."""
    values = column_of(table, column_input)
    if column_input.kind == "number":
        ordinary = ~(is_missing(values) | np.isin(values, column_input.sentinels))
        return {"edges": _edges(values[ordinary], label[ordinary], column_input.direction, len(label), scale)}
    rates = [label[values == level].mean() for level in column_input.levels]
    order = np.argsort(rates, kind="stable")
    rank = {column_input.levels[place]: float(number) for number, place in enumerate(order)}
    ranks = np.array([rank.get(value, np.nan) for value in values])
    known = ~np.isnan(ranks)
    edges = _edges(ranks[known], label[known], 1, len(label), scale)
    return {"bin_of_level": tuple(int(np.searchsorted(edges, rank[level])) for level in column_input.levels)}


def _edges(values: Floats, label: Bools, direction: int, rows: int, scale: ScorecardScale) -> tuple[float, ...]:
    """Limits between which the share of the positive label only rises, or only falls, found by a small tree."""
    least = max(5, int(rows * scale.least_bin_share_pct / 100))
    if len(values) < 2 * least or label.all() or not label.any():
        return ()
    from sklearn.tree import DecisionTreeClassifier  # takes a second, which scoring does without

    trees = [
        DecisionTreeClassifier(
            criterion="entropy", max_leaf_nodes=scale.most_bins, min_samples_leaf=least, monotonic_cst=[sign]
        ).fit(values.reshape(-1, 1), label)
        for sign in ([direction] if direction else [1, -1])
    ]
    tree = max((tree.tree_ for tree in trees), key=_information)
    return tuple(sorted(tree.threshold[tree.children_left >= 0].tolist()))


def _information(tree: object) -> float:
    """The entropy that a tree's leaves explain, in rows."""
    leaves = tree.children_left < 0  # type: ignore[attr-defined]
    return -float((tree.n_node_samples * tree.impurity)[leaves].sum())  # type: ignore[attr-defined]
