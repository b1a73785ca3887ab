"""How well probabilities tell two labels apart and how true they are, each with an interval.

ROC-AUC, PR-AUC (average precision) and Brier score are scikit-learn's. KS is the largest distance between the two
labels' distributions of the probability, Gini is 2 AUC - 1, and the calibration slope is that of a logistic regression
of the label on the log-odds: 1 if the probabilities are as spread as the truth, below 1 if they are too extreme.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from refi_assets.ml.tables import Bools, Floats
from refi_assets.ml.trees import log_odds_of

RESAMPLES = 200


def measure(label: Bools, probability: Floats) -> dict[str, float]:
    """roc_auc, pr_auc, brier, ks, gini and calibration_slope of a part with both labels."""
    auc = float(roc_auc_score(label, probability))
    false_rate, true_rate, _ = roc_curve(label, probability)
    return {
        "roc_auc": auc,
        "pr_auc": float(average_precision_score(label, probability)),
        "brier": float(np.mean((probability - label) ** 2)),
        "ks": float(np.max(true_rate - false_rate)),
        "gini": 2 * auc - 1,
        "calibration_slope": calibration_slope(label, probability),
    }


def auc_or_half(label: Bools, score: Floats) -> float:
    """The ROC-AUC, .5 for a part with one label."""
    return 0.5 if label.all() or not label.any() else float(roc_auc_score(label, score))


def calibration_slope(label: Bools, probability: Floats) -> float:
    """The slope of the label's log-odds by the predicted log-odds; 0 if all probabilities are equal."""
    log_odds = log_odds_of(probability)
    if np.ptp(log_odds) == 0:
        return 0.0
    return fit_line(label, log_odds)[1]


def fit_line(label: Bools, log_odds: Floats) -> tuple[float, float]:
    """Intercept and slope of a logistic regression of a label on log-odds, without a penalty but for certain ones."""

    def loss(line: Floats) -> tuple[float, Floats]:
        margin = np.where(label, 1.0, -1.0) * (line[0] + line[1] * log_odds)
        slope = np.where(label, -1.0, 1.0) * expit(-margin)
        gradient = np.array([slope.sum(), slope @ log_odds]) / len(label) + 1e-6 * line
        return float(np.logaddexp(0, -margin).mean() + 5e-7 * line @ line), gradient

    line = minimize(loss, np.array([0.0, 1.0]), jac=True, method="BFGS").x
    return float(line[0]), float(line[1])


def auc_interval(label: Bools, probability: Floats) -> tuple[float, float]:
    """The 95 % interval of the ROC-AUC by DeLong's method (DeLong, DeLong and Clarke-Pearson 1988)."""
    from scipy.stats import rankdata

    positive, negative = probability[label], probability[~label]
    size, other_size = len(positive), len(negative)
    ranks = rankdata(np.concatenate([positive, negative]))
    of_positive = (ranks[:size] - rankdata(positive)) / other_size
    of_negative = 1 - (ranks[size:] - rankdata(negative)) / size
    auc = float(of_positive.mean())
    variance = of_positive.var(ddof=1) / size + of_negative.var(ddof=1) / other_size
    reach = 1.959964 * float(np.sqrt(variance))
    return max(0.0, auc - reach), min(1.0, auc + reach)


def intervals(
    label: Bools, probability: Floats, seed: int, measured: Callable[[Bools, Floats], dict[str, float]] = measure
) -> dict[str, tuple[float, float]]:
    """The 95 % intervals of the measures, by bootstrap: percentiles over resamples that keep both labels' numbers."""
    draws = [measured(label[rows], probability[rows]) for rows in resamples(label, seed)]
    return {
        name: (float(low), float(high))
        for name in draws[0]
        for low, high in [np.percentile([draw[name] for draw in draws], [2.5, 97.5])]
    }


def resamples(label: Bools, seed: int, times: int = RESAMPLES) -> Iterator[npt.NDArray[np.int64]]:
    """Rows drawn with replacement from each label."""
    generator = np.random.default_rng(seed)
    parts = [np.flatnonzero(label), np.flatnonzero(~label)]
    for _ in range(times):
        yield np.concatenate([generator.choice(part, len(part)) for part in parts])
