"""One logistic regression by two libraries: scikit-learn's and PySpark's, on the same inputs, rows and penalty.

The inputs are the scorecard's weights of evidence. Unlike the scorecard's, the coefficients may be negative: neither
library takes the bounds of the other. This compares libraries; the registered model is never one of these two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from refi_assets.engines.spark_logistic import fit_spark_logistic
from refi_assets.errors import best_effort
from refi_assets.ml.fairness import Interval
from refi_assets.ml.gate import AucGain, bootstrap_auc_gain
from refi_assets.ml.learning_rows import SplitRows
from refi_assets.ml.measures import auc_interval, auc_or_half
from refi_assets.ml.policy import MlPolicy
from refi_assets.ml.scorecard import Scorecard
from refi_assets.ml.tables import Bools, Floats


@dataclass(frozen=True)
class MeasuredLibrary:
    """The ROC-AUC of a library's regression on the test part, and its interval by DeLong."""

    roc_auc: float
    interval: Interval


@dataclass(frozen=True)
class LibraryComparison:
    """The figures by library, and PySpark's gain over scikit-learn; `not_measured` says why there are none."""

    libraries: Mapping[str, MeasuredLibrary] = field(default_factory=dict)
    gain: AucGain | None = None
    not_measured: str = ""


def compare_libraries(scorecard: Scorecard, split: SplitRows, policy: MlPolicy) -> LibraryComparison:
    """Fit both regressions to the training part and measure them on the test part."""
    reasons: list[str] = []
    with best_effort(reasons.append):  # a comparison may not end a training
        learning, test = (scorecard.evidence(part.table) for part in (split.learning, split.test))
        rows = learning, split.learning.label, test, policy.scorecard.penalty
        by_spark, by_sklearn = fit_spark_logistic(*rows).probabilities, _by_sklearn(*rows)
        label = split.test.label
        return LibraryComparison(
            {"scikit-learn": _measured(label, by_sklearn), "PySpark": _measured(label, by_spark)},
            bootstrap_auc_gain(label, by_spark, by_sklearn, policy.gate),
        )
    return LibraryComparison(not_measured="".join(reasons))


def _by_sklearn(matrix: Floats, label: Bools, asked: Floats, penalty: float) -> Floats:
    """The probabilities of the asked rows by scikit-learn's regression with the same loss as PySpark's."""
    from sklearn.linear_model import LogisticRegression

    # scikit-learn minimizes C times the sum of the losses plus half of the squares.
    inverse = 1 / (2 * penalty) if penalty else float("inf")
    regression = LogisticRegression(C=inverse, tol=1e-9, max_iter=5000).fit(matrix, label)
    probabilities: Floats = regression.predict_proba(asked)[:, 1]
    return probabilities


def _measured(label: Bools, probability: Floats) -> MeasuredLibrary:
    return MeasuredLibrary(auc_or_half(label, probability), auc_interval(label, probability))
