"""Charts of a page, as HTML and SVG without a script: bars, curves, histograms, and their axes.

STYLE is their CSS. The page defines the colors --line (of axes) and --muted (of text); the style defines --first,
--second and --third for what is drawn, which the page may use as well. A class is the color of a bar or curve: "" for
the first, "second" or "third".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 900, 220, 56, 24, 18  # of a plot, in units of its SVG
X_MARKS = 12  # about
LIMIT_NAME = 95  # room for a limit's name

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
  svg rect { fill: var(--first); }
  svg .second { stroke: var(--second); }
  svg .third { stroke: var(--third); }
  .key::before { content: ""; display: inline-block; width: 1.4em; height: .2em; margin: 0 .4em .25em 0; }
  .key::before { background: var(--first); }
  .key.second::before { background: var(--second); }
  .key.third::before { background: var(--third); }
"""


@dataclass(frozen=True)
class Axes:
    """The scales of a plot: x from low to high, y from 0 to most (above 0)."""

    low: float
    high: float
    most: float

    def x(self, value: float) -> float:
        """The place of a value, in units of the SVG; values outside the scale are at its ends."""
        share = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1.0)
        return float(LEFT + (WIDTH - LEFT - 12) * share)

    def y(self, value: float) -> float:
        """The place of a value, in units of the SVG."""
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / self.most


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


def key(names: Mapping[str, str]) -> str:
    """The names of curves with their colors."""
    spans = (f'<span class="key {color}">{escape(name)}</span>' for name, color in names.items())
    return f"<div>{'&ensp;'.join(spans)}</div>"


def plot(
    axes: Axes, shapes: Iterable[str], y_marks: Mapping[float, str], limits: Mapping[str, float], label: str, unit: str
) -> str:
    """An SVG of shapes, with marks on both axes and a named line at each limit of x. `unit` is that of x."""
    parts = []
    for value, text in y_marks.items():
        y = axes.y(value)
        parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>')
    step = max(1, round((axes.high - axes.low) / X_MARKS))
    for mark in range(int(np.ceil(axes.low / step)) * step, int(axes.high) + 1, step):
        parts.append(f'<text x="{axes.x(mark):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{mark}</text>')
    parts += shapes
    highest = max(limits.values(), default=0.0)
    for name, limit in limits.items():
        x = axes.x(limit)
        parts.append(f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{axes.y(0):.1f}"/>')
        # The name of the highest limit is on its right, the others' on their left, as far as there is room.
        anchor, text_x = (
            ("start", min(x + 4, WIDTH - LIMIT_NAME)) if limit == highest else ("end", max(x - 4, LIMIT_NAME))
        )
        parts.append(f'<text x="{text_x:.1f}" y="{TOP - 6}" text-anchor="{anchor}">{escape(name)}</text>')
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 14}" role="img" aria-label="{escape(label)}">{"".join(parts)}'
        f'<text x="{WIDTH}" y="{HEIGHT + 8}" text-anchor="end">{escape(unit)}</text></svg>'
    )


def round_marks(most: float) -> dict[float, str]:
    """Round numbers from 0 to the most: at most five above zero, in steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(max(most, 1.0)))
    step = max(next(power / part for part in (5, 2, 1, 0.5) if most / (power / part) <= 5), 1.0)
    return {float(value): f"{value:,.0f}" for value in np.arange(0, most + 1e-9, step)}
