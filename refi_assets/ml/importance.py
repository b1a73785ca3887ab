"""Permutation importance: how much of its ROC-AUC a model loses without the information in a feature."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.tables import Bools, Table, rows_of


@dataclass(frozen=True)
class FeatureImportance:
    """The loss of ROC-AUC when a feature's values are shuffled: mean and standard deviation over the repeats.

    Features that say the same share their importance, and each alone may have little.
    """

    feature: str
    mean: float
    spread: float


def feature_importance(
    model: FittedModel, table: Table, label: Bools, repeats: int = 5, most_rows: int = 10_000, seed: int = 0
) -> tuple[FeatureImportance, ...]:
    """The importance of each input, the highest first. A larger table is represented by `most_rows` drawn rows.

    `label` has both outcomes. Source: Breiman, Random Forests (2001), section 10.
    """
    draws = np.random.default_rng(seed)
    if len(label) > most_rows:
        rows = draws.choice(len(label), size=most_rows, replace=False)
        table, label = rows_of(table, rows), label[rows]
    base = roc_auc_score(label, model.probabilities(table))
    importances = []
    for column in model.inputs:
        losses = [
            base
            - roc_auc_score(label, model.probabilities({**table, column.name: draws.permutation(table[column.name])}))
            for _ in range(repeats)
        ]
        importances.append(FeatureImportance(column.name, float(np.mean(losses)), float(np.std(losses))))
    return tuple(sorted(importances, key=lambda importance: -importance.mean))
