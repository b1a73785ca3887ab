"""Three models of a table: a scorecard, a random forest, and gradient boosting, each calibrated.

Parameters are chosen and probabilities are calibrated inside the rows that are given, by folds. The parameters to try,
and the bounds of the search, are in policies/ml/ml.yaml.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from threadpoolctl import threadpool_limits

from refi_assets.ml.columns import InputColumn, directions_of, encode
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.measures import auc_or_half, fit_line
from refi_assets.ml.policy import BoostingParameters, ForestParameters, Kind, MlPolicy
from refi_assets.ml.scorecard import Scorecard, fit_scorecard
from refi_assets.ml.splits import Ids, folds_of
from refi_assets.ml.tables import Bools, Floats, Table, rows_of
from refi_assets.ml.trees import Trees, log_odds_of

Parameters = dict[str, float | int | str]
Fit = tuple[Scorecard | Trees, Parameters, Floats]  # the predictor, its parameters, log-odds by models of other folds

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

    @cached_property
    def matrix(self) -> Floats:
        """The inputs as trees read them."""
        return encode(self.inputs, self.table)

    @cached_property
    def splits(self) -> list[tuple[Bools, Bools]]:
        """The rows outside and inside each fold."""
        fold = folds_of(self.label, self.ids, self.policy.split.folds, self.policy.split.seed)
        return [(fold != number, fold == number) for number in np.unique(fold)]

    def part(self, rows: Any) -> "TrainingRows":
        """Some of the rows."""
        return TrainingRows(self.inputs, rows_of(self.table, rows), self.label[rows], self.ids[rows], self.policy)

    def sample(self) -> "TrainingRows":
        """At most as many rows as the search may use."""
        size = self.policy.search.rows
        if len(self.label) <= size:
            return self
        return self.part(np.random.default_rng(self.policy.split.seed).permutation(len(self.label))[:size])

    def out_of_fold(self, predict: Callable[["TrainingRows", "TrainingRows"], Floats]) -> Floats:
        """Predictions of each row by a model fitted to the rows outside its fold: predict(outside, inside)."""
        predicted = np.zeros(len(self.label))
        by_fold = _in_threads(lambda split: predict(self.part(split[0]), self.part(split[1])), self.splits)
        for (_, inside), values in zip(self.splits, by_fold, strict=True):
            predicted[inside] = values
        return predicted

    def mean_auc(self, predicted: Floats) -> float:
        """The mean ROC-AUC of the folds."""
        return float(np.mean([auc_or_half(self.label[inside], predicted[inside]) for _, inside in self.splits]))


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

    def fit(part: TrainingRows) -> Scorecard:
        return fit_scorecard(part.inputs, part.table, part.label, scale)

    log_odds = rows.out_of_fold(lambda outside, inside: fit(outside).log_odds(inside.table))
    return fit(rows), {"penalty": scale.penalty, "most_bins": scale.most_bins}, log_odds


def _fit_forest(rows: TrainingRows) -> Fit:
    search = rows.policy.search

    def fit(part: TrainingRows, parameters: ForestParameters, trees: int) -> RandomForestClassifier:
        forest = RandomForestClassifier(
            trees,
            **parameters.model_dump(),
            max_samples=min(1.0, search.most_rows_of_tree / len(part.label)),
            monotonic_cst=_monotonic(part),
            n_jobs=-1,
            random_state=part.policy.split.seed,
        ).fit(part.matrix, part.label)
        return forest.set_params(n_jobs=1)  # threads would add the votes in any order, with other last digits

    def log_odds(part: TrainingRows, parameters: ForestParameters) -> Floats:
        return part.out_of_fold(
            lambda outside, inside: log_odds_of(
                fit(outside, parameters, search.trees_of_fold).predict_proba(inside.matrix)[:, 1]
            )
        )

    tried = rows.sample()
    predicted = [log_odds(tried, parameters) for parameters in search.forest]
    number = max(range(len(predicted)), key=lambda number: tried.mean_auc(predicted[number]))
    best = search.forest[number]
    forest = fit(rows, best, search.trees)
    by_fold = predicted[number] if tried is rows else log_odds(rows, best)
    return Trees(rows.inputs, forest), {"trees": search.trees, **best.model_dump()}, by_fold


def _fit_boosting(rows: TrainingRows) -> Fit:
    search = rows.policy.search

    def fit(part: TrainingRows, parameters: BoostingParameters, rounds: int) -> HistGradientBoostingClassifier:
        boosting = HistGradientBoostingClassifier(
            max_iter=rounds,
            **parameters.model_dump(),
            monotonic_cst=_monotonic(part),
            early_stopping=False,
            random_state=part.policy.split.seed,
        )
        # Its own threads wait for one another: on a busy machine, ten times as long. Folds run beside one another.
        with threadpool_limits(1, user_api="openmp"):
            return boosting.fit(part.matrix, part.label)

    def staged(job: tuple[BoostingParameters, tuple[Bools, Bools]]) -> dict[int, Floats]:
        parameters, (outside, inside) = job
        fitted = fit(tried.part(outside), parameters, max(search.rounds))
        with threadpool_limits(1, user_api="openmp"):
            stages = enumerate(fitted.staged_decision_function(tried.matrix[inside]), start=1)
            return {trees: log_odds for trees, log_odds in stages if trees in search.rounds}

    tried = rows.sample()
    predicted: dict[tuple[int, int], Floats] = {}  # (number of the parameters, trees) -> log-odds by other folds
    jobs = [(parameters, split) for parameters in search.boosting for split in tried.splits]
    for (parameters, (_, inside)), stages in zip(jobs, _in_threads(staged, jobs), strict=True):
        for trees, log_odds in stages.items():
            choice = search.boosting.index(parameters), trees
            predicted.setdefault(choice, np.zeros(len(tried.label)))[inside] = log_odds
    number, trees = max(predicted, key=lambda choice: tried.mean_auc(predicted[choice]))
    best = search.boosting[number]
    boosting = fit(rows, best, trees)
    if tried is rows:
        by_fold = predicted[number, trees]
    else:
        by_fold = rows.out_of_fold(lambda outside, inside: fit(outside, best, trees).decision_function(inside.matrix))
    return Trees(rows.inputs, boosting), {"trees": trees, **best.model_dump()}, by_fold


def _in_threads(work: Callable[[Any], Any], jobs: Sequence[Any]) -> list[Any]:
    """The results of jobs, which run in as many threads as there are cores."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, jobs))


def _monotonic(part: TrainingRows) -> list[int] | None:
    directions = directions_of(part.inputs)
    return directions if any(directions) else None


_FIT: dict[Kind, Callable[[TrainingRows], Fit]] = {
    "logistic_regression": _fit_logistic,
    "random_forest": _fit_forest,
    "gradient_boosting": _fit_boosting,
}
