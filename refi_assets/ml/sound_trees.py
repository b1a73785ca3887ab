"""Whether loaded trees are trees: what compiled code relies on without looking.

scikit-learn and shap follow the numbers of children and features that a file contains. A file that was damaged, or
made to do harm, would have them read foreign memory or never return.
"""

from typing import Any

import numpy as np
import numpy.typing as npt


def require_sound_trees(ensemble: Any, columns: int) -> None:
    """Raise ValueError unless a forest or gradient boosting for this number of columns is whole.

    May raise any other error if attributes are missing or have other types.
    """
    from sklearn.ensemble import RandomForestClassifier

    _require(ensemble.n_features_in_ == columns and list(ensemble.classes_) == [False, True])
    (_check_forest if isinstance(ensemble, RandomForestClassifier) else _check_boosting)(ensemble, columns)


def _check_forest(forest: Any, columns: int) -> None:
    from sklearn.tree import DecisionTreeClassifier
    from sklearn.tree._tree import Tree

    _require(forest.n_outputs_ == 1 and forest.n_classes_ == 2 and len(forest.estimators_) > 0)
    for estimator in forest.estimators_:
        tree = estimator.tree_
        _require(type(estimator) is DecisionTreeClassifier and type(tree) is Tree)
        _require(estimator.n_outputs_ == 1 and estimator.n_classes_ == 2 and estimator.n_features_in_ == columns)
        _require(tree.n_features == columns and tree.value.shape == (tree.node_count, 1, 2))
        is_leaf = tree.children_left == -1
        _require(bool(np.all(tree.children_right[is_leaf] == -1)))
        _check_nodes(is_leaf, tree.children_left, tree.children_right, tree.feature, columns)


def _check_boosting(boosting: Any, columns: int) -> None:
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

    _require(boosting._preprocessor is None and boosting.is_categorical_ is None)
    _require(boosting._n_features == columns and boosting.n_trees_per_iteration_ == 1)
    _require(np.shape(boosting._baseline_prediction) == (1, 1) and len(boosting._predictors) > 0)
    for (predictor,) in boosting._predictors:
        nodes = predictor.nodes
        _require(type(predictor) is TreePredictor and nodes.dtype == PREDICTOR_RECORD_DTYPE)
        _require(not nodes["is_categorical"].any())
        _check_nodes(nodes["is_leaf"] == 1, nodes["left"], nodes["right"], nodes["feature_idx"], columns)


def _check_nodes(is_leaf: npt.NDArray[np.bool_], left: Any, right: Any, feature: Any, columns: int) -> None:
    """The children of a node come after it, so every path ends in a leaf."""
    size = len(is_leaf)
    inner = np.flatnonzero(~is_leaf)
    _require(size > 0 and bool(np.all((feature[inner] >= 0) & (feature[inner] < columns))))
    for children in (left[inner].astype(np.int64), right[inner].astype(np.int64)):
        _require(bool(np.all((children > inner) & (children < size))))


def _require(is_so: bool) -> None:
    if not is_so:
        raise ValueError("these are not trees")
