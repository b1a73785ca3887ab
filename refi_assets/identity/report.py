"""A page about one matching: what weighed how much, what thresholds do, and what became of it.

One HTML file that needs no other, no script and no network, and holds nobody's data. How it looks is in report.html.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]

POINTS = 200  # of a curve
BARS = 60  # of the histogram
SIZES = 15  # of clusters, one row each; larger ones share a row
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 900, 220, 56, 24, 18  # of a plot, in its own units


def report_html(
    model: Mapping[str, Any],
    pairs: pd.DataFrame,
    clusters: pd.DataFrame,
    thresholds: Mapping[str, float],
    splits: Sequence[Mapping[str, Any]],
    title: str,
) -> str:
    """The page.

    model: as Model.as_json() has it, and `unlinkable_share` where that is known. pairs: match_weight and
    match_probability of the pairs that were kept. clusters: cluster_size, a row a record. thresholds: `match` and
    `review`, probabilities. splits: links that were not followed, with `reason` and `probability`.
    """
    weights = np.sort(pairs["match_weight"].to_numpy(float))
    limits = {f"{name} threshold": _bits(probability) for name, probability in thresholds.items()}
    body = [
        _facts(model, pairs, clusters, thresholds),
        _section(
            "What weighs how much",
            "Each comparison has a level, and each level a weight in bits: one bit more, and the odds that two records "
            "are one person's double. m is the share of pairs of one person that reach the level, u that of pairs of "
            "two; the weight is log₂(m / u). What is missing in either record weighs nothing. A value that few share "
            "weighs more than the level's weight, one that many share less.",
            _weights(model["comparisons"]),
        ),
        _section(
            "What a threshold does",
            "Links at each threshold, and what is expected of them, if the model's own probabilities are right: "
            "precision is the share of links that are true, recall the share of the true pairs, among all that were "
            "kept, that are linked, F1 their harmonic mean. No labels are behind these curves.",
            _threshold_curves(pairs, limits),
        ),
        _section(
            "Match weights of the pairs that were kept",
            "Two hills with a valley between them are what a matcher hopes for; the thresholds belong in the valley.",
            _histogram(weights, limits) if len(weights) else _nothing("No pair was kept."),
        ),
        _section("Records of a person", "", _cluster_sizes(clusters)),
        _section(
            "Which records were compared",
            "A pair is compared where both records agree by one of these rules. A rule that would make too many "
            "pairs is refused.",
            _rules(model),
        ),
        _section(
            "Values taken as missing",
            "Values that stand for nothing, and those that more people share than live in a home, are no evidence. "
            "They are missing for estimation and for comparison.",
            _placeholders(model.get("placeholders", ())),
        ),
        _section(
            "Links that were not followed",
            "Links at or above the match threshold whose clusters may not become one.",
            _splits(splits),
        ),
    ]
    page = files("refi_assets.identity").joinpath("report.html").read_text("utf-8")
    return page.replace("REPORT_TITLE", escape(title)).replace("REPORT_BODY", "\n".join(body))


def _facts(
    model: Mapping[str, Any], pairs: pd.DataFrame, clusters: pd.DataFrame, thresholds: Mapping[str, float]
) -> str:
    rounds = f"estimated from the data, in {model['iterations']} rounds"
    families = "found: who differs in given name or birth is no match" if model["has_families"] else "not found"
    facts = {
        "Records": f"{model['records']:,}",
        "Persons": f"{_persons(clusters):,.0f}",
        "Pairs compared": f"{model['compared_pairs']:,}",
        "Pairs of one person expected": f"{model['expected_pairs']:,.0f}",
        "Two random records match": f"1 in {1 / model['prior']:,.0f} ({model['prior_weight']:+.2f} bits)",
        "Parameters": "shipped ones decided: too few matches to estimate from" if model["is_shipped"] else rounds,
        "Families": families,
    }
    for name, probability in thresholds.items():
        reached = int((pairs["match_probability"] >= probability).sum())
        facts[f"{name.capitalize()} threshold"] = f"{_percent(probability)}: {reached:,} pairs"
    if model.get("unlinkable_share") is not None:
        facts["Unlinkable records"] = (
            f"{_percent(model['unlinkable_share'])}: they say too little to be linked even to themselves"
        )
    listed = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(fact)}</dd></div>" for name, fact in facts.items())
    return f"<section><h2>In figures</h2><dl>{listed}</dl></section>"


def _weights(comparisons: Sequence[Mapping[str, Any]]) -> str:
    found = [level["weight"] for one in comparisons for level in one["levels"]]
    low, high = min(0.0, *found), max(0.0, *found)
    scale = 100 / ((high - low) or 1.0)
    zero = -low * scale
    rows = []
    for one in comparisons:
        rows.append(f'<tr><th colspan="5" scope="rowgroup">{escape(one["name"])}</th></tr>')
        for level in reversed(one["levels"]):  # the most alike first
            weight = level["weight"]
            start, width = zero + min(weight, 0) * scale, abs(weight) * scale
            side = " against" if weight < 0 else ""
            bar = f'<i style="left:{start:.2f}%;width:{width:.2f}%"></i><b style="left:{zero:.2f}%"></b>'
            rows.append(
                f'<tr><td>{escape(level["label"])}</td><td class="chart"><div class="bar{side}">{bar}</div></td>'
                + _cells(f"{weight:+.2f}", _percent(level["m"]), _percent(level["u"]))
                + "</tr>"
            )
    return _table(("level", "", "weight, bits", "m", "u"), rows)


def _threshold_curves(pairs: pd.DataFrame, limits: Mapping[str, float]) -> str:
    if not len(pairs):
        return _nothing("No pair was kept.")
    ordered = pairs[["match_weight", "match_probability"]].sort_values("match_weight", ascending=False)
    weights, right = ordered["match_weight"].to_numpy(float), ordered["match_probability"].to_numpy(float).cumsum()
    at = np.linspace(weights[-1], weights[0], POINTS)
    taken = np.searchsorted(-weights, -at, side="right").clip(1)
    expected = {
        "precision": right[taken - 1] / taken,
        "recall": right[taken - 1] / right[-1],
        "F1": 2 * right[taken - 1] / (taken + right[-1]),
    }
    sides = {"precision": "against", "recall": "third", "F1": ""}
    keys = "&ensp;".join(f'<span class="key {side}">{name}</span>' for name, side in sides.items())
    curves = "".join(_curve(at, values, sides[name], 1.0) for name, values in expected.items())
    shares = {share: f"{share:.0%}" for share in (0.0, 0.25, 0.5, 0.75, 1.0)}
    most = float(taken.max())
    links = _curve(at, taken.astype(float), "", most)
    return (
        f"<div>{keys}</div>{_plot(curves, at, shares, 1.0, limits, 'Expected precision, recall and F1')}"
        f"<p>Number of links:</p>{_plot(links, at, _counts(most), most, limits, 'Number of links')}"
    )


def _curve(at: Numbers, values: Numbers, side: str, most: float) -> str:
    points = " ".join(f"{_x(x, at):.1f},{_y(y, most):.1f}" for x, y in zip(at, values, strict=True))
    return f'<polyline class="{side}" points="{points}"/>'


def _histogram(weights: Numbers, limits: Mapping[str, float]) -> str:
    counts, edges = np.histogram(weights, bins=BARS)
    most = float(counts.max())
    bars = []
    for count, start, end in zip(counts, edges[:-1], edges[1:], strict=True):
        x, y = _x(start, edges), _y(count, most)
        width, height = _x(end, edges) - x - 1, _y(0, most) - y
        bars.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>')
    return _plot("".join(bars), edges, _counts(most), most, limits, "Pairs by match weight")


def _plot(
    drawn: str, at: Numbers, marks: Mapping[float, str], most: float, limits: Mapping[str, float], label: str
) -> str:
    """An SVG of what is drawn over match weights, with marks on the axis of values and the thresholds."""
    parts = []
    for value, text in marks.items():
        y = _y(value, most)
        parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    step = max(1, round((at[-1] - at[0]) / 12))
    for weight in range(int(np.ceil(at[0] / step)) * step, int(at[-1]) + 1, step):
        parts.append(f'<text x="{_x(weight, at):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{weight}</text>')
    parts.append(drawn)
    highest = max(limits.values(), default=0.0)
    for name, limit in limits.items():
        x = _x(min(max(limit, at[0]), at[-1]), at)
        parts.append(f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{_y(0, 1):.1f}"/>')
        # The higher one's name stands to its right, the lower one's to its left, as far as there is room.
        anchor, text_x = ("start", min(x + 4, WIDTH - 95)) if limit == highest else ("end", max(x - 4, 95))
        parts.append(f'<text x="{text_x:.1f}" y="{TOP - 6}" text-anchor="{anchor}">{escape(name)}</text>')
    label = f"{label}, against the match weight in bits"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 14}" role="img" aria-label="{label}">{"".join(parts)}'
        f'<text x="{WIDTH}" y="{HEIGHT + 8}" text-anchor="end">match weight, bits</text></svg>'
    )


def _x(weight: float, at: Numbers) -> float:
    return float(LEFT + (WIDTH - LEFT - 12) * (weight - at[0]) / ((at[-1] - at[0]) or 1.0))


def _y(value: float, most: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / most


def _counts(most: float) -> dict[float, str]:
    """Round numbers up to the most: at most five of them above zero, a step of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(max(most, 1.0)))
    step = max(next(power / part for part in (5, 2, 1, 0.5) if most / (power / part) <= 5), 1.0)
    return {float(value): f"{value:,.0f}" for value in np.arange(0, most + 1e-9, step)}


def _persons(clusters: pd.DataFrame) -> float:
    return float((1 / clusters["cluster_size"].astype(float)).sum())


def _cluster_sizes(clusters: pd.DataFrame) -> str:
    if not len(clusters):
        return _nothing("There is no record.")
    sizes = clusters["cluster_size"].astype(int)
    records = sizes.value_counts().sort_index()
    persons = {str(size): round(count / size) for size, count in records.items() if size <= SIZES}
    if larger := _persons(clusters[sizes > SIZES]):
        persons[f"more than {SIZES}, up to {sizes.max():,}"] = round(larger)
    most = max(persons.values())
    rows = [
        f'<tr><td>{size}</td><td class="chart"><div class="bar"><i style="left:0;width:{100 * count / most:.2f}%"></i>'
        f"</div></td>{_cells(f'{count:,}')}</tr>"
        for size, count in persons.items()
    ]
    return _table(("records", "", "persons"), rows)


def _rules(model: Mapping[str, Any]) -> str:
    if not model["rules"] and not model["refused"]:
        return _nothing("There are so few records that each was compared with every other.")
    rows = [_rule(rule, "in force", "") for rule in model["rules"]]
    rows += [_rule(rule, "refused", "refused") for rule in sorted(model["refused"], key=lambda rule: rule["pairs"])]
    return _table(("the same", "", "pairs"), rows)


def _rule(rule: Mapping[str, Any], state: str, side: str) -> str:
    on, pairs = escape(" and ".join(rule["on"])), f"{rule['pairs']:,}"
    return f'<tr class="{side}"><td>{on}</td><td>{state}</td>{_cells(pairs)}</tr>'


def _splits(splits: Sequence[Mapping[str, Any]]) -> str:
    if not splits:
        return _nothing("Every link was followed.")
    found: dict[str, list[float]] = {}
    for split in splits:
        found.setdefault(split["reason"], []).append(split["probability"])
    rows = [
        f"<tr><td>{escape(reason)}</td>{_cells(f'{len(likely):,}', _percent(max(likely)))}</tr>"
        for reason, likely in sorted(found.items(), key=lambda one: -len(one[1]))
    ]
    return _table(("reason", "links", "most probable"), rows)


def _placeholders(placeholders: Sequence[Mapping[str, Any]]) -> str:
    if not placeholders:
        return _nothing("There is no such value.")
    rows = [
        f"<tr><td>{escape(one['attribute'])}</td><td>{escape(one['reason'])}</td>"
        + _cells(f"{one['values']:,}", f"{one['records']:,}")
        + "</tr>"
        for one in placeholders
    ]
    return _table(("attribute", "reason", "values", "records"), rows)


def _section(title: str, about: str, content: str) -> str:
    said = f"<p>{escape(about)}</p>" if about else ""
    return f"<section><h2>{escape(title)}</h2>{said}{content}</section>"


def _table(names: Sequence[str], rows: Iterable[str]) -> str:
    numbers = {"weight, bits", "m", "u", "pairs", "persons", "links", "most probable", "values"}
    heads = "".join(
        f'<th scope="col"{" class=number" if name in numbers else ""}>{escape(name)}</th>' for name in names
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cells(*texts: str) -> str:
    return "".join(f'<td class="number">{text}</td>' for text in texts)


def _nothing(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _bits(probability: float) -> float:
    """A probability as a match weight."""
    odds = min(max(probability, 1e-12), 1 - 1e-12)
    return float(np.log2(odds / (1 - odds)))


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %" if share < 0.9995 else f"{100 * share:.5g} %"
