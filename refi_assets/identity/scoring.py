"""The quality of a matching whose truth is known: pairs, and B-cubed (Bagga and Baldwin, 1998)."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 of pairs of records, and B-cubed (of records)."""

    precision: float
    recall: float
    f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float


def score_clusters(clusters: "pd.Series[str]", truth: "pd.Series[str]") -> Score:
    """Score of the clusters of records against the true ones; records without a truth do not count."""
    frame = pd.DataFrame({"cluster": clusters, "truth": truth}).dropna()
    shared = frame.groupby(["cluster", "truth"])["cluster"].transform("size")
    ours = frame.groupby("cluster")["cluster"].transform("size")
    theirs = frame.groupby("truth")["truth"].transform("size")
    # Each pair is counted twice, once from either record.
    right = (shared - 1).sum()
    precision, recall = _share(right, (ours - 1).sum()), _share(right, (theirs - 1).sum())
    b_precision, b_recall = float((shared / ours).mean()), float((shared / theirs).mean())
    return Score(precision, recall, _f1(precision, recall), b_precision, b_recall, _f1(b_precision, b_recall))


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 1.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
