"""The plots of a model: places computed by hand, and files that stand alone."""

import re
from datetime import date
from xml.etree import ElementTree

import numpy as np
import pytest

from refi_assets.ml.breakdowns import lift_table
from refi_assets.ml.drift import MonthOfOutcomes, RealizedReport, column_drift
from refi_assets.ml.plots import (
    calibration_plot,
    drawn_plots,
    lift_plot,
    precision_recall_plot,
    realized_plot,
    roc_plot,
    score_plot,
    stability_plot,
)
from refi_assets.ml.policy_limits import BreakdownLimits, DriftLimits

# A square plot's x runs from 56 to 378, its y from 336 up to 18; a wide one's x from 56 to 888, its y from 196 to 18.
LABEL = np.array([False, True, False, True])
PROBABILITY = np.array([0.1, 0.4, 0.35, 0.8])


def parsed(svg: bytes) -> ElementTree.Element:
    assert b"<script" not in svg
    return ElementTree.fromstring(svg)  # a file must be XML, unlike an SVG inside HTML


def lines(svg: bytes, color: str) -> list[list[str]]:
    return [
        line.get("points", "").split() for line in parsed(svg).findall(".//{*}polyline") if line.get("class") == color
    ]


def title(svg: bytes) -> str | None:
    return next(text.text for text in parsed(svg).findall(".//{*}text") if text.get("class") == "title")


def test_the_roc_curve_goes_through_its_points() -> None:
    """By hand: .8 and .4 are positive, and above both negatives, .35 and .1."""
    svg = roc_plot(LABEL, PROBABILITY)
    assert lines(svg, "") == [["56.0,336.0", "56.0,177.0", "56.0,18.0", "378.0,18.0"]]
    assert lines(svg, "limit") == [["56.0,336.0", "378.0,18.0"]]
    assert title(svg) == "ROC curve: true against false positive rate, area 1.000"


def test_precision_by_recall_begins_at_one_and_has_the_share_of_positives_as_level() -> None:
    svg = precision_recall_plot(LABEL, PROBABILITY)
    assert lines(svg, "")[0][-1] == "56.0,18.0"
    assert lines(svg, "limit") == [["56.0,177.0", "378.0,177.0"]]


def test_calibration_has_a_dot_and_an_interval_for_each_part() -> None:
    """Ten rows of .2, of which two are positive, and ten of .8, of which eight are: both dots are on the diagonal."""
    label = np.array([True] * 2 + [False] * 8 + [True] * 8 + [False] * 2)
    svg = calibration_plot(label, np.repeat([0.2, 0.8], 10), 95, parts=2)
    dots = [(dot.get("cx"), dot.get("cy")) for dot in parsed(svg).findall(".//{*}circle")]
    assert dots == [("120.4", "272.4"), ("313.6", "81.6")]
    whiskers = [line for line in parsed(svg).findall(".//{*}line") if line.get("class") == "whisker"]
    # Wilson of 2 in 10: .0567 to .5098
    assert (whiskers[0].get("y1"), whiskers[0].get("y2")) == ("318.0", "173.9")


def test_scores_are_drawn_by_label_with_the_threshold() -> None:
    """All positives are in the 40 columns' last, all negatives in the first."""
    svg = score_plot(np.array([True, False, False]), np.array([1.0, 0.0, 0.01]), {"threshold": 0.5})
    (positive,) = lines(svg, "second")
    (negative,) = lines(svg, "")
    assert [point.endswith(",18.0") for point in positive] == [False] * 39 + [True]
    assert [point.endswith(",18.0") for point in negative] == [True] + [False] * 39
    assert re.findall(rb'class="limit" x1="([\d.]+)"', svg) == [b"472.0"]


def test_lift_has_a_column_for_each_part() -> None:
    label = np.arange(100) < 10
    svg = lift_plot(lift_table(label, np.linspace(1, 0, 100), BreakdownLimits()))
    columns = [rect for rect in parsed(svg).findall(".//{*}rect") if rect.get("class") is None]
    assert [column.get("height") for column in columns] == ["178.0", *["0.0"] * 9]


def test_the_columns_of_the_largest_psi_are_first_and_at_most_thirty() -> None:
    limits = DriftLimits(least_rows_count=1)
    training = np.arange(1000.0)
    drifts = [column_drift(f"<{shift}>", training, training + shift, limits) for shift in range(0, 640, 20)]
    texts = [text.text for text in parsed(stability_plot(drifts, limits)).findall(".//{*}text")]
    names = [text for text in texts if text and text.startswith("<")]
    assert names == [f"<{shift}>" for shift in range(620, 20, -20)]
    assert {"warn", "alert"} < set(texts)


def test_only_months_whose_outcomes_are_known_are_drawn() -> None:
    known = MonthOfOutcomes("2024-01", 100, 0, 0.1, 0.2, (0.15, 0.25), "warn")
    report = RealizedReport(date(2025, 2, 1), (known, MonthOfOutcomes("2024-02", 100, 100)))
    svg = realized_plot(report)
    assert [dot.get("cy") for dot in parsed(svg).findall(".//{*}circle")] == ["53.6"]  # 196 - 178 * .2 / .25
    assert b"2024-01" in svg
    assert b"2024-02" not in svg
    assert b"<circle" not in realized_plot(RealizedReport(date(2025, 2, 1), ()))


@pytest.mark.parametrize("rows", [1_000, 20_000])
def test_a_curve_has_at_most_two_hundred_points(rows: int) -> None:
    draws = np.random.default_rng(1)
    svg = roc_plot(draws.random(rows) < 0.5, draws.random(rows))
    assert len(lines(svg, "")[0]) <= 200
    assert len(svg) < 10_000


def test_a_plot_that_fails_is_left_out_with_a_note() -> None:
    def broken() -> bytes:
        raise ValueError("a person's data")

    plots, notes = drawn_plots({"roc.svg": lambda: roc_plot(LABEL, PROBABILITY), "lift.svg": broken})
    assert [*plots] == ["roc.svg"]
    assert len(notes) == 1
    assert notes[0].startswith("lift.svg could not be drawn: ValueError")
    assert "person" not in notes[0]
