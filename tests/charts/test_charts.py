"""Bars, curves and axes, against places computed by hand: a plot's x runs from 56 to 888, its y from 196 up to 18."""

import re

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from refi_assets.charts import Axes, bar, curve, histogram, plot, round_marks

AXES = Axes(low=-10, high=10, most=4)


def test_a_bar_begins_at_zero_and_is_as_wide_as_its_share_of_the_scale() -> None:
    assert bar(3, -2, 3) == '<div class="bar"><i style="left:40.00%;width:60.00%"></i><b style="left:40.00%"></b></div>'
    assert 'class="bar second"><i style="left:0.00%;width:40.00%"' in bar(-2, -2, 3)
    assert bar(1, 0, 4) == '<div class="bar"><i style="left:0.00%;width:25.00%"></i></div>'
    assert "width:0.00%" in bar(0, 0, 0)


def test_a_curve_goes_through_its_points() -> None:
    points = curve(AXES, np.array([-10.0, 0.0, 10.0]), np.array([0.0, 1.0, 4.0]), "second")
    assert points == '<polyline class="second" points="56.0,196.0 472.0,151.5 888.0,18.0"/>'


def test_a_histogram_has_a_column_for_each_count() -> None:
    columns = histogram(AXES, np.array([4.0, 1.0]), np.array([-10.0, 0.0, 10.0]))
    assert columns == (
        '<rect x="56.0" y="18.0" width="415.0" height="178.0"/><rect x="472.0" y="151.5" width="415.0" height="44.5"/>'
    )


def test_a_plot_has_marks_on_both_axes_and_limits_that_stay_on_the_scale() -> None:
    svg = plot(AXES, ["<g/>"], {0.0: "none", 4.0: "<4"}, {"low": -20.0, "high": 0.0}, "Pairs & weights", "bits")
    assert re.findall(r'<text x="50" y="([\d.]+)"[^>]*>([^<]+)<', svg) == [("200.0", "none"), ("22.0", "&lt;4")]
    marks = re.findall(r'text-anchor="middle">(-?\d+)<', svg)
    assert marks == [str(mark) for mark in range(-10, 11, 2)]
    assert re.findall(r'class="limit" x1="([\d.]+)"', svg) == ["56.0", "472.0"]
    assert re.findall(r'text-anchor="(\w+)">(low|high)<', svg) == [("end", "low"), ("start", "high")]
    assert 'aria-label="Pairs &amp; weights"' in svg
    assert "<g/>" in svg


@given(st.integers(1, 20_000))
@example(6)
@example(51)
@example(9999)
def test_an_axis_has_a_few_round_marks(most: int) -> None:
    """6-9, 51-99, 501-999 and 5,001-9,999 ended with StopIteration."""
    marks = [int(mark) for mark in round_marks(float(most))]
    step = marks[1]
    assert marks == [*range(0, most + 1, step)]
    assert 2 <= len(marks) <= 6
    assert str(step).rstrip("0") in ("1", "2", "5")
