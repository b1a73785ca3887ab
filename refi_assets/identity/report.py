"""The report on a matching: the weights, the effect of thresholds, and the result.

It is one HTML file, without other files, script or network, and contains nobody's data. Its layout and drawings are in
charts.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from refi_assets import charts
from refi_assets.charts import Axes, Numbers, section

POINTS = 200  # of a curve
COLUMNS = 60  # of the histogram
SIZES = 15  # of clusters, one row each; larger ones share a row


def report_html(
    model: Mapping[str, Any],
    pairs: pd.DataFrame,
    clusters: pd.DataFrame,
    thresholds: Mapping[str, float],
    splits: Sequence[Mapping[str, Any]],
    title: str,
) -> str:
    """The page.

    model: Model.as_json(), with `unlinkable_share` if it is known. pairs: match_weight and match_probability of the
    pairs that were kept. clusters: cluster_size, one row a record. thresholds: `match` and `review`, probabilities.
    splits: links that were not followed, with `reason` and `probability`.
    """
    weights = np.sort(pairs["match_weight"].to_numpy(float))
    limits = {f"{name} threshold": _bits(probability) for name, probability in thresholds.items()}
    sections = [
        _facts(model, pairs, clusters, thresholds),
        section(
            "Weights",
            "Each comparison has levels, and each level a weight in bits: one bit more doubles the odds that two "
            "records are of one person. m is the share of pairs of one person that reach the level, u that of pairs of "
            "two persons; the weight is log₂(m / u). A value missing in either record weighs nothing. A rare value "
            "weighs more than its level, a frequent one less.",
            _weights(model["comparisons"]),
        ),
        section(
            "Thresholds",
            "The number of links at each threshold and their expected quality, if the model's own probabilities are "
            "right: precision is the share of links that are true, recall the share of the true pairs among those kept "
            "that are linked, F1 their harmonic mean. These curves are not based on labels.",
            _threshold_curves(pairs, limits),
        ),
        section(
            "Match weights of the pairs that were kept",
            "Ideally there are two hills with a valley between them; the thresholds belong in the valley.",
            _weight_histogram(weights, limits) if len(weights) else _nothing("No pair was kept."),
        ),
        section("Records of a person", "", _cluster_sizes(clusters)),
        section(
            "Blocking rules",
            "Two records are compared if they agree by one of these rules. A rule that would make too many pairs is "
            "refused.",
            _rules(model),
        ),
        section(
            "Values taken as missing",
            "Values that mean nothing, and values that more people share than live in a home, are not evidence. They "
            "are missing for estimation and for comparison.",
            _placeholders(model.get("placeholders", ())),
        ),
        section(
            "Links that were not followed",
            "Links at or above the match threshold between clusters that must not become one.",
            _splits(splits),
        ),
    ]
    return charts.report_page(title, sections)


def _facts(
    model: Mapping[str, Any], pairs: pd.DataFrame, clusters: pd.DataFrame, thresholds: Mapping[str, float]
) -> str:
    rounds = f"estimated from the data, in {model['iterations']} rounds"
    families = "found: records with different given names or births do not match"
    facts = {
        "Records": f"{model['records']:,}",
        "Persons": f"{_persons(clusters):,.0f}",
        "Pairs compared": f"{model['compared_pairs']:,}",
        "Pairs of one person expected": f"{model['expected_pairs']:,.0f}",
        "Two random records match": f"1 in {1 / model['prior']:,.0f} ({model['prior_weight']:+.2f} bits)",
        "Parameters": "shipped, since there are too few matches to estimate from" if model["is_shipped"] else rounds,
        "Families": families if model["has_families"] else "not found",
    }
    for name, probability in thresholds.items():
        reached = int((pairs["match_probability"] >= probability).sum())
        facts[f"{name.capitalize()} threshold"] = f"{_percent(probability)}: {reached:,} pairs"
    if model.get("unlinkable_share") is not None:
        facts["Unlinkable records"] = (
            f"{_percent(model['unlinkable_share'])}: they have too little data to be linked even to themselves"
        )
    return section("In figures", "", charts.fact_list(facts))


def _weights(comparisons: Sequence[Mapping[str, Any]]) -> str:
    weights = [level["weight"] for comparison in comparisons for level in comparison["levels"]]
    low, high = min(0.0, *weights), max(0.0, *weights)
    rows = []
    for comparison in comparisons:
        rows.append(f'<tr><th colspan="5" scope="rowgroup">{escape(comparison["name"])}</th></tr>')
        for level in reversed(comparison["levels"]):  # the most alike first
            bar = charts.bar(level["weight"], low, high)
            numbers = _cells(f"{level['weight']:+.2f}", _percent(level["m"]), _percent(level["u"]))
            rows.append(f'<tr><td>{escape(level["label"])}</td><td class="chart">{bar}</td>{numbers}</tr>')
    return _table(("level", "", "weight, bits", "m", "u"), rows)


def _threshold_curves(pairs: pd.DataFrame, limits: Mapping[str, float]) -> str:
    if not len(pairs):
        return _nothing("No pair was kept.")
    ordered = pairs[["match_weight", "match_probability"]].sort_values("match_weight", ascending=False)
    weights, right = ordered["match_weight"].to_numpy(float), ordered["match_probability"].to_numpy(float).cumsum()
    thresholds = np.linspace(weights[-1], weights[0], POINTS)
    links = np.searchsorted(-weights, -thresholds, side="right").clip(1)
    quality = {
        "precision": (right[links - 1] / links, "second"),
        "recall": (right[links - 1] / right[-1], "third"),
        "F1": (2 * right[links - 1] / (links + right[-1]), ""),
    }
    shares = Axes(thresholds[0], thresholds[-1], 1.0)
    curves = [charts.curve(shares, thresholds, values, color) for values, color in quality.values()]
    percents = {share: f"{share:.0%}" for share in (0.0, 0.25, 0.5, 0.75, 1.0)}
    most = float(links.max())
    numbers = Axes(thresholds[0], thresholds[-1], most)
    number_of_links = [charts.curve(numbers, thresholds, links.astype(float))]
    return (
        charts.key({name: color for name, (_, color) in quality.items()})
        + _plot(shares, curves, percents, limits, "Expected precision, recall and F1")
        + "<p>Number of links:</p>"
        + _plot(numbers, number_of_links, charts.round_marks(most), limits, "Number of links")
    )


def _weight_histogram(weights: Numbers, limits: Mapping[str, float]) -> str:
    counts, edges = np.histogram(weights, bins=COLUMNS)
    axes = Axes(edges[0], edges[-1], float(counts.max()))
    columns = charts.histogram(axes, counts, edges)
    return _plot(axes, [columns], charts.round_marks(axes.most), limits, "Pairs by match weight")


def _plot(
    axes: Axes, shapes: Sequence[str], marks: Mapping[float, str], limits: Mapping[str, float], label: str
) -> str:
    label = f"{label}, against the match weight in bits"
    return charts.plot(axes, shapes, marks, limits, label, "match weight, bits")


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
        f'<tr><td>{size}</td><td class="chart">{charts.bar(count, 0, most)}</td>{_cells(f"{count:,}")}</tr>'
        for size, count in persons.items()
    ]
    return _table(("records", "", "persons"), rows)


def _rules(model: Mapping[str, Any]) -> str:
    if not model["rules"] and not model["refused"]:
        return _nothing("There are so few records that each was compared with every other.")
    rows = [_rule(rule, "in force", "") for rule in model["rules"]]
    rows += [_rule(rule, "refused", "refused") for rule in sorted(model["refused"], key=lambda rule: rule["pairs"])]
    return _table(("the same", "", "pairs"), rows)


def _rule(rule: Mapping[str, Any], state: str, css_class: str) -> str:
    features, pairs = escape(" and ".join(rule["on"])), f"{rule['pairs']:,}"
    return f'<tr class="{css_class}"><td>{features}</td><td>{state}</td>{_cells(pairs)}</tr>'


def _splits(splits: Sequence[Mapping[str, Any]]) -> str:
    if not splits:
        return _nothing("Every link was followed.")
    probabilities: dict[str, list[float]] = {}
    for split in splits:
        probabilities.setdefault(split["reason"], []).append(split["probability"])
    by_number = sorted(probabilities.items(), key=lambda item: -len(item[1]))
    rows = [
        f"<tr><td>{escape(reason)}</td>{_cells(f'{len(links):,}', _percent(max(links)))}</tr>"
        for reason, links in by_number
    ]
    return _table(("reason", "links", "most probable"), rows)


def _placeholders(placeholders: Sequence[Mapping[str, Any]]) -> str:
    if not placeholders:
        return _nothing("There is no such value.")
    rows = [
        f"<tr><td>{escape(removed['attribute'])}</td><td>{escape(removed['reason'])}</td>"
        + _cells(f"{removed['values']:,}", f"{removed['records']:,}")
        + "</tr>"
        for removed in placeholders
    ]
    return _table(("attribute", "reason", "values", "records"), rows)


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
