"""Three models of a table: a scorecard, a random forest, and gradient boosting, each calibrated.

Parameters are chosen and probabilities are calibrated inside the rows that are given, by folds. The parameters to try,
and the bounds of the search, are in policies/ml/ml.yaml.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from threadpoolctl import threadpool_limits

from refi_assets.ml.columns import InputColumn, directions_of, encode
from refi_assets.ml.fitted import FittedModel, Kind
from refi_assets.ml.measures import auc_or_half, fit_line
from refi_assets.ml.policy import BoostingParameters, ForestParameters, MlPolicy
from refi_assets.ml.scorecard import Scorecard, fit_scorecard
from refi_assets.ml.splits import Ids, folds_of
from refi_assets.ml.tables import Bools, Floats, Table, rows_of
from refi_assets.ml.trees import Trees, log_odds_of

Parameters = dict[str, float | int | str]
Fit = tuple[Scorecard | Trees, Parameters, Floats]  # the predictor, its parameters, log-odds by models of other folds

_MANY_ROWS = 30_000
_LEAST_SLOPE = 1e-3  # of a calibration, so that it never turns the order around

KINDS: tuple[Kind, ...] = ("logistic_regression", "random_forest", "gradient_boosting")


@dataclass(frozen=True)
class TrainingRows:
    """The rows that a model learns from: its inputs, their values, the label, and the id of each row."""

    inputs: tuple[InputColumn, ...]
    table: Table
    label: Bools
    ids: Ids
    policy: MlPolicy

    def splits(self) -> Iterator[tuple[Bools, Bools]]:
        """The rows outside and inside each fold, of the folds with both labels outside."""
        fold = folds_of(self.label, self.ids, self.policy.split.folds, self.policy.split.seed)
        for number in range(self.policy.split.folds):
            outside = fold != number
            if (~outside).any() and self.label[outside].any() and not self.label[outside].all():
                yield outside, ~outside

    def sample(self) -> "TrainingRows":
        """At most as many rows as the search may use."""
        if len(self.label) <= self.policy.search.rows:
            return self
        rows = np.random.default_rng(self.policy.split.seed).permutation(len(self.label))[: self.policy.search.rows]
        return TrainingRows(self.inputs, rows_of(self.table, rows), self.label[rows], self.ids[rows], self.policy)


@dataclass(frozen=True)
class Trained:
    """A model, its parameters, and the probability of each training row by models that have not seen its fold."""

    model: FittedModel
    parameters: Parameters
    out_of_fold: Floats


def train(kind: Kind, rows: TrainingRows, *, positive_is_adverse: bool = True) -> Trained:
    """One calibrated model."""
    predictor, parameters, log_odds = _FIT[kind](rows)
    intercept, slope = fit_line(rows.label, log_odds)
    model = FittedModel(
        kind=kind,
        predictor=predictor,
        calibration=(intercept, max(slope, _LEAST_SLOPE)),
        scale=rows.policy.scorecard,
        positive_is_adverse=positive_is_adverse,
    )
    return Trained(model, parameters, model.calibrated(log_odds))


def _fit_logistic(rows: TrainingRows) -> Fit:
    scale = rows.policy.scorecard

    def fit(part: Bools) -> Scorecard:
        return fit_scorecard(rows.inputs, rows_of(rows.table, part), rows.label[part], scale)

    log_odds = _out_of_fold(rows, lambda outside, inside: fit(outside).log_odds(rows_of(rows.table, inside)))
    parameters: Parameters = {"penalty": scale.penalty, "most_bins": scale.most_bins}
    return fit(np.ones(len(rows.label), dtype=bool)), parameters, log_odds


def _fit_forest(rows: TrainingRows) -> Fit:
    search, seed, directions = rows.policy.search, rows.policy.split.seed, directions_of(rows.inputs)

    def fit(parameters: ForestParameters, matrix: Floats, label: Bools, trees: int) -> RandomForestClassifier:
        forest = RandomForestClassifier(
            trees,
            **parameters.model_dump(),
            max_samples=min(1.0, search.most_rows_of_tree / len(label)),
            monotonic_cst=directions if any(directions) else None,
            n_jobs=-1,
            random_state=seed,
        ).fit(matrix, label)
        return forest.set_params(n_jobs=1)  # threads would add the votes in any order, with other last digits

    tried = rows.sample()
    matrix = encode(tried.inputs, tried.table)
    best = max(
        search.forest,
        key=lambda parameters: _mean_auc(
            tried,
            lambda outside, inside: fit(
                parameters, matrix[outside], tried.label[outside], search.trees // 5
            ).predict_proba(matrix[inside])[:, 1],
        ),
    )
    everything = encode(rows.inputs, rows.table)
    shares = _out_of_fold(
        rows,
        lambda outside, inside: fit(best, everything[outside], rows.label[outside], search.trees // 5).predict_proba(
            everything[inside]
        )[:, 1],
    )
    forest = fit(best, everything, rows.label, search.trees)
    return Trees(rows.inputs, forest), {"trees": search.trees, **best.model_dump()}, log_odds_of(shares)


def _fit_boosting(rows: TrainingRows) -> Fit:
    search, seed, directions = rows.policy.search, rows.policy.split.seed, directions_of(rows.inputs)

    def fit(
        parameters: BoostingParameters, rounds: int, matrix: Floats, label: Bools
    ) -> HistGradientBoostingClassifier:
        boosting = HistGradientBoostingClassifier(
            max_iter=rounds,
            **parameters.model_dump(),
            monotonic_cst=directions if any(directions) else None,
            early_stopping=False,
            random_state=seed,
        )
        # On few rows, threads mostly wait for one another: on a busy machine, ten times as long.
        with threadpool_limits(1 if len(label) < _MANY_ROWS else None, user_api="openmp"):
            return boosting.fit(matrix, label)

    tried = rows.sample()
    matrix = encode(tried.inputs, tried.table)
    scores: dict[tuple[int, int], list[float]] = {}  # (number of the parameters, rounds) -> AUC of each fold
    for number, parameters in enumerate(search.boosting):
        for outside, inside in tried.splits():
            fitted = fit(parameters, max(search.rounds), matrix[outside], tried.label[outside])
            for rounds, log_odds in enumerate(fitted.staged_decision_function(matrix[inside]), start=1):
                if rounds in search.rounds:
                    scores.setdefault((number, rounds), []).append(auc_or_half(tried.label[inside], log_odds))
    number, rounds = max(scores, key=lambda choice: float(np.mean(scores[choice])))
    best = search.boosting[number]
    everything = encode(rows.inputs, rows.table)
    log_odds = _out_of_fold(
        rows,
        lambda outside, inside: fit(best, rounds, everything[outside], rows.label[outside]).decision_function(
            everything[inside]
        ),
    )
    boosting = fit(best, rounds, everything, rows.label)
    return Trees(rows.inputs, boosting), {"rounds": rounds, **best.model_dump()}, log_odds


_FIT: dict[Kind, Callable[[TrainingRows], Fit]] = {
    "logistic_regression": _fit_logistic,
    "random_forest": _fit_forest,
    "gradient_boosting": _fit_boosting,
}


def _out_of_fold(rows: TrainingRows, predict: Callable[[Bools, Bools], Floats]) -> Floats:
    """Predictions of each row by a model fitted to the rows outside its fold."""
    predicted = np.zeros(len(rows.label))
    for outside, inside in rows.splits():
        predicted[inside] = predict(outside, inside)
    return predicted


def _mean_auc(rows: TrainingRows, predict: Callable[[Bools, Bools], Floats]) -> float:
    return float(
        np.mean([auc_or_half(rows.label[inside], predict(outside, inside)) for outside, inside in rows.splits()])
    )
