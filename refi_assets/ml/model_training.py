"""Training of a declared model: the leak guard, three models measured on the newest rows, the gate, the card.

The rows are read by learning_rows.py; fitting belongs to training.py. The version goes to the registry.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from refi_assets.engines.spreadsheets import escape_formula
from refi_assets.errors import ModelError, best_effort
from refi_assets.ml.beside import LibraryComparison, compare_libraries
from refi_assets.ml.card import card_html, card_markdown
from refi_assets.ml.card_data import CardData
from refi_assets.ml.columns import InputColumn, learn_columns
from refi_assets.ml.declared_models import DeclaredModel
from refi_assets.ml.feature_session import features_read_from
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.gate import GateVerdict, NewestPeriod, flipped_decisions, judge_challenger, judge_first_model
from refi_assets.ml.guard import (
    dated_after,
    outcome_under_another_name,
    predictions_of_outcome,
    protected_columns,
    protected_for_other_products,
    refused_names,
    shared_ids,
    warn_alone,
)
from refi_assets.ml.learning_rows import LearningRows, SplitRows, day_of, split_rows
from refi_assets.ml.measures import measure
from refi_assets.ml.policy import Kind, MlPolicy
from refi_assets.ml.promotions import KeptVerdict, keep_verdict
from refi_assets.ml.registered_files import ModelRecord
from refi_assets.ml.registry import CHALLENGER, CHAMPION, Registry
from refi_assets.ml.training import KINDS, Trained, TrainingRows, train
from refi_assets.ml.version_card import Flip, TrainingResult, version_card
from refi_assets.specs.code import code_sha256, version_of

TRAINED_UNTIL = "trained_until"  # a parameter of a version: the day of its newest training row
NO_CARD = "The card could not be written."

FLIP_COLUMNS = ("id", "day", "champion", "challenger", "becomes")

Say = Callable[[str], None]
Direction = Literal[-1, 0, 1]


@dataclass(frozen=True)
class TrainedVersion:
    """A registered version: its number, its figures by kind, the gate's verdict, and warnings."""

    name: str
    version: int
    kind: Kind
    figures: Mapping[str, Mapping[str, float]]
    verdict: GateVerdict
    warnings: tuple[str, ...]
    plots: Mapping[str, bytes]
    card_html: str
    split: str
    rows: int
    flips: tuple[Flip, ...]

    @property
    def flips_csv(self) -> str:
        """The decisions of the test part that flip if the champion is replaced: FLIP_COLUMNS.

        `champion` and `challenger` are their probabilities; a decision becomes `selected` or `refused`.
        """
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([FLIP_COLUMNS, *self.flips])
        return text.getvalue()

    @property
    def judgment(self) -> tuple[str, ...]:
        """The gate's reasons, and the number of decisions that change if the champion is replaced, as sentences."""
        flips = self.verdict.numbers.get("flips")
        if flips is None:
            return self.verdict.reasons
        selected, refused = flips["newly_selected"], flips["newly_refused"]
        return (
            *self.verdict.reasons,
            f"At the threshold {flips['threshold']:g}, {selected + refused:,} of {self.verdict.numbers['rows']:,} "
            f"decisions flip: {selected:,} newly selected, {refused:,} newly refused.",
        )

    def as_json(self) -> dict[str, Any]:
        """All but pictures and the card."""
        shown = {
            key: value for key, value in vars(self).items() if key not in ("plots", "card_html", "verdict", "flips")
        }
        return shown | {"gate": self.verdict.as_json()}


def train_declared(
    name: str, declared: DeclaredModel, relation: LearningRows, policy: MlPolicy, registry: Registry, say: Say
) -> TrainedVersion:
    """Train, measure, judge and register a model as challenger. Raises ModelError; then nothing is registered."""
    champion = registry.alias_version(name, CHAMPION)  # before the work, which would be lost if the registry is away
    rows = relation.part(~np.isnan(relation.outcome))
    split = split_rows(rows, policy)
    warnings = guard_training(declared, split, policy)
    if split.kind == "random":
        warnings.append("the model declares no time, so its test part is random: figures of the future may be worse")
    inputs, dropped = _inputs(name, declared, split.learning, policy)
    trained, figures = _three_models(declared, inputs, split, policy, say)
    comparison = _compared_libraries(declared, trained, split, policy, say)
    verdict, flips = _judge(registry, name, champion, declared, split.test, trained[declared.kind].model, policy)
    result = TrainingResult(
        name=name,
        declared=declared,
        policy=policy,
        rows=rows,
        rows_without_outcome=len(relation.outcome) - len(rows.outcome),
        split=split,
        chosen=trained[declared.kind],
        figures=figures,
        comparison=comparison,
        verdict=verdict,
        flips=flips,
        warnings=(*warnings, *(f"{sentence}; it is not used" for sentence in dropped)),
    )
    version = _register(registry, result, champion)
    say(f"{name}, version {version.version}: the gate {'passes' if version.verdict.passed else 'refuses'} it")
    return version


def guard_training(declared: DeclaredModel, split: SplitRows, policy: MlPolicy) -> list[str]:
    """The warnings of the leak guard. Raises ModelError naming every column that must not be read."""
    names, learning = list(declared.features), split.learning
    leaking, alone = outcome_under_another_name(learning.table, learning.label)
    refusals = [
        *protected_columns(names, policy, declared.product),
        *predictions_of_outcome(names, policy),
        *dated_after(learning.table, learning.dates, learning.time),
        *leaking,
    ]
    if refusals:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in refused_names(refusals).items())
        raise ModelError(f"The leak guard refuses features of {declared.relation}: {reasons}. Nothing was trained.")
    if shared := shared_ids(learning.ids, split.test.ids):
        raise ModelError(f"{shared:,} customers are both in the training and in the test part. Nothing was trained.")
    return [*protected_for_other_products(names, policy, declared.product), *warn_alone(alone, policy)]


def _inputs(
    name: str, declared: DeclaredModel, learning: LearningRows, policy: MlPolicy
) -> tuple[tuple[InputColumn, ...], list[str]]:
    """The inputs of the model, and a sentence for each feature that says nothing. Raises ModelError if none is left."""
    directions = {feature: _direction(feature, declared) for feature in declared.features}
    inputs, dropped = learn_columns(learning.table, policy.reading, directions)
    if not inputs:
        raise ModelError(f"{name}: no feature is left to learn from: {'; '.join(dropped)}.")
    return inputs, dropped


def _three_models(
    declared: DeclaredModel, inputs: tuple[InputColumn, ...], split: SplitRows, policy: MlPolicy, say: Say
) -> tuple[dict[Kind, Trained], dict[str, dict[str, float]]]:
    """A model of each kind, and its figures on the test part."""
    learning, test = split.learning, split.test
    training = TrainingRows(inputs, learning.table, learning.label, learning.id_numbers, policy.of_served_models)
    trained: dict[Kind, Trained] = {}
    figures: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        trained[kind] = train(kind, training, positive_is_adverse=declared.positive_is_adverse)
        figures[kind] = measure(test.label, trained[kind].model.probabilities(test.table))
        say(f"{kind}: ROC-AUC {figures[kind]['roc_auc']:.3f} on {len(test.label):,} rows")
    return trained, figures


def _compared_libraries(
    declared: DeclaredModel, trained: Mapping[Kind, Trained], split: SplitRows, policy: MlPolicy, say: Say
) -> LibraryComparison | None:
    """The logistic regression by two libraries, if the model asks for it."""
    if declared.beside is None:
        return None
    comparison = compare_libraries(trained["logistic_regression"].model.scorecard, split, policy)
    for library, measured in comparison.libraries.items():
        say(f"logistic regression by {library}: ROC-AUC {measured.roc_auc:.3f}")
    if comparison.not_measured:
        say(f"PySpark's logistic regression was not measured: {comparison.not_measured}")
    return comparison


def _direction(name: str, declared: DeclaredModel) -> Direction:
    """1 if the probability of the positive label rises with a feature, by the feature's definition."""
    feature = features_read_from(declared.relation).get(name)
    if feature is None or feature.risk is None:
        return 0
    return 1 if (feature.risk == "rises") == declared.positive_is_adverse else -1


def _judge(
    registry: Registry,
    name: str,
    champion: int | None,
    declared: DeclaredModel,
    newest: LearningRows,
    model: FittedModel,
    policy: MlPolicy,
) -> tuple[GateVerdict, tuple[Flip, ...]]:
    """The gate's verdict on the newest rows, and the decisions that flip."""
    period = NewestPeriod(newest.label, newest.groups)
    probability = model.probabilities(newest.table)
    if champion is None:
        return judge_first_model(period, probability, policy.gate), ()
    before = registry.load(name, champion).model.probabilities(newest.table)
    verdict = judge_challenger(period, probability, before, declared.decision, policy.gate, policy.fairness)
    rows = flipped_decisions(probability, before, declared.decision)
    becomes = [(row, "selected") for row in rows.newly_selected] + [(row, "refused") for row in rows.newly_refused]
    flips = tuple(
        (
            escape_formula(str(newest.ids[row])),
            str(day_of(newest.time[row])) if newest.has_time else "",
            f"{before[row]:.6f}",
            f"{probability[row]:.6f}",
            decision,
        )
        for row, decision in sorted(becomes)
    )
    return verdict, flips


def _register(registry: Registry, result: TrainingResult, champion: int | None) -> TrainedVersion:
    """Register the model with its card and the verdict against a champion, and make it the challenger."""
    name, kind, verdict, learning = result.name, result.declared.kind, result.verdict, result.split.learning
    code_version = f"{version_of('refi-assets')} {code_sha256(__name__)[:16]}"
    card = version_card(result, registry.next_version(name), code_version)
    warnings = list(result.warnings)
    markdown, html = _pages(card, warnings)
    until = {TRAINED_UNTIL: str(day_of(np.nanmax(learning.time)))} if learning.has_time else {}
    record = ModelRecord(
        parameters={**result.chosen.parameters, **until},
        figures=result.figures[kind],
        data_sha256=result.rows.sha256,
        code_version=code_version,
        trained_on=card.data["relation and period"],
        card_md=markdown,
        card_html=html,
        plots=dict(card.plots),
    )
    version = registry.register(name, result.chosen.model, record)
    kept = KeptVerdict(
        passed=verdict.passed,
        against=champion,
        reasons=verdict.reasons,
        numbers=verdict.as_json(),
        judged_at=datetime.now(UTC),
    )
    keep_verdict(registry, name, version, kept)
    registry.set_alias(name, CHALLENGER, version)
    return TrainedVersion(
        name=name,
        version=version,
        kind=kind,
        figures=result.figures,
        verdict=verdict,
        warnings=tuple(warnings),
        plots=card.plots,
        card_html=html,
        split=result.split.kind,
        rows=len(result.rows.label),
        flips=result.flips,
    )


def _pages(card: CardData, warnings: list[str]) -> tuple[str, str]:
    """The card as Markdown and as HTML; if it fails, a warning: a card may not end a training."""
    with best_effort(lambda reason: warnings.append(f"the card could not be written: {reason}")):
        return card_markdown(card), card_html(card)
    return NO_CARD, NO_CARD
