"""Parameters of the model, estimated from the data without labels, from counted patterns of comparison.

A pattern is the level that each comparison of a pair has, 0 the least alike, -1 not known. u comes from random pairs;
m and the prior by expectation maximisation over the pairs that blocking brings together: no other pair is taken for a
match. Shipped parameters weigh as much as a few pairs: where data are few, they decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from refi_assets.identity.comparisons import Comparison

SHIPPED_WEIGHT = 10.0  # pairs
FLOOR = 0.5  # of a random pair, so that no level is impossible
CONVERGED = 1e-4
MOST_ITERATIONS = 200

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parameters:
    """The probability that two random records match, and of each comparison m and u by level, the least alike first."""

    prior: float
    m: dict[str, Numbers]
    u: dict[str, Numbers]
    iterations: int
    expected_pairs: float  # of one person, among those compared


def estimate(
    comparisons: Sequence[Comparison], compared: pd.DataFrame, drawn: pd.DataFrame, possible_pairs: float
) -> Parameters:
    """Parameters from patterns (a column a comparison, and `pairs`) of compared and of randomly drawn pairs."""
    drawn_pairs = drawn["pairs"].to_numpy(float)
    u = {
        one.name: _shares(_counts(drawn, one, drawn_pairs), _normal([level.u for level in one.all_levels]), FLOOR)
        for one in comparisons
    }
    shipped = {one.name: _normal([level.m for level in one.all_levels]) for one in comparisons}
    m = dict(shipped)
    pairs = compared["pairs"].to_numpy(float)
    prior = _starting_prior(comparisons, compared, possible_pairs)
    expected = 0.0
    for iterations in range(1, MOST_ITERATIONS + 1):
        weight = np.full(len(compared), np.log(prior / (1 - prior)))
        for one in comparisons:
            level = compared[one.name].to_numpy(int)
            weight += np.where(level < 0, 0.0, np.log(m[one.name] / u[one.name])[level])
        matching = pairs / (1 + np.exp(-weight))
        expected = float(matching.sum())
        before, prior = prior, min(max(expected, 0.5) / possible_pairs, 0.5)
        moved = abs(prior / before - 1)
        for one in comparisons:
            shares = _shares(_counts(compared, one, matching), shipped[one.name], SHIPPED_WEIGHT)
            moved = max(moved, float(np.abs(shares - m[one.name]).max()))
            m[one.name] = shares
        if moved < CONVERGED:
            break
    return Parameters(prior, m, u, iterations, expected)


def _starting_prior(comparisons: Sequence[Comparison], compared: pd.DataFrame, possible_pairs: float) -> float:
    """From a deterministic rule: what is known of both records is the same, and that is three things at least."""
    best = np.array([len(one.levels) for one in comparisons])
    levels = compared[[one.name for one in comparisons]].to_numpy(int)
    the_same = ((levels == best) | (levels < 0)).all(axis=1) & ((levels >= 0).sum(axis=1) >= min(3, len(comparisons)))
    return float(np.clip(compared["pairs"].to_numpy(float)[the_same].sum(), 1, possible_pairs / 4) / possible_pairs)


def _counts(patterns: pd.DataFrame, one: Comparison, amount: Numbers) -> Numbers:
    """The amount at each level."""
    level = patterns[one.name].to_numpy(int)
    known = level >= 0
    return np.bincount(level[known], weights=amount[known], minlength=len(one.all_levels)).astype(float)


def _shares(counts: Numbers, shipped: Numbers, weight: float) -> Numbers:
    shares: Numbers = (counts + shipped * weight) / (counts.sum() + weight)
    return shares


def _normal(shares: Sequence[float]) -> Numbers:
    normal: Numbers = np.asarray(shares, float) / sum(shares)
    return normal
