"""Parameters are recovered from patterns simulated with known ones; families are distinguished from slips."""

import numpy as np
import pandas as pd
import pytest

from refi_assets.identity.comparisons import Comparison, comparisons_of
from refi_assets.identity.estimation import Parameters, estimate

COMPARISONS = comparisons_of(["given", "surname", "birth", "phone"])
PAIRS, MATCHES = 400_000, 4_000


def shares(comparison: Comparison, best: float) -> np.ndarray:
    """The best level's share, and the rest evenly."""
    levels = len(comparison.all_levels)
    return np.array([(1 - best) / (levels - 1)] * (levels - 1) + [best])


M = {
    comparison.name: shares(comparison, best)
    for comparison, best in zip(COMPARISONS, (0.8, 0.85, 0.9, 0.7), strict=True)
}
U = {
    comparison.name: np.array([0.97, *[0.03 / len(comparison.levels)] * len(comparison.levels)])
    for comparison in COMPARISONS
}


def draw(rng: np.random.Generator, size: int, by: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame({name: rng.choice(len(share), size, p=share) for name, share in by.items()})


def patterns(pairs: pd.DataFrame) -> pd.DataFrame:
    counted = pairs.value_counts().rename("pairs").reset_index()
    names = [comparison.name for comparison in COMPARISONS]
    counted["is_no_match"] = (counted[names] < 1).all(axis=1)
    apart = counted["given_name"] == 0, counted["date_of_birth"] == 0
    counted["is_family"], counted["is_relative"] = apart[0] & apart[1], apart[0] | apart[1]
    return counted


def estimated(families: int = 0) -> Parameters:
    rng = np.random.default_rng(7)
    matching, others = draw(rng, MATCHES, M), draw(rng, PAIRS - MATCHES, U)
    family = draw(rng, families, M).assign(given_name=0, date_of_birth=0)
    matching.loc[rng.random(MATCHES) < 0.2, "phone"] = -1  # not known, which is not evidence
    compared = pd.concat([matching, others, family])
    return estimate(COMPARISONS, patterns(compared), patterns(draw(rng, PAIRS, U)), PAIRS)


def test_m_u_and_the_prior_are_recovered():
    parameters = estimated()

    assert parameters.expected_pairs == pytest.approx(MATCHES, rel=0.05)
    assert parameters.prior == pytest.approx(MATCHES / PAIRS, rel=0.05)
    for name, m in M.items():
        assert parameters.m[name] == pytest.approx(m, abs=0.03), name
        assert parameters.u[name] == pytest.approx(U[name], abs=0.003), name
    assert not parameters.has_families


def test_many_pairs_that_share_all_but_given_name_and_birth_are_families_and_not_matches():
    parameters = estimated(families=2_000)

    assert parameters.has_families
    assert parameters.m["given_name"][0] < 0.01, "records with different given names are of relatives"
    assert parameters.expected_pairs < MATCHES


def test_without_matches_shipped_parameters_decide():
    rng = np.random.default_rng(7)
    nobody = patterns(draw(rng, 100, {name: np.array([1.0, *[0.0] * (len(u) - 1)]) for name, u in U.items()}))

    parameters = estimate(COMPARISONS, nobody, nobody, 100)

    for comparison in COMPARISONS:
        shipped = np.array([level.m for level in comparison.all_levels])
        assert parameters.m[comparison.name] == pytest.approx(shipped / shipped.sum(), abs=0.02)
