"""Parameters of the model, estimated from the data without labels, from counted patterns of comparison.

A pattern is the level that each comparison of a pair has, 0 the least alike, -1 not known. u comes from random pairs;
m and the prior by expectation maximisation over the pairs that blocking brings together: no other pair is taken for a
match. Shipped parameters weigh as much as a few pairs: where data are few, they decide.
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
FAMILIES = 10.0  # times as many pairs as slips of the pen explain are families
CONVERGED = 1e-4
MOST_ITERATIONS = 200

Numbers = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int_]  # of each pattern


@dataclass(frozen=True)
class Parameters:
    """The probability that two random records match, and of each comparison m and u by level, the least alike first."""

    prior: float
    m: dict[str, Numbers]
    u: dict[str, Numbers]
    iterations: int
    expected_pairs: float  # of one person, among those compared
    has_families: bool = False  # more pairs of a family than slips of the pen explain: they are no matches

    def share_different(self, comparison: str) -> float:
        """The share of pairs of one person that are not alike at all, 0 where that is not compared."""
        return float(self.m[comparison][0]) if comparison in self.m else 0.0


def estimate(
    comparisons: Sequence[Comparison], compared: pd.DataFrame, drawn: pd.DataFrame, possible_pairs: float
) -> Parameters:
    """Parameters from patterns of compared and of randomly drawn pairs.

    Patterns have a column a comparison and `pairs`; those compared `is_no_match`, `is_family` and `is_relative`, too.
    """
    drawn_pairs, drawn_levels = drawn["pairs"].to_numpy(float), _levels(drawn, comparisons)
    u = {one.name: _u(_counts(drawn_levels[one.name], drawn_pairs, len(one.all_levels)), one) for one in comparisons}
    is_family = compared["is_family"].to_numpy(bool)
    may_match = ~compared["is_no_match"].to_numpy(bool)
    found, probability = _maximise(comparisons, compared, may_match & ~is_family, u, possible_pairs)
    if not is_family.any():
        return found
    family = float((probability * compared["pairs"])[is_family & may_match].sum())
    slips = found.expected_pairs * found.m["given_name"][0] * found.m["date_of_birth"][0]
    if family > FAMILIES * max(slips, 1.0):
        may_match &= ~compared["is_relative"].to_numpy(bool)
        return replace(_maximise(comparisons, compared, may_match, u, possible_pairs)[0], has_families=True)
    return _maximise(comparisons, compared, may_match, u, possible_pairs)[0]


def shipped(comparisons: Sequence[Comparison]) -> Parameters:
    """The shipped parameters, for where there is no pair to estimate any from."""
    return Parameters(
        prior=SHIPPED_PRIOR,
        m={one.name: _normal([level.m for level in one.all_levels]) for one in comparisons},
        u={one.name: _normal([level.u for level in one.all_levels]) for one in comparisons},
        iterations=0,
        expected_pairs=0.0,
    )


def _maximise(
    comparisons: Sequence[Comparison],
    compared: pd.DataFrame,
    may_match: npt.NDArray[np.bool_],
    u: dict[str, Numbers],
    possible_pairs: float,
) -> tuple[Parameters, Numbers]:
    """Expectation maximisation; the parameters, and the probability of each pattern, whether it may match or not."""
    known = shipped(comparisons).m
    m, levels = dict(known), _levels(compared, comparisons)
    pairs = compared["pairs"].to_numpy(float)
    prior = _starting_prior(comparisons, compared, possible_pairs)
    iterations, moved = 0, 1.0
    while moved > CONVERGED and iterations < MOST_ITERATIONS:
        iterations += 1
        weight = np.full(len(compared), np.log(prior / (1 - prior)))
        for name, level in levels.items():
            weight += np.where(level < 0, 0.0, np.log(m[name] / u[name])[level])
        probability: Numbers = 1 / (1 + np.exp(-weight))
        matching = np.where(may_match, pairs * probability, 0.0)
        expected = float(matching.sum())
        before, prior = prior, min(max(expected, 0.5) / possible_pairs, 0.5)
        moved = abs(prior / before - 1)
        for name, level in levels.items():
            shares = _shares(_counts(level, matching, len(m[name])), known[name], SHIPPED_WEIGHT)
            shares = _against(shares, u[name])
            moved = max(moved, float(np.abs(shares - m[name]).max()))
            m[name] = shares
    return Parameters(prior, m, u, iterations, expected), probability


def _starting_prior(comparisons: Sequence[Comparison], compared: pd.DataFrame, possible_pairs: float) -> float:
    """From a deterministic rule: what is known of both records is the same, and that is three things at least."""
    best = np.array([len(one.levels) for one in comparisons])
    levels = compared[[one.name for one in comparisons]].to_numpy(int)
    the_same = ((levels == best) | (levels < 0)).all(axis=1) & ((levels >= 0).sum(axis=1) >= min(3, len(comparisons)))
    return float(np.clip(compared["pairs"].to_numpy(float)[the_same].sum(), 1, possible_pairs / 4) / possible_pairs)


def _levels(patterns: pd.DataFrame, comparisons: Sequence[Comparison]) -> dict[str, Levels]:
    return {one.name: patterns[one.name].to_numpy(int) for one in comparisons}


def _counts(level: Levels, amount: Numbers, levels: int) -> Numbers:
    """The amount at each level."""
    known = level >= 0
    return np.bincount(level[known], weights=amount[known], minlength=levels).astype(float)


def _u(counts: Numbers, one: Comparison) -> Numbers:
    """As drawn. A level that was not drawn is as rare as shipped, or as half a pair of those drawn, if that is less.

    Equal values that were not drawn are rarer by far: how rare is known when pairs are weighed, by the value.
    """
    drawn = max(counts.sum(), UNSEEN)
    by_value = np.array([level.has_term_frequencies for level in one.all_levels])
    known = _normal([level.u for level in one.all_levels])
    unseen = np.where(by_value, known * UNSEEN / drawn, np.minimum(known, UNSEEN / drawn))
    return _normal(np.where(counts > 0, counts / drawn, unseen))


def _shares(counts: Numbers, shipped: Numbers, weight: float) -> Numbers:
    shares: Numbers = (counts + shipped * weight) / (counts.sum() + weight)
    return shares


def _against(m: Numbers, u: Numbers) -> Numbers:
    """m whose level `different` is no likelier than of two random records: a difference is never evidence for a match.

    Where nearly all records have one name, another name is rarer among random pairs than slips are among matches.
    """
    if m[0] <= u[0]:
        return m
    rest: Numbers = m[1:] * (1 - u[0]) / m[1:].sum()
    return np.concatenate(([u[0]], rest))


def _normal(shares: Sequence[float] | Numbers) -> Numbers:
    normal: Numbers = np.asarray(shares, float) / sum(shares)
    return normal
