"""The plots of a model, each an SVG file without script: ROC, precision and recall, calibration, scores, lift, drift.

What is drawn is computed elsewhere or by scikit-learn; shapes and axes are those of charts.py.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from refi_assets import charts
from refi_assets.charts import Axes
from refi_assets.errors import best_effort
from refi_assets.ml.breakdowns import LiftPart
from refi_assets.ml.drift import ColumnDrift, RealizedReport
from refi_assets.ml.fairness import wilson_interval
from refi_assets.ml.policy_limits import DriftLimits
from refi_assets.ml.tables import Bools, Floats

SQUARE = {"width": 390, "height": 360}
POINTS = 200  # of a curve, at most
BINS = 40  # of a distribution
LARGEST = 30  # bars
QUARTERS = {share: f"{share:g}" for share in (0.0, 0.25, 0.5, 0.75, 1.0)}


def drawn_plots(plots: Mapping[str, Callable[[], bytes]]) -> tuple[dict[str, bytes], list[str]]:
    """Draw plots by file name. One that fails is left out, with a note that says so: no plot may end a run."""
    files: dict[str, bytes] = {}
    notes: list[str] = []
    for name, draw in plots.items():
        reasons: list[str] = []
        with best_effort(reasons.append):
            files[name] = draw()
        notes += [f"{name} could not be drawn: {reason}" for reason in reasons]
    return files, notes


def roc_plot(label: Bools, probability: Floats) -> bytes:
    """The ROC curve, above the diagonal of a model that knows nothing."""
    false_rate, true_rate, _ = roc_curve(label, probability)
    axes = Axes(0, 1, 1, **SQUARE)
    shapes = [_diagonal(axes, 1), charts.curve(axes, *_thinned(false_rate, true_rate))]
    title = f"ROC curve: true against false positive rate, area {roc_auc_score(label, probability):.3f}"
    return charts.svg_file(charts.plot(axes, shapes, QUARTERS, {}, title, "false positive rate", QUARTERS))


def precision_recall_plot(label: Bools, probability: Floats) -> bytes:
    """Precision by recall; the level line is the share of positives, the precision of a model that knows nothing."""
    precision, recall, _ = precision_recall_curve(label, probability)
    axes, base = Axes(0, 1, 1, **SQUARE), float(label.mean())
    level = charts.curve(axes, np.array([0.0, 1.0]), np.array([base, base]), "limit")
    shapes = [level, charts.curve(axes, *_thinned(recall, precision))]
    title = f"Precision by recall, average precision {average_precision_score(label, probability):.3f}"
    return charts.svg_file(charts.plot(axes, shapes, QUARTERS, {}, title, "recall", QUARTERS))


def calibration_plot(label: Bools, probability: Floats, confidence_pct: float, parts: int = 10) -> bytes:
    """Realized rate by mean probability, of parts of equal size, with Wilson's intervals; ideal is the diagonal."""
    order = np.array_split(np.argsort(probability, kind="stable"), min(parts, len(label)))
    predicted = np.array([probability[rows].mean() for rows in order])
    realized = np.array([label[rows].mean() for rows in order])
    low, high = np.array([wilson_interval(int(label[rows].sum()), len(rows), confidence_pct) for rows in order]).T
    marks = _share_marks(max(predicted.max(), high.max()))
    most = max(marks)
    axes = Axes(0, most, most, **SQUARE)
    shapes = [
        _diagonal(axes, most),
        charts.whiskers(axes, predicted, low, high),
        charts.dots(axes, predicted, realized),
    ]
    title = "Calibration: realized rate by predicted probability"
    return charts.svg_file(charts.plot(axes, shapes, marks, {}, title, "predicted probability", marks))


def score_plot(label: Bools, probability: Floats, limits: Mapping[str, float]) -> bytes:
    """The distribution of the probability among positives and negatives, with named limits such as a threshold."""
    edges = np.linspace(0, max(_share_marks(float(probability.max()))), BINS + 1)
    shares = [np.histogram(probability[rows], edges)[0] / max(rows.sum(), 1) for rows in (label, ~label)]
    marks = _share_marks(max(share.max() for share in shares))
    axes = Axes(0, float(edges[-1]), max(marks))
    centers = (edges[:-1] + edges[1:]) / 2
    shapes = [charts.curve(axes, centers, share, color) for share, color in zip(shares, ("second", ""), strict=True)]
    shapes.append(charts.inner_key(axes, {"positive": "second", "negative": ""}))
    title = "Distribution of the probability by label, in shares of the label's rows"
    return charts.svg_file(
        charts.plot(axes, shapes, marks, limits, title, "predicted probability", _share_marks(float(edges[-1])))
    )


def lift_plot(parts: Sequence[LiftPart]) -> bytes:
    """Lift by part, with its interval; 1 is the rate of all rows."""
    numbers = np.array([part.part for part in parts], dtype=float)
    low, high = np.array([part.interval for part in parts]).T
    axes = Axes(0.5, len(parts) + 0.5, float(max(high.max(), 1.0)))
    edges = np.append(numbers - 0.5, numbers[-1] + 0.5)
    shapes = [
        charts.histogram(axes, np.array([part.lift for part in parts]), edges),
        charts.whiskers(axes, numbers, low, high),
    ]
    title = "Lift: rate of positives over that of all rows, by part, the highest probability first"
    return charts.svg_file(charts.plot(axes, shapes, charts.round_marks(axes.most), {}, title, "part"))


def stability_plot(drifts: Sequence[ColumnDrift], limits: DriftLimits) -> bytes:
    """PSI by column, the largest first, with the policy's limits."""
    largest = sorted(drifts, key=lambda drift: -drift.psi)[:LARGEST]
    lines = {"warn": limits.psi.warn_above, "alert": limits.psi.alert_above}
    return charts.svg_file(
        charts.ranked_bars({drift.name: drift.psi for drift in largest}, lines, "Population stability index by column")
    )


def realized_plot(report: RealizedReport) -> bytes:
    """Realized rate (dots, with interval) against predicted rate (line), by month; months still open have neither."""
    months = [month for month in report.months if month.interval is not None]
    numbers = np.arange(float(len(months)))
    predicted, realized = (
        np.array([getattr(month, rate) for month in months], dtype=float)
        for rate in ("predicted_rate", "realized_rate")
    )
    low, high = np.array([month.interval for month in months], dtype=float).reshape(-1, 2).T
    marks = _share_marks(max([*predicted, *high, 0.01]))
    axes = Axes(-0.5, max(len(months), 1) - 0.5, max(marks))
    shapes = [
        charts.curve(axes, numbers, predicted, "second"),
        charts.whiskers(axes, numbers, low, high),
        charts.dots(axes, numbers, realized),
        charts.inner_key(axes, {"predicted": "second", "realized": ""}),
    ]
    step = -(-len(months) // 12) or 1
    x_marks = {number: month.month for number, month in list(zip(numbers, months, strict=True))[::step]}
    title = f"Realized against predicted rate by month, as of {report.as_of}"
    return charts.svg_file(charts.plot(axes, shapes, marks, {}, title, "month of the prediction", x_marks))


def _diagonal(axes: Axes, most: float) -> str:
    return charts.curve(axes, np.array([0.0, most]), np.array([0.0, most]), "limit")


def _thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """At most POINTS of a curve's points, with its ends."""
    kept = np.unique(np.linspace(0, len(x) - 1, POINTS).round().astype(int))
    return x[kept], y[kept]


def _share_marks(most: float) -> dict[float, str]:
    """Marks of an axis of shares, from 0 to the first at or above the most: at most ten, in steps of 1, 2 or 5."""
    exponent = np.floor(np.log10(max(most, 1e-4)))
    step = next(
        size * 10**power for power in (exponent - 1, exponent) for size in (1, 2, 5) if most <= 10 * size * 10**power
    )
    return {float(mark): f"{mark:.6g}" for mark in step * np.arange(int(np.ceil(round(most / step, 9))) + 1)}
