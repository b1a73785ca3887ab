"""Random forests and gradient boosting: batches by scikit-learn, single rows by flat arrays of all trees.

A row takes scikit-learn 2 to 30 ms, mostly in Python; the flat arrays take a fraction of one. The contributions of
features are SHAP values of the trees, by the library shap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from refi_assets.errors import ModelError
from refi_assets.ml.columns import InputColumn, encode
from refi_assets.ml.tables import Floats, Table

Ensemble = Any  # RandomForestClassifier or HistGradientBoostingClassifier, which have no types

_MOST_CERTAIN = 1e-6  # a forest's share of votes is kept this far from 0 and 1
_EFFICIENCY = 1e-6  # contributions add up to the prediction this exactly


@dataclass(frozen=True)
class _FlatTrees:
    """The nodes of all trees in one array each; a leaf is its own child."""

    roots: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    value: Floats

    def leaf_values(self, row: Floats) -> Floats:
        """The value of the leaf that a row reaches in each tree."""
        nodes = self.roots
        while True:
            x = row[self.feature[nodes]]
            goes_left = (x <= self.threshold[nodes]) | (np.isnan(x) & self.missing_left[nodes])
            following = np.where(goes_left, self.left[nodes], self.right[nodes])
            if np.array_equal(following, nodes):
                values: Floats = self.value[nodes]
                return values
            nodes = following


@dataclass(frozen=True)
class Trees:
    """A fitted ensemble and the inputs that it reads."""

    inputs: tuple[InputColumn, ...]
    ensemble: Ensemble

    @property
    def is_forest(self) -> bool:
        """Whether it is a random forest, whose prediction is a share of votes, not log-odds."""
        from sklearn.ensemble import RandomForestClassifier  # imported only by those who have trees

        return isinstance(self.ensemble, RandomForestClassifier)

    def log_odds(self, table: Table) -> Floats:
        """The uncalibrated log-odds of the positive label, one for each row."""
        raw = self._raw(encode(self.inputs, table))
        return np.asarray(log_odds_of(raw) if self.is_forest else raw, dtype=np.float64)

    def contributions(self, table: Table) -> Floats:
        """What each input adds to a prediction: a row for each row, a column for each input.

        In log-odds for boosting, in probability for a forest, against the mean prediction of the training rows. Raises
        ModelError if they do not add up to the prediction.
        """
        matrix = encode(self.inputs, table)
        predicted = self._raw(matrix)
        values = np.asarray(self._explainer.shap_values(matrix, check_additivity=False), dtype=np.float64)
        if values.ndim == 3:  # a forest has values for both labels
            values = values[:, :, 1]
        base = np.ravel(self._explainer.expected_value)[-1]
        if np.abs(values.sum(axis=1) + base - predicted).max() > _EFFICIENCY * max(1.0, float(np.abs(predicted).max())):
            raise ModelError(
                "The contributions of the features do not add up to the prediction: shap and scikit-learn read this "
                "model differently. Install the versions of the lock file."
            )
        starts = np.cumsum([0, *(column.encoded for column in self.inputs)])[:-1]
        added: Floats = np.add.reduceat(values, starts, axis=1)
        return added

    def _raw(self, matrix: Floats) -> Floats:
        """The prediction as the ensemble makes it: a forest's share of votes, boosting's log-odds."""
        if len(matrix) == 1:
            return np.array([self._raw_of_row(matrix[0])])
        if self.is_forest:
            return np.asarray(self.ensemble.predict_proba(matrix)[:, 1], dtype=np.float64)
        return np.asarray(self.ensemble.decision_function(matrix), dtype=np.float64)

    def _raw_of_row(self, row: Floats) -> float:
        if self.is_forest:  # it compares numbers of 32 bits
            return float(self._flat.leaf_values(row.astype(np.float32).astype(np.float64)).mean())
        return float(self._flat.leaf_values(row).sum() + np.ravel(self.ensemble._baseline_prediction)[0])

    @cached_property
    def _explainer(self) -> Any:
        import shap

        return shap.TreeExplainer(self.ensemble)

    @cached_property
    def _flat(self) -> _FlatTrees:
        if self.is_forest:
            return _joined([_of_forest(tree.tree_) for tree in self.ensemble.estimators_])
        return _joined([_of_boosting(predictors[0].nodes) for predictors in self.ensemble._predictors])


def log_odds_of(share: Any) -> Any:
    """The log-odds of a probability, which is kept away from 0 and 1."""
    return logit(np.clip(share, _MOST_CERTAIN, 1 - _MOST_CERTAIN))


def probability_of(log_odds: Any) -> Any:
    """The probability of log-odds."""
    return expit(log_odds)


Nodes = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


def _of_forest(tree: Any) -> Nodes:
    values = tree.value[:, 0, :]
    shares = values[:, 1] / values.sum(axis=1)
    return tree.feature, tree.threshold, tree.children_left, tree.children_right, tree.missing_go_to_left, shares


def _of_boosting(nodes: Any) -> Nodes:
    is_leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(is_leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
    return nodes["feature_idx"], nodes["num_threshold"], left, right, nodes["missing_go_to_left"], nodes["value"]


def _joined(trees: Sequence[Nodes]) -> _FlatTrees:
    sizes = [len(tree[0]) for tree in trees]
    roots = np.cumsum([0, *sizes])[:-1].astype(np.int64)
    feature, threshold, left, right, missing_left, value = (np.concatenate(parts) for parts in zip(*trees, strict=True))
    offset, own = np.repeat(roots, sizes), np.arange(sum(sizes))
    is_leaf = left < 0
    return _FlatTrees(
        roots=roots,
        feature=np.where(is_leaf, 0, feature).astype(np.int64),
        threshold=threshold.astype(np.float64),
        left=np.where(is_leaf, own, left + offset),
        right=np.where(is_leaf, own, right + offset),
        missing_left=missing_left.astype(bool),
        value=value.astype(np.float64),
    )
