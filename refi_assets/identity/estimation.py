"""Estimation of the model's parameters from the data, without labels, from counted patterns of comparison.

A pattern is the level of each comparison of a pair: 0 is the least alike, -1 is not known. u is estimated from random
pairs; m and the prior by expectation maximization over the pairs that blocking brings together, which are the only ones
taken for matches. Shipped parameters weigh as much as a few pairs, so they decide when there are few data.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from refi_assets.identity.comparisons import Comparison

SHIPPED_WEIGHT = 10.0  # pairs
SHIPPED_PRIOR = 0.0001
UNSEEN = 0.5  # of a random pair, so that no level is impossible
FAMILIES = 10.0  # times as many pairs as slips of the pen explain: then there are families in the data
CONVERGED = 1e-4
MOST_ITERATIONS = 200

Numbers = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int_]  # one level a pattern


@dataclass(frozen=True)
class Parameters:
    """The probability that two random records match, and m and u of each comparison by level, the least alike first."""

    prior: float
    m: dict[str, Numbers]
    u: dict[str, Numbers]
    iterations: int
    expected_pairs: float  # of one person, among the compared pairs
    has_families: bool = False  # more pairs of relatives than slips of the pen explain; they are not matches

    def share_different(self, comparison: str) -> float:
        """The share of pairs of one person on the level `different`; 0 for a feature that is not compared."""
        return float(self.m[comparison][0]) if comparison in self.m else 0.0


def estimate(
    comparisons: Sequence[Comparison], compared: pd.DataFrame, drawn: pd.DataFrame, possible_pairs: float
) -> Parameters:
    """Parameters from patterns of compared and of randomly drawn pairs.

    Patterns have a column for each comparison and `pairs`; compared ones also is_no_match, is_family and is_relative.
    """
    u = _estimate_u(comparisons, drawn)
    is_family = compared["is_family"].to_numpy(bool)
    may_match = ~compared["is_no_match"].to_numpy(bool)
    parameters, probability = _maximize(comparisons, compared, may_match & ~is_family, u, possible_pairs)
    if not is_family.any():
        return parameters
    family_pairs = float((probability * compared["pairs"])[is_family & may_match].sum())
    slips = parameters.expected_pairs * parameters.m["given_name"][0] * parameters.m["date_of_birth"][0]
    has_families = bool(family_pairs > FAMILIES * max(slips, 1.0))
    if has_families:
        may_match &= ~compared["is_relative"].to_numpy(bool)
    return replace(_maximize(comparisons, compared, may_match, u, possible_pairs)[0], has_families=has_families)


def shipped(comparisons: Sequence[Comparison]) -> Parameters:
    """The shipped parameters, for data without pairs to estimate from."""
    return Parameters(
        prior=SHIPPED_PRIOR,
        m={comparison.name: _normalized([level.m for level in comparison.all_levels]) for comparison in comparisons},
        u={comparison.name: _normalized([level.u for level in comparison.all_levels]) for comparison in comparisons},
        iterations=0,
        expected_pairs=0.0,
    )


def _maximize(
    comparisons: Sequence[Comparison],
    compared: pd.DataFrame,
    may_match: npt.NDArray[np.bool_],
    u: dict[str, Numbers],
    possible_pairs: float,
) -> tuple[Parameters, Numbers]:
    """Expectation maximization: the parameters, and the probability of each pattern, whether it may match or not."""
    shipped_m = shipped(comparisons).m
    m, levels = dict(shipped_m), _levels(compared, comparisons)
    pairs = compared["pairs"].to_numpy(float)
    prior = _starting_prior(comparisons, compared, possible_pairs)
    iterations, change = 0, 1.0
    while change > CONVERGED and iterations < MOST_ITERATIONS:
        iterations += 1
        weight = np.full(len(compared), np.log(prior / (1 - prior)))
        for name, level in levels.items():
            weight += np.where(level < 0, 0.0, np.log(m[name] / u[name])[level])
        probability: Numbers = 1 / (1 + np.exp(-weight))
        matching = np.where(may_match, pairs * probability, 0.0)
        expected = float(matching.sum())
        before, prior = prior, min(max(expected, 0.5) / possible_pairs, 0.5)
        change = abs(prior / before - 1)
        for name, level in levels.items():
            counts = _counts(level, matching, len(m[name]))
            shares = (counts + shipped_m[name] * SHIPPED_WEIGHT) / (counts.sum() + SHIPPED_WEIGHT)
            shares = _limit_different(shares, u[name])
            change = max(change, float(np.abs(shares - m[name]).max()))
            m[name] = shares
    return Parameters(prior, m, u, iterations, expected), probability


def _starting_prior(comparisons: Sequence[Comparison], compared: pd.DataFrame, possible_pairs: float) -> float:
    """The share of pairs in which everything known of both records is equal, three features at least."""
    best = np.array([len(comparison.levels) for comparison in comparisons])
    levels = compared[[comparison.name for comparison in comparisons]].to_numpy(int)
    is_equal = ((levels == best) | (levels < 0)).all(axis=1) & ((levels >= 0).sum(axis=1) >= min(3, len(comparisons)))
    return float(np.clip(compared["pairs"].to_numpy(float)[is_equal].sum(), 1, possible_pairs / 4) / possible_pairs)


def _levels(patterns: pd.DataFrame, comparisons: Sequence[Comparison]) -> dict[str, Levels]:
    return {comparison.name: patterns[comparison.name].to_numpy(int) for comparison in comparisons}


def _counts(level: Levels, amount: Numbers, levels: int) -> Numbers:
    """The total amount at each level."""
    is_known = level >= 0
    return np.bincount(level[is_known], weights=amount[is_known], minlength=levels).astype(float)


def _estimate_u(comparisons: Sequence[Comparison], drawn: pd.DataFrame) -> dict[str, Numbers]:
    """The share of the drawn pairs at each level. A level of no drawn pair is as rare as shipped, or as half a pair of
    those drawn if that is less.

    Equal values of no drawn pair are much rarer: how rare is computed from the value when pairs are weighed.
    """
    pairs, levels, u = drawn["pairs"].to_numpy(float), _levels(drawn, comparisons), {}
    for comparison in comparisons:
        counts = _counts(levels[comparison.name], pairs, len(comparison.all_levels))
        total = max(counts.sum(), UNSEEN)
        is_by_value = np.array([level.has_term_frequencies for level in comparison.all_levels])
        shipped_u = _normalized([level.u for level in comparison.all_levels])
        unseen = np.where(is_by_value, shipped_u * UNSEEN / total, np.minimum(shipped_u, UNSEEN / total))
        u[comparison.name] = _normalized(np.where(counts > 0, counts / total, unseen))
    return u


def _limit_different(m: Numbers, u: Numbers) -> Numbers:
    """m with the level `different` no likelier than for two random records: a difference is never evidence for a match.

    If nearly all records have one name, another name is rarer among random pairs than slips are among matches.
    """
    if m[0] <= u[0]:
        return m
    rest: Numbers = m[1:] * (1 - u[0]) / m[1:].sum()
    return np.concatenate(([u[0]], rest))


def _normalized(shares: Sequence[float] | Numbers) -> Numbers:
    normalized: Numbers = np.asarray(shares, float) / sum(shares)
    return normalized
