"""The measures of a model by segment and by month, and lift: what a single figure hides."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refi_assets.errors import ModelError
from refi_assets.ml.fairness import Interval, RateOfRows, rate_of_rows, wilson_interval
from refi_assets.ml.measures import auc_interval, measure
from refi_assets.ml.policy_limits import BreakdownLimits
from refi_assets.ml.tables import Bools, Floats, Texts, is_missing

REST = "all others"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class PartMeasures:
    """A segment or a month. It has no measures if it has too few rows of either label.

    realized: positive labels, with Wilson's interval. measures: those of measures.py. auc_interval: DeLong's.
    """

    part: str
    realized: RateOfRows
    predicted_rate: float
    measures: Mapping[str, float]
    auc_interval: Interval | None


@dataclass(frozen=True)
class LiftPart:
    """Rows of similar probability; part 1 has the highest. Rows of equal probability count as in random order.

    positives: expected in that order. lift: rate of positives over that of all rows; the interval is Wilson's, of the
    part's rate. gain: share of all positives in this and the parts before.
    """

    part: int
    rows: int
    positives: float
    least_probability: float
    lift: float
    interval: Interval
    gain: float


def breakdown_by_segment(
    segments: Texts, label: Bools, probability: Floats, limits: BreakdownLimits
) -> tuple[PartMeasures, ...]:
    """The most frequent segments, by size, then the rows of all others and those without a segment (None)."""
    is_known = ~is_missing(segments)
    names, counts = np.unique(segments[is_known].astype(str), return_counts=True)
    by_size = [str(name) for _, name in sorted(zip(-counts, names, strict=True))]
    frequent = by_size[: limits.segments_count]
    parts = [(name, segments == name) for name in frequent]
    parts += [(REST, is_known & ~np.isin(segments.astype(str), frequent)), (UNKNOWN, ~is_known)]
    return tuple(_measured(parts, label, probability, limits))


def breakdown_by_month(
    days: NDArray[np.datetime64], label: Bools, probability: Floats, limits: BreakdownLimits
) -> tuple[PartMeasures, ...]:
    """Every month that has rows, in order; NaT is a part of its own."""
    months = days.astype("datetime64[M]").astype(str)
    parts = [(UNKNOWN if month == "NaT" else str(month), months == month) for month in np.unique(months)]
    return tuple(_measured(parts, label, probability, limits))


def lift_table(label: Bools, probability: Floats, limits: BreakdownLimits) -> tuple[LiftPart, ...]:
    """Parts of equal size, of the highest probability first; fewer if there are fewer rows.

    Raises ModelError if no label is positive.
    """
    if not label.any():
        raise ModelError("Lift: no label is positive. Choose a period with outcomes of both kinds.")
    order = np.argsort(-probability, kind="stable")
    _, places = np.unique(-probability[order], return_inverse=True)
    expected = (np.bincount(places, label[order]) / np.bincount(places))[places]
    base, caught, parts = label.mean(), 0.0, []
    for number, rows in enumerate(np.array_split(np.arange(len(label)), min(limits.lift_parts_count, len(label)))):
        positives = float(expected[rows].sum())
        caught += positives
        low, high = wilson_interval(round(positives), len(rows), limits.confidence_pct)
        parts.append(
            LiftPart(
                part=number + 1,
                rows=len(rows),
                positives=positives,
                least_probability=float(probability[order[rows[-1]]]),
                lift=float(positives / len(rows) / base),
                interval=(float(low / base), float(high / base)),
                gain=float(caught / label.sum()),
            )
        )
    return tuple(parts)


def _measured(
    parts: Iterable[tuple[str, Bools]], label: Bools, probability: Floats, limits: BreakdownLimits
) -> Iterator[PartMeasures]:
    for name, rows in parts:
        if not rows.any():
            continue
        labels, scores = label[rows], probability[rows]
        rate = rate_of_rows(int(labels.sum()), len(labels), limits.confidence_pct)
        is_enough = min(labels.sum(), (~labels).sum()) >= limits.least_of_label_count
        yield PartMeasures(
            part=name,
            realized=rate,
            predicted_rate=float(scores.mean()),
            measures=measure(labels, scores) if is_enough else {},
            auc_interval=auc_interval(labels, scores) if is_enough else None,
        )
