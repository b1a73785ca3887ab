"""The model card: Markdown, and the same as one HTML page without other files, script or network.

Its texts are in card.md and the page's layout in card.html; this module fills in tables. The facts are in card_data.py.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from refi_assets.ml.beside import LibraryComparison
from refi_assets.ml.breakdowns import LiftPart, PartMeasures
from refi_assets.ml.card_data import CardData, FeatureText
from refi_assets.ml.drift import ColumnDrift
from refi_assets.ml.fairness import FairnessScreen, Interval, RateOfRows
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.gate import GateVerdict
from refi_assets.ml.importance import FeatureImportance
from refi_assets.ml.scorecard import Scorecard

PLOTS_FOLDER = "plots"  # beside the Markdown file
DIRECTIONS = {1: "rises", -1: "falls", 0: "free"}

_MARKUP = re.compile(r"[\\`*\[\]<>|~&#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")  # anywhere in a line
_MARKUP_OF_LINE = re.compile(r"^([0-9]*)([+=.)-])")  # at its start


def markdown_text(text: object) -> str:
    """A text on one line that is not at the start of a line, shown in Markdown as it is, whatever it contains."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(str(text).split()))


def markdown_line(text: object) -> str:
    """A text as a whole line."""
    return _MARKUP_OF_LINE.sub(r"\1\\\2", markdown_text(text))


def card_markdown(card: CardData) -> str:
    """The card as Markdown. Its pictures are files in PLOTS_FOLDER beside it."""
    kind = card.model.kind
    parts = {
        "name": markdown_text(card.name),
        "version": "not registered" if card.version is None else str(card.version),
        "description": markdown_line(card.description),
        "facts": _facts({"Kind": kind.replace("_", " "), "Code version": card.code_version}),
        "intended_use": markdown_line(card.intended_use),
        "use_limits": _list(card.use_limits, "None is declared."),
        "data": _facts(card.data),
        "features": _features(card.model, card.features),
        "scorecard": _scorecard(card.model),
        "figures": _figures(kind, card.figures, card.intervals),
        "libraries": _libraries(card.comparison),
        "pictures": "\n".join(_picture(name) for name in card.plots) or "There is none.",
        "lift": _lift(card.lift),
        "segments": _by_name({f"By {name}": _parts(parts) for name, parts in card.segments.items()}),
        "months": _parts(card.months),
        "screens": _by_name({f"By {basis}": _screen(screen) for basis, screen in card.screens.items()}),
        "gate": _gate(card.gate),
        "drifts": _drifts(card.drifts),
        "importances": _importances(card.importances),
        "notes": _list(card.notes, "None."),
        "reproduction": _reproduction(card),
    }
    return Template(_text_of("card.md")).substitute(parts)


def card_html(card: CardData) -> str:
    """The card as one HTML page, with its pictures in it."""
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    sources = {
        f"{PLOTS_FOLDER}/{name}": f"data:image/svg+xml;base64,{b64encode(contents).decode()}"
        for name, contents in card.plots.items()
    }

    def picture(_: Any, tokens: Sequence[Any], place: int, *__: Any) -> str:
        source = sources.get(tokens[place].attrs["src"], "")
        return f'<img src="{source}" alt="{escape(tokens[place].content)}">'

    renderer.add_render_rule("image", picture)
    title, body = escape(f"Model card: {card.name}"), renderer.render(card_markdown(card))
    return Template(_text_of("card.html")).substitute(title=title, body=body)


def _text_of(file: str) -> str:
    return files("refi_assets.ml").joinpath(file).read_text("utf-8")


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]], texts: int = 1) -> str:
    """A table whose first columns are texts and whose others are figures, which are on the right."""
    lines = [" | ".join(map(markdown_text, row)) for row in rows]
    if not lines:
        return "There is none."
    rule = " | ".join("---" if place < texts else "---:" for place in range(len(heads)))
    return "\n".join(f"| {line} |" for line in (" | ".join(heads), rule, *lines))


def _facts(facts: Mapping[str, object]) -> str:
    return _table(("fact", "value"), facts.items(), texts=2)


def _list(items: Iterable[str], nothing: str) -> str:
    return "\n".join(f"- {markdown_line(item)}" for item in items) or nothing


def _by_name(tables: Mapping[str, str]) -> str:
    return "\n\n".join(f"### {markdown_text(name)}\n\n{table}" for name, table in tables.items()) or "There is none."


def _picture(file: str) -> str:
    alt = file.removesuffix(".svg").replace("_", " ")
    return f"![{markdown_text(alt)}]({PLOTS_FOLDER}/{file})"


def _features(model: FittedModel, texts: Mapping[str, FeatureText]) -> str:
    rows = []
    for column in model.inputs:
        text = texts.get(column.name, FeatureText(""))
        rows.append((column.name, text.description, text.unit, column.kind, DIRECTIONS[column.direction]))
    return _table(("feature", "meaning", "unit", "kind", "direction"), rows, texts=5)


def _scorecard(model: FittedModel) -> str:
    if not isinstance(model.predictor, Scorecard):
        return "This model has no points. Its reasons are SHAP values."
    rows = []
    for binned, points in zip(model.predictor.binned, model.bin_points, strict=True):
        for label, share, evidence, of_bin in zip(binned.labels, binned.shares, binned.evidence, points, strict=True):
            rows.append((binned.column.name, label, f"{share:.1f} %", f"{evidence:+.3f}", of_bin))
    return _table(("feature", "bin", "training rows", "weight of evidence", "points"), rows, texts=2)


def _figures(kind: str, figures: Mapping[str, Mapping[str, float]], intervals: Mapping[str, Interval]) -> str:
    others = [name for name in figures if name != kind]
    rows = [
        (
            measure,
            _number(value),
            _interval(intervals.get(measure)),
            *(_number(figures[name].get(measure)) for name in others),
        )
        for measure, value in figures.get(kind, {}).items()
    ]
    return _table(("measure", f"this model ({kind})", "interval", *others), rows)


def _libraries(comparison: LibraryComparison | None) -> str:
    if comparison is None:
        return "The model does not ask for it."
    if comparison.gain is None:
        return f"It was not measured: {markdown_text(comparison.not_measured)}"
    rows = [
        (library, f"{measured.roc_auc:.6f}", _interval(measured.interval))
        for library, measured in comparison.libraries.items()
    ]
    gain = comparison.gain
    rows.append(("difference", f"{gain.gain:+.6f}", _interval((gain.low, gain.high))))
    return _table(("library", "ROC-AUC", "interval"), rows)


def _parts(parts: Sequence[PartMeasures]) -> str:
    rows = [
        (
            part.part,
            f"{part.realized.rows:,}",
            _rate(part.realized),
            _number(part.predicted_rate),
            _number(part.measures.get("roc_auc")),
            _interval(part.auc_interval),
            *(_number(part.measures.get(name)) for name in ("ks", "brier", "calibration_slope")),
        )
        for part in parts
    ]
    heads = ("part", "rows", "realized", "predicted", "ROC-AUC", "interval", "KS", "Brier", "calibration slope")
    return _table(heads, rows)


def _lift(parts: Sequence[LiftPart]) -> str:
    rows = [
        (
            part.part,
            f"{part.rows:,}",
            f"{part.least_probability:.4f}",
            f"{part.lift:.2f}",
            _interval(part.interval),
            f"{part.gain:.3f}",
        )
        for part in parts
    ]
    return _table(("part", "rows", "least probability", "lift", "interval", "gain"), rows)


def _screen(screen: FairnessScreen) -> str:
    rows = [
        (
            group.group,
            group.verdict,
            f"{group.selected.rows:,}",
            _rate(group.selected),
            _number(group.impact_ratio),
            _interval(group.impact_ratio_interval),
            _number(group.odds_ratio),
            "" if group.p_value is None else f"{group.p_value:.2g}",
        )
        for group in screen.groups
    ]
    heads = ("group", "verdict", "rows", "selected", "impact ratio", "interval", "odds ratio", "Fisher's p")
    errors = [
        (group.group, _rate(group.false_positives), _rate(group.false_negatives), _number(group.roc_auc))
        for group in screen.groups
        if group.false_positives is not None
    ]
    error_heads = ("group", "false positives", "false negatives", "ROC-AUC")
    tables = [_table(heads, rows, texts=2), *([_table(error_heads, errors)] if errors else [])]
    return "\n\n".join([*tables, f"Rows of no known group: {screen.unknown_rows:,}."])


def _gate(gate: GateVerdict | None) -> str:
    if gate is None:
        return "This version has not been judged yet."
    rows = [(rule.name, "holds" if rule.passed else "does not hold", rule.reason) for rule in gate.rules]
    table = _table(("condition", "verdict", "reason"), rows, texts=3)
    return "\n\n".join(["Passed." if gate.passed else "Refused.", table, *_flips(gate.numbers)])


def _flips(numbers: Mapping[str, Any]) -> list[str]:
    if not (flips := numbers.get("flips")):
        return []
    return [
        f"Decisions that flip, of {numbers['rows']:,}, at a threshold of {flips['threshold']:g}: "
        f"{flips['newly_selected']:,} rows are newly selected, {flips['newly_refused']:,} newly refused."
    ]


def _drifts(drifts: Sequence[ColumnDrift]) -> str:
    rows = [(drift.name, drift.verdict, _number(drift.psi), _number(drift.ks)) for drift in drifts]
    return _table(("column", "verdict", "PSI", "KS"), rows, texts=2)


def _importances(importances: Sequence[FeatureImportance]) -> str:
    rows = [(importance.feature, f"{importance.mean:.4f}", f"{importance.spread:.4f}") for importance in importances]
    return _table(("feature", "loss of ROC-AUC", "standard deviation"), rows)


def _reproduction(card: CardData) -> str:
    signature = {"inputs": {column.name: column.kind for column in card.model.inputs}, "output": "probability"}
    stated = {"parameters": dict(card.parameters), "signature": signature}
    return f"```json\n{json.dumps(stated, indent=1, default=str)}\n```"


def _rate(rate: RateOfRows | None) -> str:
    if rate is None or rate.share is None:
        return ""
    return f"{rate.share:.3f} ({_interval(rate.interval)})"


def _interval(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
