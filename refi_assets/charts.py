"""Charts and tables, as HTML and SVG without a script: bars, curves, histograms, dots, and their axes.

On a page, STYLE is their CSS. The page defines the colors --line (of axes) and --muted (of text); the style defines
--first, --second and --third for what is drawn, which the page may use as well. A class is the color of a bar, curve or
dot: "" for the first, "second" or "third". `svg_file` makes a file of its own from an SVG. `report_page` is such a page
of sections, in one file without script or network; its layout is in charts.html.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from importlib.resources import files
from itertools import cycle

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 900, 220, 56, 24, 18  # of a plot, in units of its SVG
X_MARKS = 12  # about
LIMIT_NAME = 95  # room for a limit's name
ROW, ROW_NAME, ROW_VALUE = 18, 240, 60  # of a ranked bar: its height, and room for its name and its value
TITLE = 18  # height of a file's title
MARKED_MONTHS = 14  # on an axis; of more months, only the years are marked
COLORS = ("", "second", "third")
_SVG = re.compile('<svg viewBox="0 0 ([0-9]+) ([0-9]+)" role="img" aria-label="([^"]*)">(.*)', re.DOTALL)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

STYLE = """
  :root { --first: #0b62c4; --second: #a34700; --third: #4b7f3a; }
  @media (prefers-color-scheme: dark) { :root { --first: #7db8ff; --second: #ffac6b; --third: #9ccf86; } }
  .chart { width: 40%; min-width: 12rem; }
  .bar { position: relative; height: .85rem; }
  .bar i { position: absolute; inset-block: 0; min-width: 1px; background: var(--first); border-radius: 1px; }
  .bar.second i { background: var(--second); }
  .bar b { position: absolute; inset-block: -.15rem; width: 1px; background: var(--muted); }
  svg { display: block; width: 100%; height: auto; margin-top: .4rem; }
  svg text { font: 11px system-ui, sans-serif; fill: var(--muted); }
  svg .axis { stroke: var(--line); }
  svg .limit { stroke: var(--muted); stroke-dasharray: 4 3; }
  svg polyline { fill: none; stroke-width: 1.8; stroke: var(--first); }
  svg rect, svg circle { fill: var(--first); }
  svg circle.second, svg rect.second { fill: var(--second); }
  svg circle.third, svg rect.third { fill: var(--third); }
  svg .whisker { stroke: var(--muted); stroke-width: 1.4; }
  svg .second { stroke: var(--second); }
  svg .third { stroke: var(--third); }
  .key::before { content: ""; display: inline-block; width: 1.4em; height: .2em; margin: 0 .4em .25em 0; }
  .key::before { background: var(--first); }
  .key.second::before { background: var(--second); }
  .key.third::before { background: var(--third); }
"""

# Of an SVG that is a file of its own, after STYLE. It fills no page, so it has a size.
FILE_STYLE = """
  :root { color-scheme: light dark; --line: #d5dbe1; --muted: #5b6876; --surface: #ffffff; }
  @media (prefers-color-scheme: dark) { :root { --line: #343f4b; --muted: #9aa8b6; --surface: #1a2129; } }
  svg .title { font-size: 12px; font-weight: 600; }
  svg { width: auto; max-width: 100%; margin: 0; background: var(--surface); }
"""


Series = Mapping[str, Mapping[date, float]]  # name -> month -> value


@dataclass(frozen=True)
class Axes:
    """The scales of a plot: x from low to high, y from 0 to most (above 0)."""

    low: float
    high: float
    most: float
    width: int = WIDTH
    height: int = HEIGHT

    def x(self, value: float) -> float:
        """The place of a value, in units of the SVG; values outside the scale are at its ends."""
        share = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1.0)
        return float(LEFT + (self.width - LEFT - 12) * share)

    def y(self, value: float) -> float:
        """The place of a value, in units of the SVG."""
        return self.height - BOTTOM - (self.height - BOTTOM - TOP) * value / self.most


def bar(value: float, low: float, high: float) -> str:
    """A bar from 0 to a value, in the second color below 0, on a scale from low (at most 0) to high (at least 0)."""
    scale = 100 / ((high - low) or 1.0)
    zero = -low * scale
    start, width = zero + min(value, 0) * scale, abs(value) * scale
    line = f'<b style="left:{zero:.2f}%"></b>' if low < 0 else ""
    color = " second" if value < 0 else ""
    return f'<div class="bar{color}"><i style="left:{start:.2f}%;width:{width:.2f}%"></i>{line}</div>'


def curve(axes: Axes, x: Numbers, y: Numbers, color: str = "") -> str:
    """A line through points."""
    points = " ".join(f"{axes.x(at):.1f},{axes.y(value):.1f}" for at, value in zip(x, y, strict=True))
    return f'<polyline class="{color}" points="{points}"/>'


def histogram(axes: Axes, counts: Numbers, edges: Numbers) -> str:
    """A column for each count, between two of the edges."""
    columns = []
    for count, start, end in zip(counts, edges[:-1], edges[1:], strict=True):
        x, y = axes.x(start), axes.y(count)
        width, height = axes.x(end) - x - 1, axes.y(0) - y
        columns.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>')
    return "".join(columns)


def dots(axes: Axes, x: Numbers, y: Numbers, color: str = "") -> str:
    """A dot at each point."""
    places = ((axes.x(at), axes.y(value)) for at, value in zip(x, y, strict=True))
    return "".join(f'<circle class="{color}" cx="{left:.1f}" cy="{top:.1f}" r="3"/>' for left, top in places)


def whiskers(axes: Axes, x: Numbers, low: Numbers, high: Numbers) -> str:
    """A vertical line from low to high at each x: an interval."""
    return "".join(
        f'<line class="whisker" x1="{axes.x(at):.1f}" x2="{axes.x(at):.1f}" '
        f'y1="{axes.y(least):.1f}" y2="{axes.y(most):.1f}"/>'
        for at, least, most in zip(x, low, high, strict=True)
    )


def inner_key(axes: Axes, names: Mapping[str, str]) -> str:
    """The names of curves with their colors, inside an SVG at its top right."""
    parts = []
    for number, (name, color) in enumerate(names.items()):
        y = TOP + 14 + 16 * number
        parts.append(f'<rect class="{color}" x="{axes.width - 28}" y="{y - 7}" width="16" height="3"/>')
        parts.append(f'<text x="{axes.width - 34}" y="{y}" text-anchor="end">{escape(name)}</text>')
    return "".join(parts)


def ranked_bars(values: Mapping[str, float], limits: Mapping[str, float], label: str) -> str:
    """An SVG of horizontal bars from 0 (values below 0 have none), with their names and a named line at each limit."""
    most = max([*values.values(), *limits.values(), 0.0]) or 1.0
    height = TOP + ROW * len(values) + 8
    parts = []
    for number, (name, value) in enumerate(values.items()):
        y, shown = TOP + ROW * number, name if len(name) <= 36 else f"{name[:35]}…"
        width = _bar_end(max(value, 0.0), most) - ROW_NAME
        parts.append(f'<text x="{ROW_NAME - 8}" y="{y + 13}" text-anchor="end">{escape(shown)}</text>')
        parts.append(f'<rect x="{ROW_NAME}" y="{y + 4}" width="{width:.1f}" height="{ROW - 6}"/>')
        parts.append(f'<text x="{ROW_NAME + width + 6:.1f}" y="{y + 13}">{value:.3g}</text>')
    for name, limit in limits.items():
        x = _bar_end(limit, most)
        parts.append(f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{height - 4}"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP - 6}" text-anchor="middle">{escape(name)}</text>')
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def _bar_end(value: float, most: float) -> float:
    return ROW_NAME + (WIDTH - ROW_NAME - ROW_VALUE) * value / most


def svg_file(svg: str) -> bytes:
    """An SVG of `plot` or `ranked_bars` as a file that needs nothing else, with its label as title."""
    [(width, height, label, content)] = _SVG.findall(_NOT_XML.sub("", svg))
    size = f"{width} {int(height) + TITLE}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" viewBox="0 -{TITLE} {size}" role="img" '
        f'aria-label="{label}"><style>{STYLE}{FILE_STYLE}</style>'
        f'<text class="title" x="8" y="-4">{label}</text>{content}'
    ).encode()


def key(names: Mapping[str, str]) -> str:
    """The names of curves with their colors."""
    spans = (f'<span class="key {color}">{escape(name)}</span>' for name, color in names.items())
    return f"<div>{'&ensp;'.join(spans)}</div>"


def plot(
    axes: Axes,
    shapes: Iterable[str],
    y_marks: Mapping[float, str],
    limits: Mapping[str, float],
    label: str,
    unit: str,
    x_marks: Mapping[float, str] | None = None,
) -> str:
    """An SVG of shapes, with marks on both axes and a named line at each limit of x. `unit` is that of x.

    Without `x_marks`, the marks of x are about a dozen whole numbers.
    """
    parts = []
    for value, text in y_marks.items():
        y = axes.y(value)
        parts.append(f'<line class="axis" x1="{LEFT}" x2="{axes.width}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>')
    for mark, text in (_whole_marks(axes) if x_marks is None else x_marks).items():
        parts.append(f'<text x="{axes.x(mark):.1f}" y="{axes.height - 8}" text-anchor="middle">{escape(text)}</text>')
    parts += shapes
    highest = max(limits.values(), default=0.0)
    for name, limit in limits.items():
        x = axes.x(limit)
        parts.append(f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{axes.y(0):.1f}"/>')
        # The name of the highest limit is on its right, the others' on their left, as far as there is room.
        anchor, text_x = (
            ("start", min(x + 4, axes.width - LIMIT_NAME)) if limit == highest else ("end", max(x - 4, LIMIT_NAME))
        )
        parts.append(f'<text x="{text_x:.1f}" y="{TOP - 6}" text-anchor="{anchor}">{escape(name)}</text>')
    return (
        f'<svg viewBox="0 0 {axes.width} {axes.height + 14}" role="img" aria-label="{escape(label)}">{"".join(parts)}'
        f'<text x="{axes.width}" y="{axes.height + 8}" text-anchor="end">{escape(unit)}</text></svg>'
    )


def report_page(title: str, sections: Iterable[str]) -> str:
    """An HTML page of sections."""
    page = files("refi_assets").joinpath("charts.html").read_text("utf-8").replace("CHART_STYLE", STYLE)
    return page.replace("PAGE_TITLE", escape(title)).replace("PAGE_BODY", "\n".join(sections))


def section(title: str, about: str, content: str) -> str:
    """A section of a page: `content` is HTML, the others are texts."""
    paragraph = f"<p>{escape(about)}</p>" if about else ""
    return f"<section><h2>{escape(title)}</h2>{paragraph}{content}</section>"


def fact_list(facts: Mapping[str, str]) -> str:
    """Facts by name, side by side."""
    listed = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(fact)}</dd></div>" for name, fact in facts.items())
    return f"<dl>{listed}</dl>"


def monthly_plot(series: Series, label: str, draw: Callable[[Axes, Numbers, Numbers, str], str] = curve) -> str:
    """A plot of values by month (or the first months of quarters), and the names of its series if there are several."""
    months = sorted({month for values in series.values() for month in values})
    if not months:
        return "<p>There is no month to show.</p>"
    first, last = _month_number(months[0]), _month_number(months[-1])
    highest = max(value for values in series.values() for value in values.values())
    axes = Axes(first - 0.5, last + 0.5, max(highest, 1.0))
    names = dict(zip(series, cycle(COLORS), strict=False))
    shapes = []
    for name, values in series.items():
        x, y = np.array([float(_month_number(month)) for month in values]), np.array([*values.values()])
        shapes.append(draw(axes, x, y, names[name]))
        if last - first < MARKED_MONTHS:
            shapes.append(dots(axes, x, y, names[name]))
    label = f"{label}, {months[0]:%Y-%m} to {months[-1]:%Y-%m}"
    svg = plot(axes, shapes, round_marks(axes.most), {}, label, "", _month_marks(first, last))
    return (key(names) if len(series) > 1 else "") + svg


def data_table(texts: Sequence[str], numbers: Sequence[str], rows: Sequence[str]) -> str:
    """A table whose first columns are texts, and whose others are numbers, which are on the right."""
    if not rows:
        return "<p>There is none.</p>"
    heads = [f'<th scope="col">{escape(name)}</th>' for name in texts]
    heads += [f'<th scope="col" class="number">{escape(name)}</th>' for name in numbers]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>{body}</tbody></table>"


def text_cells(*texts: str) -> str:
    """Cells of a row of data_table."""
    return "".join(f"<td>{escape(text)}</td>" for text in texts)


def number_cells(*numbers: str) -> str:
    """Cells of a row of data_table, on the right."""
    return "".join(f'<td class="number">{escape(number)}</td>' for number in numbers)


def disclosure(summary: str, content: str) -> str:
    """Content, which is HTML, that a click shows."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def _whole_marks(axes: Axes) -> dict[float, str]:
    step = max(1, round((axes.high - axes.low) / X_MARKS))
    marks = range(int(np.ceil(axes.low / step)) * step, int(axes.high) + 1, step)
    return {float(mark): str(mark) for mark in marks}


def round_marks(most: float) -> dict[float, str]:
    """Round numbers from 0 to the most: at most five above zero, in steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(max(most, 1.0)))
    step = max(next(power / part for part in (5, 2, 1, 0.5) if most / (power / part) <= 5), 1.0)
    return {float(value): f"{value:,.0f}" for value in np.arange(0, most + 1e-9, step)}


def _month_marks(first: int, last: int) -> dict[float, str]:
    """Marks on the axis of months: all months, or the first month of each year."""
    if last - first < MARKED_MONTHS:
        return {float(number): f"{number // 12}-{number % 12 + 1:02}" for number in range(first, last + 1)}
    return {float(number): str(number // 12) for number in range(first, last + 1) if number % 12 == 0}


def _month_number(month: date) -> int:
    return month.year * 12 + month.month - 1
