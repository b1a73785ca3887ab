"""A scorecard: bins, evidence and points by hand, and its properties on data at random."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from refi_assets.errors import ModelError
from refi_assets.ml.columns import InputColumn
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.policy import ScorecardScale, load_ml_policy
from refi_assets.ml.scorecard import BinnedInput, Scorecard, fit_scorecard

SCALE = load_ml_policy().scorecard
UNPENALIZED = SCALE.model_copy(update={"penalty": 0.0})
X = InputColumn(name="x", kind="number")


def groups(*counts: tuple[float, int, int]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Rows of (x, number of bad ones, number of good ones)."""
    x = np.concatenate([np.full(bad + good, float(value)) for value, bad, good in counts])
    label = np.concatenate([np.arange(bad + good) < bad for _, bad, good in counts])
    return {"x": x}, label


def fitted(table: dict[str, np.ndarray], label: np.ndarray, scale: ScorecardScale = UNPENALIZED) -> Scorecard:
    return fit_scorecard([X], table, label, scale)


def as_model(scorecard: Scorecard, *, positive_is_adverse: bool) -> FittedModel:
    return FittedModel("logistic_regression", scorecard, (0.0, 1.0), SCALE, positive_is_adverse)


def test_two_bins_and_their_evidence_by_hand() -> None:
    """10 of 100 bad at 0, 40 of 100 at 1: odds 1/9 and 2/3, of all 1/3. Half a row of each label is added at 1 to 3."""
    (binned,) = fitted(*groups((0, 10, 90), (1, 40, 60))).binned
    assert binned.edges == (0.5,)
    by_hand = [np.log((10 + 0.5 / 3) / (90 + 0.5) * 3), np.log((40 + 0.5 / 3) / (60 + 0.5) * 3), 0.0]
    assert binned.evidence == pytest.approx(by_hand)
    assert binned.evidence[:2] == pytest.approx([np.log(1 / 3), np.log(2)], abs=0.02)
    assert (binned.shares, binned.labels) == ((50.0, 50.0, 0.0), ["to 0.5", "above 0.5", "missing"])


def test_log_odds_are_those_of_the_bins() -> None:
    scorecard = fitted(*groups((0, 10, 90), (1, 40, 60)))
    log_odds = scorecard.log_odds({"x": np.array([0.0, 1.0, -7, 0.5, 8])})
    assert log_odds == pytest.approx(np.log([1 / 9, 2 / 3, 1 / 9, 1 / 9, 2 / 3]), abs=1e-4)


@pytest.mark.parametrize("positive_is_adverse", [True, False])
def test_points_at_base_odds_and_at_twice_the_odds(positive_is_adverse: bool) -> None:
    """30 good rows for each bad one are 600 points, 60 are 620, and 15 are 580, whichever label is positive."""
    table, bad = groups((0, 20, 300), (1, 20, 600), (2, 20, 1200))
    model = as_model(fitted(table, bad if positive_is_adverse else ~bad), positive_is_adverse=positive_is_adverse)
    rows = {"x": np.array([0.0, 1.0, 2.0])}
    assert model.points(rows).tolist() == [580, 600, 620]
    assert model.points_lost(rows)[:, 0].tolist() == [40, 20, 0]
    score = model.score({"x": 0.0})
    assert (score.points, score.reasons[0].feature, score.reasons[0].contribution) == (580, "x", 40)
    assert score.probability == pytest.approx(20 / 320 if positive_is_adverse else 300 / 320, abs=1e-3)
    assert model.score({"x": 2.0}).reasons == ()


def test_missing_values_and_sentinels_have_bins_of_their_own() -> None:
    column = InputColumn(name="x", kind="number", sentinels=(-9.0, 999.0))
    binned = BinnedInput(column=column, edges=(1.0, 2.0), evidence=(0.0,) * 6)
    values = np.array([0.5, 1.0, 1.5, 2.0, 3.0, -9.0, 999.0, np.nan])
    assert binned.bins({"x": values}).tolist() == [0, 0, 1, 1, 2, 3, 4, 5]
    assert binned.labels == ["to 1", "above 1 to 2", "above 2", "-9", "999", "missing"]


def test_levels_are_grouped_by_their_odds_and_unknown_ones_have_a_bin() -> None:
    counts = {"a": (50, 50), "b": (10, 190), "c": (52, 48), "d": (9, 191)}
    texts = np.concatenate([np.full(bad + good, level, dtype=object) for level, (bad, good) in counts.items()])
    label = np.concatenate([np.arange(bad + good) < bad for bad, good in counts.values()])
    column = InputColumn(name="x", kind="category", levels=("a", "b", "c", "d"))
    two_bins = UNPENALIZED.model_copy(update={"most_bins": 2})
    (binned,) = fit_scorecard([column], {"x": texts}, label, two_bins).binned
    assert binned.labels == ["b, d", "a, c", "rare or unknown", "missing"]
    rows = {"x": np.array(["a", "d", "new", None], dtype=object)}
    assert binned.bins(rows).tolist() == [1, 0, 2, 3]
    assert binned.evidence[2:] == (0.0, 0.0)  # no training row: no evidence


def test_an_input_that_tells_the_opposite_of_its_direction_has_no_weight() -> None:
    table, label = groups((0, 40, 60), (1, 10, 90))
    rising = X.model_copy(update={"direction": 1})
    log_odds = fit_scorecard([rising], table, label, UNPENALIZED).log_odds({"x": np.array([0.0, 1.0])})
    assert log_odds == pytest.approx(np.log([1 / 3, 1 / 3]), abs=1e-4)


def test_weights_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(2)
    label = generator.random(1000) < 0.3
    table = {"x": generator.normal(size=1000) + label, "y": generator.normal(size=1000) + label / 2}
    inputs = [X, InputColumn(name="y", kind="number")]
    scorecard = fit_scorecard(inputs, table, label, SCALE)
    evidence = np.column_stack([np.array(item.evidence)[item.bins(table)] for item in scorecard.binned])
    other = LogisticRegression(C=1 / (2 * SCALE.penalty), tol=1e-8).fit(evidence, label)
    assert scorecard.weights == pytest.approx(other.coef_[0], abs=1e-3)
    assert scorecard.intercept == pytest.approx(other.intercept_[0], abs=1e-3)


@given(seed=st.integers(0, 10_000), direction=st.sampled_from([-1, 0, 1]))
@settings(max_examples=30, deadline=None)
def test_evidence_only_rises_or_only_falls(seed: int, direction: int) -> None:
    generator = np.random.default_rng(seed)
    label = generator.random(300) < generator.uniform(0.05, 0.9)
    x = np.where(generator.random(300) < 0.1, np.nan, generator.integers(0, 40, 300) + 3 * label)
    column = X.model_copy(update={"direction": direction})
    scorecard = fit_scorecard([column], {"x": x}, label, SCALE)
    steps = np.diff(scorecard.log_odds({"x": np.linspace(-1, 50, 200)}))
    assert np.all(steps >= 0) or np.all(steps <= 0)
    assert np.all(steps * direction >= 0)


def test_trees_have_no_points() -> None:
    with pytest.raises(ModelError, match="not a scorecard"):
        FittedModel("random_forest", None, (0.0, 1.0), SCALE).points({})  # type: ignore[arg-type]
