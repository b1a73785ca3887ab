"""Drift, against PSI by hand and as published, scipy's KS, and outcomes with a known rate and delay."""

from datetime import date
from math import log

import numpy as np
import pytest
from scipy.stats import kstest

from refi_assets.ml.drift import (
    RealizedReport,
    column_drift,
    realized_against_predicted,
    stability_index,
    table_drift,
    training_bins,
)
from refi_assets.ml.policy_limits import AlertLimits, DriftLimits

LIMITS = DriftLimits()
SMALL = DriftLimits(least_rows_count=1)
FLOOR = LIMITS.least_share_pct / 100


def text_column(*counts: tuple[str | None, int]) -> np.ndarray:
    return np.array([value for value, count in counts for _ in range(count)], dtype=object)


def test_psi_by_hand() -> None:
    """Shares of 1/2 and 1/2 become 1/4 and 3/4: -1/4 ln 1/2 + 1/4 ln 3/2."""
    psi = stability_index(np.array([0.5, 0.5]), np.array([0.25, 0.75]), FLOOR)
    assert psi == pytest.approx(0.25 * log(2) + 0.25 * log(1.5))


def test_psi_of_an_unchanged_population_is_as_published() -> None:
    """Its expected value is (bins - 1)(1/n + 1/m): Yurdakul and Naranjo, Journal of Risk Model Validation 14 (2020)."""
    draws = np.random.default_rng(7)
    sample = [column_drift("x", draws.normal(size=2000), draws.normal(size=1000), LIMITS).psi for _ in range(200)]
    assert np.mean(sample) == pytest.approx(9 * (1 / 2000 + 1 / 1000), rel=0.1)


def test_bins_are_deciles_of_training_with_their_limit_in_the_bin_below() -> None:
    bins = training_bins(np.arange(1.0, 101.0), LIMITS)
    assert bins.limits is not None
    assert bins.limits.tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert bins.shares(np.array([10.0, 10.5, 20.0, 91.0, np.nan])).tolist() == [0.2, 0.4, *[0] * 7, 0.2, 0.2]


def test_a_missing_value_has_its_own_bin() -> None:
    """Half of the values go missing: 1/2 of .1 in ten bins, and 1/2 where there was nothing, which counts as .0001."""
    training = np.arange(1000.0)
    current = np.where(np.arange(1000) % 2, np.nan, training)
    drift = column_drift("x", training, current, LIMITS)
    assert drift.psi == pytest.approx(0.5 * log(2) + (0.5 - 0.0001) * log(0.5 / 0.0001), rel=1e-3)
    assert (drift.training_missing_share, drift.current_missing_share) == (0, 0.5)
    assert drift.ks == pytest.approx(0, abs=0.002)
    assert drift.verdict == "alert"


def test_a_category_that_training_never_had_counts_with_the_rare_ones() -> None:
    training = text_column(("a", 600), ("b", 300), ("c", 90), ("d", 10))
    bins = training_bins(training, DriftLimits(categories_count=2))
    assert bins.categories == ("a", "b")
    assert bins.shares(text_column(("a", 1), ("d", 1), ("new", 1), (None, 1))).tolist() == [0.25, 0, 0.5, 0.25]
    drift = column_drift("x", training, text_column(("a", 500), ("new", 500)), LIMITS)
    assert (drift.ks, drift.verdict) == (None, "alert")


def test_ten_thousand_categories_have_as_many_bins_as_the_policy_says() -> None:
    column = np.array([f"c{number:05}" for number in range(10_000)], dtype=object)
    assert len(training_bins(column, LIMITS).categories) == LIMITS.categories_count
    assert column_drift("x", column, column[::-1], LIMITS).psi == 0


def test_ks_is_scipys_and_finds_a_constant_that_fell() -> None:
    uniform = np.linspace(0, 1, 1001)
    drift = column_drift("x", uniform, uniform**2, LIMITS)
    assert drift.ks == pytest.approx(kstest(uniform**2, "uniform").statistic, abs=0.002)
    assert drift.ks == pytest.approx(0.25, abs=0.002)  # the most of sqrt(x) - x, at x = 1/4
    fell = column_drift("x", np.full(1000, 5.0), np.full(1000, 4.0), LIMITS)
    assert (fell.psi, fell.ks, fell.verdict) == (0, 1, "alert")


@pytest.mark.parametrize(
    ("share", "verdict"),
    [(0.5, "ok"), (0.62, "ok"), (0.68, "warn"), (0.80, "alert")],  # PSI 0, .059, .136, .416
)
def test_the_verdict_follows_the_limits(share: float, verdict: str) -> None:
    training = text_column(("a", 500), ("b", 500))
    current = text_column(("a", round(1000 * share)), ("b", round(1000 * (1 - share))))
    drift = column_drift("x", training, current, LIMITS)
    assert drift.psi == pytest.approx((share - 0.5) * log(share / (1 - share)))
    assert drift.verdict == verdict


@pytest.mark.parametrize("column", [np.array([]), np.full(3, np.nan), text_column((None, 3)), text_column()])
def test_columns_without_a_value_are_compared_too(column: np.ndarray) -> None:
    value = text_column(("a", 2)) if column.dtype == object else np.array([1.0, 2.0])
    for training, current in ((column, value), (value, column), (column, column)):
        drift = column_drift("x", training, current, SMALL)
        assert drift.ks is None
        assert np.isfinite(drift.psi)


def test_few_rows_are_not_judged_and_a_table_is_judged_by_column() -> None:
    training = {"x": np.arange(1000.0), "y": text_column(("a", 1000))}
    current = {"y": text_column(("b", 400)), "x": np.full(400, 5000.0)}
    drifts = table_drift(training, current, LIMITS)
    assert [(drift.name, drift.verdict) for drift in drifts] == [("x", "few rows"), ("y", "few rows")]
    assert [drift.verdict for drift in table_drift(training, current, SMALL)] == ["alert", "alert"]


# 1,000 predictions a month, on the 15th, of 10 %: in January 100 come true, in February 160, in March none yet.
PER_MONTH = 1000
PREDICTED_ON = np.repeat(np.array(["2024-01-15", "2024-02-15", "2024-03-15"], dtype="datetime64[D]"), PER_MONTH)
PROBABILITY = np.full(3 * PER_MONTH, 0.1)
OUTCOME = np.zeros(3 * PER_MONTH)
OUTCOME[:100] = OUTCOME[PER_MONTH : PER_MONTH + 160] = 1
KNOWN_ON = PREDICTED_ON + np.where(OUTCOME == 1, 90, 365)  # defaults are known early, the good end of a loan late


def outcomes_as_of(day: str, known_on: np.ndarray = KNOWN_ON) -> RealizedReport:
    return realized_against_predicted(PROBABILITY, PREDICTED_ON, OUTCOME, known_on, date.fromisoformat(day), LIMITS)


def test_a_month_is_compared_when_the_window_of_its_last_day_has_passed() -> None:
    """2024-01-31 and 365 days is 2025-01-30."""
    for day, compared in (("2025-01-29", False), ("2025-01-30", True)):
        january = outcomes_as_of(day).months[0]
        assert (january.realized_rate is not None) == compared
        assert january.rows == PER_MONTH


def test_early_defaults_do_not_make_a_month_look_worse() -> None:
    """In July 2024 all 260 defaults of two months are known and nothing else: a rate of 100 %."""
    report = outcomes_as_of("2024-07-01")
    assert [month.realized_rate for month in report.months] == [None, None, None]
    assert [month.not_known for month in report.months] == [900, 840, 1000]
    assert report.not_known == 2740


def test_realized_rates_are_judged_by_interval_and_gap() -> None:
    report = outcomes_as_of("2025-03-01")
    january, february, march = report.months
    assert january.predicted_rate == pytest.approx(0.1)
    assert january.realized_rate == 0.1
    assert january.interval == pytest.approx((0.0829, 0.1202), abs=1e-4)  # Wilson, by hand
    assert (january.verdict, february.verdict, march.verdict) == ("ok", "alert", None)
    assert february.realized_rate == 0.16
    assert (january.not_known, march.not_known, report.not_known) == (0, 1000, 1000)
    tolerant = DriftLimits(realized_gap_pct=AlertLimits(warn_above=50, alert_above=70))
    judged = realized_against_predicted(PROBABILITY, PREDICTED_ON, OUTCOME, KNOWN_ON, report.as_of, tolerant)
    assert judged.months[1].verdict == "warn"


def test_outcomes_that_never_became_known_are_counted_and_later_predictions_are_not_read() -> None:
    known_on = KNOWN_ON.copy()
    known_on[50:100] = np.datetime64("NaT")  # half of January's defaults
    report = outcomes_as_of("2025-02-01", known_on)
    assert (report.months[0].not_known, report.months[0].realized_rate) == (50, 50 / 950)
    assert [month.month for month in outcomes_as_of("2024-02-20").months] == ["2024-01", "2024-02"]
    assert outcomes_as_of("2023-12-31").months == ()


def test_a_report_is_json() -> None:
    first = outcomes_as_of("2025-03-01").as_json()
    assert (first["as_of"], first["not_known"], first["months"][0]["month"]) == ("2025-03-01", 1000, "2024-01")
