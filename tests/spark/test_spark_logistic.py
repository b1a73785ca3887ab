"""Logistic regression by PySpark beside scikit-learn's, on a made-up bank's loans and on made-up rows."""

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from refi_assets.engines.spark_logistic import fit_spark_logistic
from refi_assets.ml.beside import compare_libraries
from refi_assets.ml.columns import learn_columns
from refi_assets.ml.learning_rows import LearningRows, split_rows
from refi_assets.ml.scorecard import fit_scorecard
from refi_assets.sample.bank import generate_bank
from tests.support.small_models import quick_policy

AS_OF = date(2026, 2, 28)
PENALTY = 5.0


def test_the_coefficients_are_those_of_the_stated_loss(spark) -> None:
    """At its minimum, the gradient of the sum of log losses plus penalty times squared coefficients is 0."""
    draws = np.random.default_rng(5)
    matrix = draws.normal(size=(2000, 3))
    label = draws.random(2000) < 1 / (1 + np.exp(1 - matrix @ np.array([1.0, -0.5, 0.0])))
    fitted = fit_spark_logistic(matrix, label, matrix[::-1], PENALTY)
    probability = 1 / (1 + np.exp(-(matrix @ fitted.coefficients + fitted.intercept)))
    residual = probability - label
    assert matrix.T @ residual + 2 * PENALTY * fitted.coefficients == pytest.approx(np.zeros(3), abs=0.01)
    assert residual.sum() == pytest.approx(0, abs=0.01)
    assert fitted.probabilities == pytest.approx(probability[::-1], abs=1e-9)


def test_both_libraries_have_the_same_roc_auc_on_a_made_up_banks_loans(spark, tmp_path: Path) -> None:
    truth = generate_bank(5000, 5, tmp_path, as_of=AS_OF, clean=True, months=36)
    rows = _loans(tmp_path, tuple(truth["loans"]["drivers"]))
    policy = quick_policy()
    split = split_rows(rows, policy)
    inputs, _ = learn_columns(split.learning.table, policy.reading)
    scorecard = fit_scorecard(inputs, split.learning.table, split.learning.label, policy.scorecard)
    comparison = compare_libraries(scorecard, split, policy)
    by_sklearn, by_spark = comparison.libraries["scikit-learn"], comparison.libraries["PySpark"]
    assert comparison.gain is not None
    assert abs(by_spark.roc_auc - by_sklearn.roc_auc) < 0.005
    assert comparison.gain.low <= comparison.gain.gain == by_spark.roc_auc - by_sklearn.roc_auc <= comparison.gain.high
    assert by_spark.interval[0] < truth["loans"]["best_possible_auc"] < by_spark.interval[1] + 0.05


def _loans(folder: Path, drivers: tuple[str, ...]) -> LearningRows:
    """Loans with what their defaults truly depend on."""
    with (folder / "expected_defaults.csv").open() as file:
        loans = list(csv.DictReader(file))
    numbers = np.arange(len(loans), dtype=float)
    return LearningRows(
        table={name: np.array([float(loan[name]) for loan in loans]) for name in drivers},
        dates=frozenset(),
        outcome=np.array([float(loan["defaulted"]) for loan in loans]),
        ids=np.array([loan["loan_id"] for loan in loans], dtype=object),
        time=numbers,
        known_on=numbers,
        groups={},
        segments={},
    )
