"""The card of a newly trained model: its facts, figures, breakdowns and plots, all of the test part.

How a card looks belongs to card.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from refi_assets.ml import plots
from refi_assets.ml.beside import LibraryComparison
from refi_assets.ml.breakdowns import LiftPart, breakdown_by_month, breakdown_by_segment, lift_table
from refi_assets.ml.card_data import CardData, FeatureText
from refi_assets.ml.declared_models import DeclaredModel
from refi_assets.ml.fairness import screen_model
from refi_assets.ml.feature_session import features_read_from
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.gate import GateVerdict
from refi_assets.ml.importance import feature_importance
from refi_assets.ml.learning_rows import LearningRows, SplitRows, day_of, days_of
from refi_assets.ml.measures import intervals
from refi_assets.ml.policy import MlPolicy
from refi_assets.ml.tables import Bools, Floats
from refi_assets.ml.training import Trained

Flip = tuple[str | None, ...]  # id, day, the two probabilities, and what the decision becomes


@dataclass(frozen=True)
class TrainingResult:
    """A model before it is registered. `rows` are those with an outcome; `figures` of the test part, by kind."""

    name: str
    declared: DeclaredModel
    policy: MlPolicy
    rows: LearningRows
    rows_without_outcome: int
    split: SplitRows
    chosen: Trained
    figures: Mapping[str, Mapping[str, float]]
    comparison: LibraryComparison | None
    verdict: GateVerdict
    flips: tuple[Flip, ...]
    warnings: tuple[str, ...]


def version_card(result: TrainingResult, version: int, code_version: str) -> CardData:
    """Everything that the card of a version says. A plot that fails is left out, and a note says so."""
    model, test, limits = result.chosen.model, result.split.test, result.policy.breakdowns
    label, probability = test.label, model.probabilities(test.table)
    lift = lift_table(label, probability, limits)
    drawn, notes = _plots(result, label, probability, lift)
    months = breakdown_by_month(days_of(test.time), label, probability, limits) if test.has_time else ()
    return CardData(
        name=result.name,
        version=version,
        model=model,
        description=result.declared.description,
        intended_use=result.declared.intended_use,
        use_limits=result.declared.use_limits,
        data=_facts(result),
        figures=result.figures,
        comparison=result.comparison,
        intervals=intervals(label, probability, result.policy.split.seed),
        parameters=result.chosen.parameters,
        code_version=code_version,
        features=_feature_texts(model, result.declared.relation),
        segments={
            name: breakdown_by_segment(texts, label, probability, limits) for name, texts in test.segments.items()
        },
        months=months,
        lift=lift,
        screens={
            basis: screen_model(
                *(groups, label, probability, result.declared.decision, result.policy.fairness),
                result.policy.fairness.references.get(basis),
            )
            for basis, groups in test.groups.items()
        },
        gate=result.verdict,
        importances=feature_importance(model, test.table, label),
        plots=drawn,
        notes=[*result.warnings, *notes],
    )


def _facts(result: TrainingResult) -> dict[str, str]:
    rows = result.rows
    period = f", {day_of(rows.time.min())} to {day_of(rows.time.max())}" if rows.has_time else ""
    return {
        "relation and period": f"{result.declared.relation}{period}",
        "rows": f"{len(rows.label):,} with an outcome, {result.rows_without_outcome:,} without",
        "test part": f"{len(result.split.test.label):,} rows, {result.split.kind}",
        "SHA-256": rows.sha256,
    }


def _plots(
    result: TrainingResult, label: Bools, probability: Floats, lift: tuple[LiftPart, ...]
) -> tuple[dict[str, bytes], list[str]]:
    confidence_pct, threshold = result.policy.breakdowns.confidence_pct, result.declared.decision.threshold
    return plots.drawn_plots(
        {
            "roc.svg": lambda: plots.roc_plot(label, probability),
            "precision_recall.svg": lambda: plots.precision_recall_plot(label, probability),
            "calibration.svg": lambda: plots.calibration_plot(label, probability, confidence_pct),
            "scores.svg": lambda: plots.score_plot(label, probability, {"threshold": threshold}),
            "lift.svg": lambda: plots.lift_plot(lift),
        }
    )


def _feature_texts(model: FittedModel, relation: str) -> dict[str, FeatureText]:
    defined = features_read_from(relation)
    return {
        column.name: FeatureText(defined[column.name].description, defined[column.name].unit)
        for column in model.inputs
        if column.name in defined
    }
