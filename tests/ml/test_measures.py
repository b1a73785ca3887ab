"""Measures of probabilities, by hand, by other libraries, and on data of known truth."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from refi_assets.ml.measures import auc_interval, auc_or_half, calibration_slope, fit_line, intervals, measure

LABEL = np.array([True, True, False, False])
PROBABILITY = np.array([0.9, 0.4, 0.6, 0.1])


def test_measures_by_hand() -> None:
    figures = measure(LABEL, PROBABILITY)
    assert figures["roc_auc"] == pytest.approx(3 / 4)  # of four pairs, only .4 and .6 are in the wrong order
    assert figures["gini"] == pytest.approx(1 / 2)
    assert figures["ks"] == pytest.approx(1 / 2)  # at .9: half of the positive ones and none of the others
    assert figures["brier"] == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)
    assert figures["pr_auc"] == pytest.approx(1 / 2 * 1 + 1 / 2 * 2 / 3)  # precisions 1 and 2/3 at recalls 1/2 and 1


def test_delongs_interval_by_hand() -> None:
    """Each positive is above 2 and 1 of the two negatives, each negative below 2 and 1 of the two positives.

    So both variances are those of (1, .5), .125, and the AUC's is .125 / 2 + .125 / 2.
    """
    low, high = auc_interval(LABEL, PROBABILITY)
    assert low == pytest.approx(0.75 - 1.959964 * 0.125**0.5)
    assert high == 1.0


def test_delongs_interval_by_counting_pairs() -> None:
    generator = np.random.default_rng(3)
    label = generator.random(300) < 0.2
    score = (generator.normal(size=300) + label).round(1)  # with ties
    pairs = np.array([[(x > y) + (x == y) / 2 for y in score[~label]] for x in score[label]])
    variance = np.var(pairs.mean(axis=1), ddof=1) / label.sum() + np.var(pairs.mean(axis=0), ddof=1) / (~label).sum()
    reach = norm.ppf(0.975) * variance**0.5
    assert auc_interval(label, score) == pytest.approx((pairs.mean() - reach, pairs.mean() + reach), abs=1e-6)


def test_an_interval_of_95_percent_misses_about_one_time_in_twenty() -> None:
    """Scores from N(1, 1) and N(0, 1): the AUC is Phi(1 / sqrt(2)). Of 400 intervals, 20 are expected to miss it."""
    generator = np.random.default_rng(11)
    label = np.arange(200) < 60
    limits = [auc_interval(label, generator.normal(size=200) + label) for _ in range(400)]
    misses = sum(not low <= norm.cdf(0.5**0.5) <= high for low, high in limits)
    assert 8 <= misses <= 36


def test_bootstrap_intervals_agree_with_delongs() -> None:
    generator = np.random.default_rng(4)
    label = generator.random(600) < 0.3
    probability = expit(generator.normal(size=600) + label - 1)
    assert intervals(label, probability, seed=1)["roc_auc"] == pytest.approx(auc_interval(label, probability), abs=0.01)


@pytest.mark.parametrize("slope", [0.5, 1.0, 2.0])
def test_the_calibration_slope_of_simulated_labels(slope: float) -> None:
    generator = np.random.default_rng(8)
    log_odds = generator.normal(size=40_000)
    label = generator.random(40_000) < expit(slope * log_odds - 0.5)
    assert calibration_slope(label, expit(log_odds)) == pytest.approx(slope, abs=0.06)
    unpenalized = LogisticRegression(C=np.inf, tol=1e-8).fit(log_odds.reshape(-1, 1), label)
    assert fit_line(label, log_odds) == pytest.approx((unpenalized.intercept_[0], unpenalized.coef_[0, 0]), abs=1e-3)


def test_equal_probabilities_have_no_slope_and_one_label_no_auc() -> None:
    assert calibration_slope(LABEL, np.full(4, 0.3)) == 0
    assert auc_or_half(np.ones(4, dtype=bool), PROBABILITY) == 0.5
