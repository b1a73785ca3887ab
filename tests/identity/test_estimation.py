"""Parameters are recovered from patterns that are simulated with known ones; families are told from slips."""

import numpy as np
import pandas as pd
import pytest

from refi_assets.identity.comparisons import Comparison, comparisons_of
from refi_assets.identity.estimation import Parameters, estimate

COMPARISONS = comparisons_of(["given", "surname", "birth", "phone"])
PAIRS, MATCHES = 400_000, 4_000


def shares(one: Comparison, best: float) -> np.ndarray:
    """The best level's share, and the rest evenly."""
    levels = len(one.all_levels)
    return np.array([(1 - best) / (levels - 1)] * (levels - 1) + [best])


M = {one.name: shares(one, best) for one, best in zip(COMPARISONS, (0.8, 0.85, 0.9, 0.7), strict=True)}
U = {one.name: np.array([0.97, *[0.03 / len(one.levels)] * len(one.levels)]) for one in COMPARISONS}


def draw(rng: np.random.Generator, size: int, by: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame({name: rng.choice(len(share), size, p=share) for name, share in by.items()})


def patterns(pairs: pd.DataFrame) -> pd.DataFrame:
    counted = pairs.value_counts().rename("pairs").reset_index()
    names = [one.name for one in COMPARISONS]
    counted["is_no_match"] = (counted[names] < 1).all(axis=1)
    apart = counted["given_name"] == 0, counted["date_of_birth"] == 0
    counted["is_family"], counted["is_relative"] = apart[0] & apart[1], apart[0] | apart[1]
    return counted


def estimated(families: int = 0) -> Parameters:
    rng = np.random.default_rng(7)
    matching, others = draw(rng, MATCHES, M), draw(rng, PAIRS - MATCHES, U)
    family = draw(rng, families, M).assign(given_name=0, date_of_birth=0)
    matching.loc[rng.random(MATCHES) < 0.2, "phone"] = -1  # not known, which is no evidence
    compared = pd.concat([matching, others, family])
    return estimate(COMPARISONS, patterns(compared), patterns(draw(rng, PAIRS, U)), PAIRS)


def test_m_u_and_the_prior_are_recovered():
    found = estimated()

    assert found.expected_pairs == pytest.approx(MATCHES, rel=0.05)
    assert found.prior == pytest.approx(MATCHES / PAIRS, rel=0.05)
    for one in COMPARISONS:
        assert found.m[one.name] == pytest.approx(M[one.name], abs=0.03), one.name
        assert found.u[one.name] == pytest.approx(U[one.name], abs=0.003), one.name
    assert not found.has_families


def test_many_who_share_all_but_given_name_and_birth_are_families_and_no_matches():
    found = estimated(families=2_000)

    assert found.has_families
    assert found.m["given_name"][0] < 0.01, "who differs in given name is a relative"
    assert found.expected_pairs < MATCHES


def test_where_nothing_matches_shipped_parameters_decide():
    rng = np.random.default_rng(7)
    nobody = patterns(draw(rng, 100, {name: np.array([1.0, *[0.0] * (len(u) - 1)]) for name, u in U.items()}))

    found = estimate(COMPARISONS, nobody, nobody, 100)

    for one in COMPARISONS:
        shipped = np.array([level.m for level in one.all_levels])
        assert found.m[one.name] == pytest.approx(shipped / shipped.sum(), abs=0.02)
