"""Evaluation of three models on a file: what a lender could expect of a model of this label, from the file alone.

A test part is set aside before anything is looked at, and is used once: to measure the fitted models. What a column may
be, what is missing, and which columns leak are decided by the training part.
"""

import csv
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from refi_assets.errors import ModelError, writing
from refi_assets.ml.columns import learn_columns
from refi_assets.ml.guard import (
    Refusal,
    dated_after,
    outcome_under_another_name,
    predictions_of_outcome,
    protected_columns,
    protected_for_other_products,
    refused_names,
    warn_alone,
)
from refi_assets.ml.measures import auc_interval, measure
from refi_assets.ml.policy import MlPolicy
from refi_assets.ml.splits import Ids, set_apart
from refi_assets.ml.tables import (
    Bools,
    Column,
    FileTable,
    Floats,
    Table,
    Texts,
    days_of_numbers,
    is_number,
    read_table,
    rows_of,
)
from refi_assets.ml.training import KINDS, Trained, TrainingRows, train

OUT_COLUMNS = ("row", "split", "label", *KINDS)
_DIGITS = 6


@dataclass(frozen=True)
class Question:
    """What to evaluate: the label, the positive value (the rarer one if None), and columns with a role of their own."""

    label: str
    positive: str | None = None
    time: str | None = None
    id: str | None = None
    drop: tuple[str, ...] = ()
    product: str | None = None
    keep_protected: bool = False


@dataclass(frozen=True)
class Evaluation:
    """The result, as --json prints it. `rows` are those with a label, `test_rows` those of the test part."""

    positive: str
    rows: int
    test_rows: int
    positive_rows: int
    split: str
    models: dict[str, dict[str, Any]]
    best: str
    features: list[str]
    warnings: list[str]
    refused: dict[str, str]
    data_sha256: str
    predictions: list[tuple[Any, ...]] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """All but the predictions."""
        return {name: value for name, value in vars(self).items() if name != "predictions"}

    def write(self, path: Path) -> None:
        """Write the predictions as CSV: row, split, label, and a probability of each model.

        A training row's probability is by a model that has not seen its fold. Raises RefiError.
        """
        with writing(path), path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(OUT_COLUMNS)
            writer.writerows(self.predictions)


def evaluate_file(path: Path, question: Question, policy: MlPolicy, say: Callable[[str], None]) -> Evaluation:
    """Fit three models to a file's training part and measure them on its test part.

    Raises SourceError for a file that cannot be read, and ModelError if no model can be learned from it.
    """
    roles = [name for name in (question.label, question.id) if name]
    _require_different(roles, question)
    file = read_table(path, roles, policy.reading)
    missing_words = policy.reading.missing_words
    label_name, *rest = file.texts
    warnings = list(file.warnings)
    values = _label_values(file.texts[label_name], question.positive, missing_words)
    positive, labeled = _positive(label_name, values, question.positive, warnings)
    label: Bools = (values == positive)[labeled]
    ids = _numbered(_known(file.texts[rest[0]][labeled], missing_words)) if rest else np.arange(len(label))
    columns = rows_of(file.columns, labeled)
    time, decided = _time(columns, file, question.time, warnings)
    advice = "Bring more rows, or another --time or --id."
    test = set_apart(label, ids, time, policy.split, outcome="a label", advice=advice)
    features, refused = _features(columns, file, question, decided, policy, warnings)
    leaking, alone = outcome_under_another_name(rows_of(features, ~test), label[~test])
    refused |= refused_names(leaking)
    inputs, dropped = learn_columns(rows_of({name: features[name] for name in alone}, ~test), policy.reading)
    warnings += warn_alone({column.name: alone[column.name] for column in inputs}, policy)
    warnings += [f"{sentence}; it is not used" for sentence in dropped]
    if not inputs:
        raise ModelError(f"{path}: no column is left to learn from. " + _why_none(refused, dropped))
    say(f"{len(label):,} rows, {int(test.sum()):,} of them set aside; {len(inputs)} features; positive: {positive}")
    training = TrainingRows(inputs, rows_of(columns, ~test), label[~test], ids[~test], policy)
    if any(len(np.unique(training.label[outside])) == 1 or not outside.any() for outside, _ in training.splits):
        raise ModelError(f"--id {question.id}: too few ids have each label to check a model by. Choose another column.")
    probabilities, models = _fit_and_measure(training, columns, label, test, say)
    return Evaluation(
        positive=positive,
        rows=len(label),
        test_rows=int(test.sum()),
        positive_rows=int(label.sum()),
        split="newest" if time is not None else "stratified",
        models=models,
        best=max(models, key=lambda kind: models[kind]["roc_auc"]),
        features=[column.name for column in inputs],
        warnings=warnings,
        refused=refused,
        data_sha256=file.sha256,
        predictions=_predictions(labeled, test, label, probabilities),
    )


def _require_different(roles: Sequence[str], question: Question) -> None:
    names = [name.casefold() for name in (*roles, *filter(None, [question.time]))]
    if len(set(names)) < len(names):
        raise ModelError("--label, --time and --id must name different columns.")


def _label_values(values: Texts, asked: str | None, missing_words: Collection[str]) -> Texts:
    """The labels without missing words, unless such a word is one of two labels: + and -, or `asked` and none."""
    labels = {value for value in values.tolist() if value is not None}
    if len(labels) == 2 and (asked in labels or not any(value.isalnum() for value in labels)):
        return values
    return _known(values, missing_words)


def _known(values: Texts, missing_words: Collection[str]) -> Texts:
    words = {word.casefold() for word in missing_words}
    return np.array([None if value is None or value.casefold() in words else value for value in values], dtype=object)


def _positive(name: str, values: Texts, asked: str | None, warnings: list[str]) -> tuple[str, Bools]:
    """The positive value, and which rows have a label. Raises ModelError if there are not exactly two values."""
    counts = Counter(value for value in values.tolist() if value is not None)
    if len(counts) != 2:
        # Many values may be a person's data.
        shown = f" ({', '.join(sorted(counts))})" if 0 < len(counts) <= 5 else ""
        has = f"only {min(counts)}" if len(counts) == 1 else f"{len(counts) or 'no'} values{shown}"
        raise ModelError(f"The label {name} must have two values, but it has {has}. Choose another column, or map it.")
    if asked is not None:
        alike = [value for value in sorted(counts) if _is_alike(value, asked)]
        if not alike:
            has = " and ".join(sorted(counts))
            raise ModelError(f"--positive {asked!a} is not a value of {name}, which has {has}.")
        asked = asked if asked in alike else alike[0]
    labeled: Bools = np.array([value is not None for value in values])
    if missing := int((~labeled).sum()):
        warnings.append(f"{missing:,} rows have no label; they are left out")
    return asked or max(counts, key=lambda value: (-counts[value], value.encode())), labeled


def _is_alike(value: str, asked: str) -> bool:
    """Whether a label is the one asked for: the same text in any case, or the same number."""
    try:
        return float(value) == float(asked)
    except ValueError:
        return value.casefold() == asked.strip().casefold()


def _numbered(ids: Texts) -> Ids:
    """A number for each id; a row without one is alone."""
    texts = np.array([f"{number} without" if value is None else f"id {value}" for number, value in enumerate(ids)])
    return np.unique(texts, return_inverse=True)[1]


def _time(
    columns: dict[str, Column], file: FileTable, name: str | None, warnings: list[str]
) -> tuple[Floats | None, Floats | None]:
    """The time of each row, taken out of the columns, and the same in days since 1970, if it can be.

    Raises ModelError if the column has neither dates nor numbers, or one value.
    """
    if name is None:
        return None, None
    spelling = {column.casefold(): column for column in columns}
    name = name.strip().casefold()
    if name not in spelling:
        raise ModelError(f"--time: no column is named {name!a}. The file has {', '.join(columns)}.")
    time = columns.pop(spelling[name])
    if not is_number(time) or np.isnan(time).all():
        raise ModelError(
            f"--time {name}: its cells are neither dates nor numbers, or have different formats. "
            "Write them as 2026-02-20, or choose another column."
        )
    if len(np.unique(time[~np.isnan(time)])) == 1:
        raise ModelError(f"--time {name}: all rows have the same time. Choose another column, or leave --time out.")
    if missing := int(np.isnan(time).sum()):
        warnings.append(f"{missing:,} rows have no {name}; they count as the oldest")
    return time, time if spelling[name] in file.dates else days_of_numbers(time)


def _features(
    columns: dict[str, Column],
    file: FileTable,
    question: Question,
    decided: Floats | None,
    policy: MlPolicy,
    warnings: list[str],
) -> tuple[dict[str, Column], dict[str, str]]:
    """The columns that may be features, and the refused ones. With a day of decision, dates become days before it."""
    dropped = {name.strip().casefold() for name in question.drop}
    if unknown := dropped - {name.casefold() for name in (*columns, *file.texts)} - {(question.time or "").casefold()}:
        raise ModelError(f"--drop: no column is named {min(unknown)!a}. The file has {', '.join(columns)}.")
    names = [name for name in columns if name.casefold() not in dropped]
    protected = protected_columns(names, policy, question.product)
    if question.keep_protected:
        warnings += [f"{refusal.column} is kept for research: {refusal.reason}" for refusal in protected]
        protected = []
    warnings += protected_for_other_products(names, policy, question.product)
    refusals: list[Refusal] = [
        *protected,
        *predictions_of_outcome(names, policy),
        *dated_after({name: columns[name] for name in names}, file.dates, decided),
    ]
    refused = refused_names(refusals)
    for name in file.dates & set(names):
        if decided is not None:
            columns[name] = decided - columns[name]
    return {name: columns[name] for name in names if name not in refused}, refused


def _why_none(refused: dict[str, str], dropped: Collection[str]) -> str:
    reasons = [*(f"{name}: {reason}" for name, reason in refused.items()), *dropped]
    return "; ".join(reasons[:5]) + (", …" if len(reasons) > 5 else "")


def _fit_and_measure(
    training: TrainingRows, columns: Table, label: Bools, test: Bools, say: Callable[[str], None]
) -> tuple[dict[str, Floats], dict[str, dict[str, Any]]]:
    """By kind of model: the probability of each row, and the figures of the test part."""
    probabilities, models = {}, {}
    for kind in KINDS:
        trained = train(kind, training)
        probabilities[str(kind)] = probability = _probabilities(trained, columns, test)
        models[str(kind)] = figures = _measured(label[test], probability[test]) | {"parameters": trained.parameters}
        say(f"{kind}: ROC-AUC {figures['roc_auc']:.3f} on the test part")
    return probabilities, models


def _probabilities(trained: Trained, columns: Table, test: Bools) -> Floats:
    probabilities = np.empty(len(test))
    probabilities[test] = trained.model.probabilities(rows_of(columns, test))
    probabilities[~test] = trained.out_of_fold
    return probabilities


def _measured(label: Bools, probability: Floats) -> dict[str, Any]:
    figures = {name: round(value, _DIGITS) for name, value in measure(label, probability).items()}
    return figures | {"interval": [round(limit, _DIGITS) for limit in auc_interval(label, probability)]}


def _predictions(labeled: Bools, test: Bools, label: Bools, probabilities: dict[str, Floats]) -> list[tuple[Any, ...]]:
    rows = (np.flatnonzero(labeled) + 1).tolist()
    parts = ["test" if is_test else "train" for is_test in test]
    shown = [[f"{value:.9g}" for value in probabilities[kind]] for kind in KINDS]
    return list(zip(rows, parts, label.astype(int).tolist(), *shown, strict=True))
