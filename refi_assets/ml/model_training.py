"""Training of a declared model: its rows, the leak guard, three models measured on the newest rows, the gate, the card.

Rows come from a session on the relations of a run; the version goes to the registry. Fitting belongs to training.py.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.errors import ModelError, best_effort
from refi_assets.ml import plots
from refi_assets.ml.breakdowns import breakdown_by_month, breakdown_by_segment, lift_table
from refi_assets.ml.card import card_html, card_markdown
from refi_assets.ml.card_data import CardData, FeatureText
from refi_assets.ml.columns import learn_columns
from refi_assets.ml.declared_models import DeclaredModel
from refi_assets.ml.fairness import screen_model
from refi_assets.ml.feature_session import declared_features
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.gate import GateVerdict, NewestPeriod, judge_challenger, judge_first_model
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
from refi_assets.ml.importance import feature_importance
from refi_assets.ml.measures import intervals, measure
from refi_assets.ml.policy import Kind, MlPolicy
from refi_assets.ml.promotions import KeptVerdict, keep_verdict
from refi_assets.ml.registered_files import ModelRecord
from refi_assets.ml.registry import CHALLENGER, CHAMPION, Registry
from refi_assets.ml.splits import Ids, newest_part, stratified_part
from refi_assets.ml.tables import Bools, Column, Floats, Texts, is_missing, rows_of, typed_columns
from refi_assets.ml.training import KINDS, Trained, TrainingRows, train
from refi_assets.specs.code import code_sha256, version_of
from refi_assets.specs.declarations import grain_of
from refi_assets.specs.names import table_of

TRAINED_UNTIL = "trained_until"  # a parameter of a version: the day of its newest training row

Say = Callable[[str], None]
Direction = Literal[-1, 0, 1]


@dataclass(frozen=True)
class LearningRows:
    """The rows of a training relation: features, and the roles of other columns.

    `outcome` is 1 for the positive label, 0 for another, NaN if there is none. `time` and `known_on` are days since
    1970, NaN if the model declares none. `dates` are features with dates.
    """

    table: dict[str, Column]
    dates: frozenset[str]
    outcome: Floats
    ids: Texts
    time: Floats
    known_on: Floats
    groups: dict[str, Texts]
    segments: dict[str, Texts]

    def part(self, rows: Bools) -> "LearningRows":
        """Some of the rows."""
        return LearningRows(
            rows_of(self.table, rows),
            self.dates,
            self.outcome[rows],
            self.ids[rows],
            self.time[rows],
            self.known_on[rows],
            rows_of(self.groups, rows),
            rows_of(self.segments, rows),
        )

    @property
    def label(self) -> Bools:
        """Whether each row's label is positive."""
        is_positive: Bools = self.outcome == 1
        return is_positive

    @property
    def id_numbers(self) -> Ids:
        """A number for each row, equal for rows of one id."""
        return np.unique(self.ids.astype(str), return_inverse=True)[1]

    @property
    def has_time(self) -> bool:
        """Whether the rows have times, by which they can be split."""
        return not np.isnan(self.time).all()

    @property
    def sha256(self) -> str:
        """Hash of the features, labels, ids and times."""
        digest = hashlib.sha256()
        for name, column in {**self.table, "": self.ids, " label": self.outcome, " time": self.time}.items():
            content = "\0".join(map(str, column)).encode() if column.dtype == object else column.tobytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()


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

    def as_json(self) -> dict[str, Any]:
        """All but pictures and the card."""
        shown = {key: value for key, value in vars(self).items() if key not in ("plots", "card_html", "verdict")}
        return shown | {"gate": self.verdict.as_json()}


def all_rows(session: DuckDBSession, declared: DeclaredModel) -> LearningRows:
    """The rows of a declared model's training relation, in the order of its grain. Raises ModelError."""
    roles = [name for name in (declared.label, declared.id, declared.time, declared.known_on) if name]
    names = list(dict.fromkeys([*roles, *declared.features, *declared.segments]))
    query = exp.select(*names).from_(table_of(declared.relation))
    available = session.columns(exp.select("*").from_(table_of(declared.relation)))
    if missing := [name for name in names if name not in available]:
        raise ModelError(f"{declared.relation} has no column {', '.join(missing)}. It has {', '.join(available)}.")
    columns, dates = typed_columns(session.arrays(query.order_by(*grain_of(declared.relation))))
    labels, ids = _texts(columns[declared.label]), _texts(columns[declared.id])
    no_days = np.full(len(ids), np.nan)
    return LearningRows(
        table={name: columns[name] for name in declared.features},
        dates=dates & frozenset(declared.features),
        outcome=np.where(is_missing(labels), np.nan, labels == declared.positive),
        ids=ids,
        time=columns[declared.time] if declared.time else no_days,
        known_on=columns[declared.known_on] if declared.known_on else no_days,
        groups=_groups(session, declared, ids),
        segments={name: _texts(columns[name]) for name in declared.segments},
    )


def _groups(session: DuckDBSession, declared: DeclaredModel, ids: Texts) -> dict[str, Texts]:
    """The group of each id by basis, from a relation of its own that no feature is computed from."""
    if declared.groups is None:
        return {}
    query = exp.select(declared.id, *declared.groups.bases).from_(table_of(declared.groups.relation))
    columns, _ = typed_columns(session.arrays(query))
    place = {key: number for number, key in enumerate(_texts(columns[declared.id]))}
    rows = [place.get(key) for key in ids]
    return {
        basis: np.array([None if row is None else texts[row] for row in rows], dtype=object)
        for basis in declared.groups.bases
        for texts in [_texts(columns[basis])]
    }


def _texts(column: Column) -> Texts:
    """A column as texts; whole numbers without decimals."""
    if column.dtype == object:
        return column
    return np.array([None if np.isnan(value) else f"{value:.15g}" for value in column], dtype=object)


def train_declared(
    name: str, declared: DeclaredModel, relation: LearningRows, policy: MlPolicy, registry: Registry, say: Say
) -> TrainedVersion:
    """Train, measure, judge and register a model as challenger. Raises ModelError; then nothing is registered."""
    rows = relation.part(~np.isnan(relation.outcome))
    test, split = _test_part(rows, policy)
    learning, newest = rows.part(~test), rows.part(test)
    warnings = list(guard_training(declared, learning, newest, policy))
    if split == "random":
        warnings.append("the model declares no time, so its test part is random: figures of the future may be worse")
    directions = {name: _direction(name, declared) for name in declared.features}
    inputs, dropped = learn_columns(learning.table, policy.reading, directions)
    if not inputs:
        raise ModelError(f"{name}: no feature is left to learn from: {'; '.join(dropped)}.")
    warnings += [f"{sentence}; it is not used" for sentence in dropped]
    training = TrainingRows(inputs, learning.table, learning.label, learning.id_numbers, policy)
    trained: dict[Kind, Trained] = {}
    figures: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        trained[kind] = train(kind, training, positive_is_adverse=declared.positive_is_adverse)
        figures[kind] = measure(newest.label, trained[kind].model.probabilities(newest.table))
        say(f"{kind}: ROC-AUC {figures[kind]['roc_auc']:.3f} on {len(newest.label):,} rows")
    chosen = trained[declared.kind]
    champion = registry.alias_version(name, CHAMPION)
    verdict = _judge(registry, name, champion, declared, newest, chosen.model, policy)
    card = _card(
        name,
        registry.next_version(name),
        declared,
        relation,
        rows,
        newest,
        chosen,
        figures,
        verdict,
        warnings,
        policy,
        split,
    )
    pages: dict[str, str] = {}
    with best_effort(lambda reason: warnings.append(f"the card could not be written: {reason}")):
        pages = {"card_md": card_markdown(card), "card_html": card_html(card)}
    record = ModelRecord(
        parameters={**chosen.parameters, **_until(learning)},
        figures=figures[declared.kind],
        data_sha256=rows.sha256,
        code_version=code_version(),
        trained_on=card.data["relation and period"],
        card_md=pages.get("card_md", "The card could not be written."),
        card_html=pages.get("card_html", "The card could not be written."),
        plots=dict(card.plots),
    )
    version = registry.register(name, chosen.model, record)
    kept = KeptVerdict(
        passed=verdict.passed,
        against=champion,
        reasons=verdict.reasons,
        numbers=verdict.as_json(),
        judged_at=datetime.now(UTC),
    )
    keep_verdict(registry, name, version, kept)
    registry.set_alias(name, CHALLENGER, version)
    say(f"{name}, version {version}: the gate {'passes' if verdict.passed else 'refuses'} it")
    return TrainedVersion(
        name=name,
        version=version,
        kind=declared.kind,
        figures=figures,
        verdict=verdict,
        warnings=tuple(warnings),
        plots=card.plots,
        card_html=record.card_html,
        split=split,
        rows=len(rows.label),
    )


def guard_training(
    declared: DeclaredModel, learning: LearningRows, newest: LearningRows, policy: MlPolicy
) -> list[str]:
    """The warnings of the leak guard. Raises ModelError naming every column that must not be read."""
    names = list(declared.features)
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
    if shared := shared_ids(learning.ids, newest.ids):
        raise ModelError(f"{shared:,} customers are both in the training and in the test part. Nothing was trained.")
    return [*protected_for_other_products(names, policy, declared.product), *warn_alone(alone, policy)]


def code_version() -> str:
    """The version of the package, and the hash of the code that trains."""
    return f"{version_of('refi-assets')} {code_sha256('refi_assets.ml.model_training')[:16]}"


def _test_part(rows: LearningRows, policy: MlPolicy) -> tuple[Bools, str]:
    if len(rows.label) < policy.split.least_rows:
        raise ModelError(
            f"{len(rows.label):,} rows with an outcome are too few to learn from: at least {policy.split.least_rows} "
            "are needed."
        )
    share = policy.split.test_share_pct / 100
    if rows.has_time:
        test, split = newest_part(rows.time, rows.id_numbers, share), "newest"
    else:
        test, split = stratified_part(rows.label, rows.id_numbers, share, policy.split.seed), "random"
    for part, label in (("training", rows.label[~test]), ("test", rows.label[test])):
        least = min(int(label.sum()), int((~label).sum()))
        if least < policy.split.least_positive:
            raise ModelError(
                f"The {part} part has {least:,} rows of one outcome: at least {policy.split.least_positive} of each "
                "are needed."
            )
    return test, split


def _until(learning: LearningRows) -> dict[str, str]:
    """The day of the newest training row, from which on the model is watched."""
    return {TRAINED_UNTIL: str(_day(np.nanmax(learning.time)))} if learning.has_time else {}


def _direction(name: str, declared: DeclaredModel) -> Direction:
    """1 if the probability of the positive label rises with a feature, by the feature's definition."""
    feature = declared_features().get(name)
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
) -> GateVerdict:
    period = NewestPeriod(newest.label, newest.groups)
    probability = model.probabilities(newest.table)
    if champion is None:
        return judge_first_model(period, probability, policy.gate)
    before = registry.load(name, champion).model.probabilities(newest.table)
    return judge_challenger(period, probability, before, declared.decision, policy.gate, policy.fairness)


def _card(
    name: str,
    version: int,
    declared: DeclaredModel,
    relation: LearningRows,
    rows: LearningRows,
    newest: LearningRows,
    chosen: Trained,
    figures: Mapping[str, Mapping[str, float]],
    verdict: GateVerdict,
    warnings: list[str],
    policy: MlPolicy,
    split: str,
) -> CardData:
    model, label = chosen.model, newest.label
    probability = model.probabilities(newest.table)
    lift = lift_table(label, probability, policy.breakdowns)
    drawn, notes = plots.drawn_plots(
        {
            "roc.svg": lambda: plots.roc_plot(label, probability),
            "precision_recall.svg": lambda: plots.precision_recall_plot(label, probability),
            "calibration.svg": lambda: plots.calibration_plot(label, probability, policy.breakdowns.confidence_pct),
            "scores.svg": lambda: plots.score_plot(label, probability, {"threshold": declared.decision.threshold}),
            "lift.svg": lambda: plots.lift_plot(lift),
        }
    )
    period = "" if not rows.has_time else f", {_day(rows.time.min())} to {_day(rows.time.max())}"
    defined = declared_features()
    return CardData(
        name=name,
        version=version,
        model=model,
        description=declared.description,
        intended_use=declared.intended_use,
        use_limits=declared.use_limits,
        data={
            "relation and period": f"{declared.relation}{period}",
            "rows": f"{len(rows.label):,} with an outcome, {len(relation.label) - len(rows.label):,} without",
            "test part": f"{len(label):,} rows, {split}",
            "SHA-256": rows.sha256,
        },
        figures=figures,
        intervals=intervals(label, probability, policy.split.seed),
        parameters=chosen.parameters,
        code_version=code_version(),
        features={
            column.name: FeatureText(defined[column.name].description, defined[column.name].unit)
            for column in model.inputs
            if column.name in defined
        },
        segments={
            name: breakdown_by_segment(texts, label, probability, policy.breakdowns)
            for name, texts in newest.segments.items()
        },
        months=()
        if not newest.has_time
        else breakdown_by_month(days_of(newest.time), label, probability, policy.breakdowns),
        lift=lift,
        screens={
            basis: screen_model(
                groups, label, probability, declared.decision, policy.fairness, policy.fairness.references.get(basis)
            )
            for basis, groups in newest.groups.items()
        },
        gate=verdict,
        importances=feature_importance(model, newest.table, label),
        plots=drawn,
        notes=[*warnings, *notes],
    )


def days_of(time: Floats) -> NDArray[np.datetime64]:
    """Days since 1970 as dates; NaN is NaT."""
    whole = np.where(np.isnan(time), 0, np.floor(time)).astype("int64").astype("datetime64[D]")
    whole[np.isnan(time)] = np.datetime64("NaT")
    return whole


def _day(days: float) -> date:
    return date.fromordinal(date(1970, 1, 1).toordinal() + int(days))
