"""All three kinds of models: monotone, native in single rows, explained, calibrated, saved."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from refi_assets.errors import ModelError
from refi_assets.ml.columns import encode
from refi_assets.ml.fitted import FittedModel, load_model
from refi_assets.ml.measures import calibration_slope, measure
from refi_assets.ml.policy import Kind
from refi_assets.ml.tables import Table, rows_of
from refi_assets.ml.training import Trained, train
from refi_assets.ml.trees import Trees
from tests.support.small_models import is_unknown, quick_policy, training_rows, two_normals

KINDS: tuple[Kind, ...] = get_args(Kind)
TREES = KINDS[1:]
Models = dict[str, Trained]


@pytest.fixture(scope="module")
def table_and_label() -> tuple[Table, np.ndarray]:
    table, label = two_normals(3000)
    table["signal"][::50] = 999.0  # a sentinel
    return table, label


@pytest.fixture(scope="module")
def models(table_and_label: tuple[Table, np.ndarray]) -> Models:
    """The three kinds; the probability never falls with the signal, and never rises with the noise."""
    rows = training_rows(*table_and_label, quick_policy(), signal=1, noise=-1)
    return {kind: train(kind, rows) for kind in KINDS}


@pytest.fixture(scope="module")
def new_rows() -> tuple[Table, np.ndarray]:
    return two_normals(3000, seed=6)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_comes_near_the_best_auc_there_is(
    models: Models, new_rows: tuple[Table, np.ndarray], kind: Kind
) -> None:
    table, label = new_rows
    best = measure(label, expit(table["signal"]))["roc_auc"]
    assert best == pytest.approx(norm.cdf(0.5**0.5), abs=0.02)
    assert best - 0.04 < measure(label, models[kind].model.probabilities(table))["roc_auc"] < best + 0.005


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_are_calibrated(models: Models, new_rows: tuple[Table, np.ndarray], kind: Kind) -> None:
    table, label = new_rows
    probability = models[kind].model.probabilities(table)
    assert probability.mean() == pytest.approx(0.25, abs=0.03)
    assert calibration_slope(label, probability) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_the_direction_holds_on_a_grid(models: Models, kind: Kind) -> None:
    regions = (np.array([region] * 100, dtype=object) for region in ("north", "south", "new", None))
    for region, other in zip(regions, (-1.0, 0.0, 1.0, np.nan), strict=True):
        grid, constant = np.linspace(-4, 6, 100), np.full(100, other)
        rising = models[kind].model.probabilities({"signal": grid, "noise": constant, "region": region})
        falling = models[kind].model.probabilities({"signal": constant, "noise": grid, "region": region})
        assert np.all(np.diff(rising) >= 0)
        assert rising[-1] > rising[0]
        assert np.all(np.diff(falling) <= 0)


@pytest.mark.parametrize("kind", KINDS)
def test_one_row_scores_as_in_a_table(models: Models, new_rows: tuple[Table, np.ndarray], kind: Kind) -> None:
    table = rows_of(new_rows[0], slice(0, 40))
    table["signal"][:3] = [999.0, -50.0, np.nan]
    expected = models[kind].model.probabilities(table)
    for row in range(40):
        values = {name: column[row] for name, column in table.items()}
        known = {name: None if is_unknown(value) else value for name, value in values.items()}
        assert models[kind].model.score(known).probability == pytest.approx(expected[row], abs=1e-12)


@pytest.mark.parametrize("kind", TREES)
def test_flat_trees_are_scikit_learns(models: Models, new_rows: tuple[Table, np.ndarray], kind: Kind) -> None:
    trees = models[kind].model.predictor
    assert isinstance(trees, Trees)
    table = rows_of(new_rows[0], slice(0, 40))
    share = trees.ensemble.predict_proba(encode(trees.inputs, table))[:, 1]
    flat = [trees.log_odds(rows_of(table, slice(row, row + 1)))[0] for row in range(40)]  # one row: native
    assert np.isnan(table["noise"]).any()
    np.testing.assert_allclose(flat, logit(np.clip(share, 1e-6, 1 - 1e-6)), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", TREES)
def test_contributions_add_up_and_the_signal_matters_most(
    models: Models, new_rows: tuple[Table, np.ndarray], kind: Kind
) -> None:
    trees = models[kind].model.predictor
    assert isinstance(trees, Trees)
    table = rows_of(new_rows[0], slice(0, 40))
    matrix = encode(trees.inputs, table)
    predicted = (
        trees.ensemble.predict_proba(matrix)[:, 1] if trees.is_forest else trees.ensemble.decision_function(matrix)
    )
    contributions = trees.contributions(table)
    assert contributions.shape == (40, 3)
    base = predicted - contributions.sum(axis=1)
    np.testing.assert_allclose(base, base[0], atol=1e-6)
    assert np.argmax(np.abs(contributions).mean(axis=0)) == 0


def test_wrong_contributions_are_refused(models: Models, new_rows: tuple[Table, np.ndarray]) -> None:
    trees, other = models["random_forest"].model.predictor, models["gradient_boosting"].model.predictor
    assert isinstance(trees, Trees)
    assert isinstance(other, Trees)
    mixed = Trees(trees.inputs, trees.ensemble)
    vars(mixed)["_explainer"] = other._explainer  # of another model
    with pytest.raises(ModelError, match="do not add up"):
        mixed.contributions(rows_of(new_rows[0], slice(0, 5)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_and_loaded_model_is_the_same(
    tmp_path: Path, models: Models, new_rows: tuple[Table, np.ndarray], kind: Kind
) -> None:
    model: FittedModel = models[kind].model
    model.save(tmp_path)
    loaded = load_model(tmp_path)
    assert loaded.probabilities(new_rows[0]).tobytes() == model.probabilities(new_rows[0]).tobytes()
    values = {"signal": 1.5, "noise": None, "region": "north"}
    assert (loaded.kind, loaded.inputs, loaded.score(values)) == (kind, model.inputs, model.score(values))


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_of_training_rows_are_by_models_that_have_not_seen_them(
    models: Models, table_and_label: tuple[Table, np.ndarray], kind: Kind
) -> None:
    """Else a forest's AUC of its training rows would be near 1."""
    _, label = table_and_label
    assert measure(label, models[kind].out_of_fold)["roc_auc"] < norm.cdf(0.5**0.5) + 0.01


def test_the_search_finds_the_better_parameters() -> None:
    """Two candidates of boosting: one tree, or the 60 that an interaction needs."""
    generator = np.random.default_rng(1)
    table = {"a": generator.normal(size=1500), "b": generator.normal(size=1500)}
    label = generator.random(1500) < expit(3 * np.sign(table["a"] * table["b"]))
    policy = quick_policy()
    candidates = (policy.search.boosting[0].model_copy(update={"max_leaf_nodes": leaves}) for leaves in (2, 8))
    search = policy.search.model_copy(update={"boosting": tuple(candidates), "rounds": (1, 60)})
    trained = train("gradient_boosting", training_rows(table, label, policy.model_copy(update={"search": search})))
    assert (trained.parameters["max_leaf_nodes"], trained.parameters["trees"]) == (8, 60)


def test_a_search_on_a_sample_calibrates_on_all_rows(table_and_label: tuple[Table, np.ndarray]) -> None:
    table, label = table_and_label
    policy = quick_policy()
    policy = policy.model_copy(update={"search": policy.search.model_copy(update={"rows": 500})})
    for kind in TREES:
        trained = train(kind, training_rows(table, label, policy))
        assert len(trained.out_of_fold) == 3000
        assert measure(label, trained.out_of_fold)["roc_auc"] > 0.7
