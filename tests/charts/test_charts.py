"""Bars, curves and axes, against places computed by hand: a plot's x runs from 56 to 888, its y from 196 up to 18."""

import re
from xml.etree import ElementTree

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from refi_assets.charts import (
    Axes,
    bar,
    curve,
    dots,
    histogram,
    inner_key,
    plot,
    ranked_bars,
    round_marks,
    svg_file,
    whiskers,
)

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


def test_a_plot_may_have_its_own_size_and_marks_of_x() -> None:
    """Its x runs from 56 to 388, its y from 276 up to 18."""
    axes = Axes(0, 1, 1, width=400, height=300)
    assert (axes.x(0.5), axes.y(0.5)) == (222, 147)
    svg = plot(axes, [], {}, {"limit": 0.9}, "Shares", "", x_marks={0.5: "half <"})
    assert 'viewBox="0 0 400 314"' in svg
    assert '<text x="222.0" y="292" text-anchor="middle">half &lt;</text>' in svg
    assert '<text x="305.0" y="12" text-anchor="start">limit</text>' in svg, "there is room for the name"


def test_dots_and_whiskers_are_at_their_values() -> None:
    at = np.array([0.0])
    assert dots(AXES, at, np.array([1.0]), "second") == '<circle class="second" cx="472.0" cy="151.5" r="3"/>'
    assert whiskers(AXES, at, np.array([0.0]), np.array([4.0])) == (
        '<line class="whisker" x1="472.0" x2="472.0" y1="196.0" y2="18.0"/>'
    )


def test_a_key_inside_a_plot_names_its_colors() -> None:
    names = inner_key(AXES, {"a&b": "", "c": "second"})
    assert re.findall(r'class="(\w*)"[^>]*/><text[^>]*>([^<]*)<', names) == [("", "a&amp;b"), ("second", "c")]


def test_ranked_bars_share_a_scale_with_their_limits() -> None:
    """From 240 to 840: half of the limit is at 540, and what is below 0 has no bar."""
    svg = ranked_bars({"a<": 1.0, "b": -1.0, "c" * 40: 0.5}, {"limit": 2.0}, "Bars")
    assert re.findall(r'<rect[^>]*width="([\d.]+)"', svg) == ["300.0", "0.0", "150.0"]
    assert re.findall(r'class="limit" x1="([\d.]+)"', svg) == ["840.0"]
    assert re.findall(r'text-anchor="end">([^<]+)<', svg) == ["a&lt;", "b", "c" * 35 + "…"]
    assert ranked_bars({}, {}, "Bars")


def test_a_file_of_an_svg_is_xml_with_its_own_style_and_title() -> None:
    """A control character in a name would make a file that no browser opens."""
    svg = ranked_bars({"a\x00\x1bb": 1.0}, {}, 'Bars > "1"')
    root = ElementTree.fromstring(svg_file(svg))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert (root.get("width"), root.get("viewBox")) == ("900", "0 -18 900 62")
    texts = [text.text for text in root.findall(".//{*}text")]
    assert texts == ['Bars > "1"', "ab", "1"]
    style = root.findtext("{*}style")
    assert style is not None
    assert set(re.findall(r"var\((--[a-z]+)\)", style)) <= set(re.findall(r"(--[a-z]+):", style))


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
