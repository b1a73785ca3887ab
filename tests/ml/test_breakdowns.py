"""Measures by segment and month, and lift, against scikit-learn on the rows of each part and tables by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from refi_assets.errors import ModelError
from refi_assets.ml.breakdowns import breakdown_by_month, breakdown_by_segment, lift_table
from refi_assets.ml.policy_limits import BreakdownLimits

LIMITS = BreakdownLimits()
DRAWS = np.random.default_rng(3)
ROWS = 3000
PROBABILITY = DRAWS.beta(2, 5, size=ROWS)
LABEL = DRAWS.random(ROWS) < PROBABILITY
SEGMENTS = np.array(["retail", "broker", "rare", None], dtype=object)[
    DRAWS.choice(4, size=ROWS, p=[0.6, 0.3, 0.06, 0.04])
]


def test_each_segment_has_the_figures_of_its_rows_the_largest_first() -> None:
    parts = breakdown_by_segment(SEGMENTS, LABEL, PROBABILITY, LIMITS)
    assert [part.part for part in parts] == ["retail", "broker", "rare", "unknown"]
    for part in parts:
        rows = np.array([segment == (None if part.part == "unknown" else part.part) for segment in SEGMENTS])
        assert part.realized.share == LABEL[rows].mean()
        assert part.predicted_rate == pytest.approx(PROBABILITY[rows].mean())
        assert part.measures["roc_auc"] == pytest.approx(roc_auc_score(LABEL[rows], PROBABILITY[rows]))
        assert part.auc_interval is not None
        assert part.auc_interval[0] < part.measures["roc_auc"] < part.auc_interval[1]
    assert sum(part.realized.rows for part in parts) == ROWS


def test_rare_segments_are_measured_together() -> None:
    parts = breakdown_by_segment(SEGMENTS, LABEL, PROBABILITY, BreakdownLimits(segments_count=1))
    assert [part.part for part in parts] == ["retail", "all others", "unknown"]
    assert parts[1].realized.rows == np.isin(SEGMENTS.astype(str), ["broker", "rare"]).sum()


def test_months_are_in_order_and_one_with_few_outcomes_has_only_rates() -> None:
    days = np.full(ROWS, np.datetime64("2024-02-29"))
    days[:20] = np.datetime64("2023-12-31")
    days[20:25] = np.datetime64("NaT")
    label = LABEL.copy()
    label[:20] = np.arange(20) < 9
    parts = {part.part: part for part in breakdown_by_month(days, label, PROBABILITY, LIMITS)}
    assert [*parts] == ["2023-12", "2024-02", "unknown"]
    assert (parts["2023-12"].realized.count, parts["2023-12"].measures) == (9, {})
    assert parts["2024-02"].measures["roc_auc"] == pytest.approx(roc_auc_score(label[25:], PROBABILITY[25:]))


def test_a_perfect_ranking_of_one_in_ten_lifts_tenfold() -> None:
    label = np.arange(1000) < 100
    parts = lift_table(label, np.linspace(1, 0, 1000), LIMITS)
    assert [part.lift for part in parts] == [10, *[0] * 9]
    assert [part.gain for part in parts] == [1] * 10
    assert [part.rows for part in parts] == [100] * 10
    # Wilson of 100 in 100 is .9630 to 1, of a base rate of .1
    assert parts[0].interval == pytest.approx((9.630, 10), abs=0.001)


def test_lift_by_hand() -> None:
    """Six rows, three positive, in three parts: 2, 1 and 0 positives of 2 rows each."""
    label = np.array([True, False, True, False, True, False])
    probability = np.array([0.9, 0.1, 0.8, 0.2, 0.5, 0.4])
    parts = lift_table(label, probability, BreakdownLimits(lift_parts_count=3))
    assert [part.lift for part in parts] == [2, 1, 0]
    assert [part.gain for part in parts] == pytest.approx([2 / 3, 1, 1])
    assert [part.least_probability for part in parts] == [0.8, 0.4, 0.1]


def test_rows_of_equal_probability_have_no_order() -> None:
    """The order of the file would put all positives into the first part."""
    parts = lift_table(np.arange(100) < 50, np.full(100, 0.5), BreakdownLimits(lift_parts_count=2))
    assert [part.lift for part in parts] == [1, 1]


def test_fewer_rows_than_parts_and_no_positive_label() -> None:
    assert len(lift_table(np.array([True, False]), np.array([0.2, 0.1]), LIMITS)) == 2
    with pytest.raises(ModelError, match="no label is positive"):
        lift_table(np.array([False]), np.array([0.5]), LIMITS)
