"""Permutation importance of models that use a feature alone, or not at all."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from refi_assets.ml.columns import InputColumn
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.importance import feature_importance
from refi_assets.ml.scorecard import BinnedInput, Scorecard
from tests.support.model_cards import SCALE

DRAWS = np.random.default_rng(5)
TABLE = {"used": DRAWS.random(4000), "unused": DRAWS.random(4000)}
LABEL = DRAWS.random(4000) < np.where(TABLE["used"] > 0.5, 0.6, 0.2)


def scorecard(**weights: float) -> FittedModel:
    """Each input has a bin below and one above .5."""
    binned = tuple(
        BinnedInput(
            column=InputColumn(name=name, kind="number"),
            edges=(0.5,),
            evidence=(-1.0, 1.0, 0.0),
            shares=(50.0, 50.0, 0.0),
        )
        for name in weights
    )
    predictor = Scorecard(binned=binned, weights=tuple(weights.values()), intercept=0.0)
    return FittedModel("logistic_regression", predictor, (0.0, 1.0), SCALE)


def test_the_only_used_feature_has_all_of_the_auc_and_an_unused_one_has_none() -> None:
    """Without its only feature a model has an AUC of 1/2."""
    used, unused = feature_importance(scorecard(unused=0.0, used=1.0), TABLE, LABEL)
    assert (used.feature, unused.feature) == ("used", "unused")
    assert used.mean == pytest.approx(roc_auc_score(LABEL, TABLE["used"] > 0.5) - 0.5, abs=0.015)
    assert 0 < used.spread < 0.02
    assert (unused.mean, unused.spread) == (0, 0)


def test_a_large_table_is_represented_by_a_sample_and_the_seed_decides() -> None:
    model = scorecard(used=1.0)
    (whole,) = feature_importance(model, TABLE, LABEL)
    (sample,) = feature_importance(model, TABLE, LABEL, most_rows=1000)
    assert sample != whole
    assert sample.mean == pytest.approx(whole.mean, abs=0.05)
    assert feature_importance(model, TABLE, LABEL) == (whole,)
    assert feature_importance(model, TABLE, LABEL, seed=1) != (whole,)
