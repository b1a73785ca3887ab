"""The assets of a declared model: the registered version, with the gate as a check, and the watch over the champion.

The work is in refi_assets/ml/. Without the packages of the extra `ml` there are no such assets, which is a warning.
"""

import base64
import logging
from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from pydantic import Field

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.errors import best_effort
from refi_assets.lake import Details, Relation
from refi_assets.lake.relations import readable
from refi_assets.ml.declared_models import DeclaredModel, declared_models
from refi_assets.ml.policy import MlPolicy, load_ml_policy
from refi_assets.ml.policy_limits import DriftLimits
from refi_assets.ml.settings import ML_PACKAGES
from refi_assets.orchestration.asset_checks import Check, CheckedStep, checks_of
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.jobs import upstream_job
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource, PoliciesResource
from refi_assets.orchestration.retraining import retraining
from refi_assets.orchestration.steps import Step, asset_step, records_table
from refi_assets.specs.code import code_sha256
from refi_assets.specs.outcomes import Outcome
from refi_assets.specs.programs import programs_of

if TYPE_CHECKING:
    from refi_assets.ml.model_training import TrainedVersion
    from refi_assets.ml.watching import WatchReport

GROUP = "models"
ML = "ml"  # the domain of models, whose policy all models share
RETRAIN = "retrain"
KEY_FIGURES = ("roc_auc", "pr_auc", "ks", "brier")  # more do not fit into a table in the UI
UNCHANGED_CHAMPION = "The champion is unchanged."  # whatever fails here


class VersionDetails(Details):
    """The record of a training run: the version, and the gate's judgment in sentences. `card` and `flips` are keys."""

    version: int
    passed: bool
    conditions_failed: int
    judgment: tuple[str, ...]
    warnings: tuple[str, ...]
    card: str
    flips: str


class WatchDetails(Details):
    """The record of a watch. `version` is None if there is no champion; `failure` says why there are no figures.

    Levels are by feature, for the score, and by month; psi is by feature and for the score. not_known: decisions whose
    outcome is not known yet.
    """

    version: int | None = None
    failure: str | None = None
    features: dict[str, str] = Field(default_factory=dict)
    score: str = "ok"
    months: dict[str, str] = Field(default_factory=dict)
    psi: dict[str, float] = Field(default_factory=dict)
    not_known: int = 0


def retraining_job_of(domain: str) -> str:
    """Name of the job that trains the models of a domain."""
    return RETRAIN if domain == ML else f"{RETRAIN}_{domain}"


def history_job_of(domain: str) -> str:
    """Name of the job that makes what models learn from, in a domain whose own job does not."""
    return f"{domain}_history"


def model_definitions(domain: Domain) -> dg.Definitions:
    """The declared models that learn from relations of a domain.

    An asset trains each, one watches its champion, and retraining is automatic. A domain that publishes by program also
    gets a job that makes these relations and the watch, since they are not part of what it publishes.
    """
    if missing := [name for name in ML_PACKAGES if find_spec(name) is None]:
        if domain.name == ML:  # once for all domains
            logging.getLogger(__name__).warning(
                "The models are left out of the definitions: package %s is not installed. Install the extra `ml`: "
                "make ml.",
                missing[0],
            )
        return dg.Definitions()
    models = {name: declared for name, declared in declared_models().items() if declared.domain == domain.name}
    watched = {name: declared for name, declared in models.items() if declared.known_on}
    drift = [
        dg.AssetCheckKey(dg.AssetKey(["ml", f"{name}_watch"]), check)
        for name in watched
        for check in ("features_stable", "scores_stable")
    ]
    pause = timedelta(days=load_ml_policy().retraining.pause_days)
    return dg.Definitions.merge(
        *(_model(domain, name, declared) for name, declared in models.items()),
        *(_watch(domain, name, declared) for name, declared in watched.items()),
        dg.Definitions(jobs=_jobs(domain, models, watched)),
        retraining(domain, retraining_job_of(domain.name), drift, pause),
    )


def _jobs(
    domain: Domain, models: Mapping[str, DeclaredModel], watched: Collection[str]
) -> list[UnresolvedAssetJobDefinition]:
    """The job that trains, and, if the domain's own job does not, the one that makes what it trains on."""
    training = upstream_job(
        retraining_job_of(domain.name),
        [f"ml/{name}" for name in models],
        domain.cadence,
        "All declared models for one partition, from the source files to challengers in the registry.",
    )
    if not programs_of(domain.name):
        return [training]
    relations = {key for declared in models.values() for key in _read(declared)}
    history = upstream_job(
        history_job_of(domain.name),
        [*sorted(relations), *(f"ml/{name}_watch" for name in watched)],
        domain.cadence,
        "What models learn from, for one partition, and the watch over their champions.",
    )
    return [training, history]


def _model(domain: Domain, name: str, declared: DeclaredModel) -> dg.Definitions:
    key = f"ml/{name}"

    @dg.asset(
        key=key.split("/"),
        group_name=GROUP,
        kinds={"scikitlearn", "mlflow"},
        owners=["team:data-platform"],
        description=f"{declared.description}\n\nA version in the model registry, the challenger of the champion.",
        deps=[relation.split("/") for relation in _read(declared)],
        partitions_def=partitions(domain.cadence),
        code_version=f"{declared.sha256[:16]} {code_sha256('refi_assets.ml.model_training')[:16]}",
    )
    def trained_model(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, policies: PoliciesResource
    ) -> dg.MaterializeResult[Any]:
        from refi_assets.ml.learning_rows import all_rows
        from refi_assets.ml.model_training import train_declared
        from refi_assets.ml.registry import open_registry

        with asset_step(context, lake, UNCHANGED_CHAMPION) as step:
            relations, policy = _relations(step, declared), _policy(policies, domain)
            with engine.duckdb(step.lake).session(readable(step.lake, list(relations.values()))) as session:
                rows = all_rows(session, declared)
            version = train_declared(name, declared, rows, policy, open_registry(), context.log.info)
            card = step.folder.key(key, ".card.html")
            step.lake.put(card, version.card_html.encode())
            flips = step.folder.key(key, ".flips.csv")
            step.lake.put(flips, version.flips_csv.encode())
            draft = step.draft(key, made_from=relations, kind="files", rows=version.rows)
            relation = step.save(draft, details=_version_details(version, card, flips))
        paths = {name: dg.MetadataValue.path(step.lake.address(at)) for name, at in (("card", card), ("flips", flips))}
        return step.materialized(relation, _shown(version) | paths)

    checks = [
        Check(evaluate.__name__, description, evaluate, may_block=False)
        for evaluate, description in (
            (gate_passed, "It passes the promotion gate against the champion."),
            (leak_guard_is_silent, "No feature is suspected to know the outcome."),
        )
    ]
    return dg.Definitions(assets=[trained_model], asset_checks=[checks_of(domain, key, checks)])


def _version_details(version: "TrainedVersion", card: str, flips: str) -> VersionDetails:
    return VersionDetails(
        version=version.version,
        passed=version.verdict.passed,
        conditions_failed=sum(not rule.passed for rule in version.verdict.rules),
        judgment=version.judgment,
        warnings=version.warnings,
        card=card,
        flips=flips,
    )


def _watch(domain: Domain, name: str, declared: DeclaredModel) -> dg.Definitions:
    key = f"ml/{name}_watch"

    @dg.asset(
        key=key.split("/"),
        group_name=domain.name,
        kinds={"scikitlearn", "mlflow"},
        owners=["team:data-platform"],
        description=f"Drift of the champion of {name} since its training, and realized against predicted outcomes.",
        deps=[relation.split("/") for relation in _read(declared)],
        partitions_def=partitions(domain.cadence),
        code_version=f"{declared.sha256[:16]} {code_sha256('refi_assets.ml.watching')[:16]}",
    )
    def watched_champion(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, policies: PoliciesResource
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake, UNCHANGED_CHAMPION) as step:
            relations = _relations(step, declared)
            failures: list[str] = []
            report = None
            with (
                best_effort(failures.append),  # the features are published, whatever becomes of the watch
                engine.duckdb(step.lake).session(readable(step.lake, list(relations.values()))) as session,
            ):
                report = _watch_report(session, name, declared, step.as_of, _policy(policies, domain))
            details = _watch_details(report) if report else WatchDetails(failure="".join(failures) or None)
            draft = step.draft(key, made_from=relations, kind="files", rows=report.rows if report else 0)
            relation = step.save(draft, details=details)
        psi = {f"PSI: {column}": value for column, value in details.psi.items()}
        shown = {"champion": details.version or "none", "outcomes not known": details.not_known}
        return step.materialized(relation, {**shown, **psi, **_pictures(report.plots if report else {})})

    checks = [
        Check(evaluate.__name__, description, evaluate, may_block=False, alerts=True, limits="drift")
        for evaluate, description in (
            (features_stable, "The champion's features are distributed as in training (PSI and KS)."),
            (scores_stable, "The champion's scores are distributed as in training (PSI and KS)."),
            (outcomes_as_predicted, "Realized rates are as predicted, in months whose outcomes are known."),
        )
    ]
    return dg.Definitions(assets=[watched_champion], asset_checks=[checks_of(domain, key, checks)])


def _watch_report(
    session: DuckDBSession, name: str, declared: DeclaredModel, as_of: date, policy: MlPolicy
) -> "WatchReport | None":
    """The report on the champion, None if there is none yet."""
    from refi_assets.ml.registry import CHAMPION, open_registry
    from refi_assets.ml.watching import watch_champion

    registry = open_registry()
    if registry.alias_version(name, CHAMPION) is None:
        return None
    return watch_champion(session, declared, registry.load(name, CHAMPION), as_of, policy)


def _watch_details(report: "WatchReport") -> WatchDetails:
    levels = {drift.name: drift.verdict for drift in report.drifts}
    return WatchDetails(
        version=report.version,
        score=levels.pop("score"),
        features=levels,
        months={month.month: month.verdict for month in report.realized.months if month.verdict},
        psi={drift.name: round(drift.psi, 6) for drift in report.drifts},
        not_known=report.realized.not_known,
    )


def _read(declared: DeclaredModel) -> list[str]:
    return [declared.relation, *([declared.groups.relation] if declared.groups else [])]


def _relations(step: Step, declared: DeclaredModel) -> dict[str, Relation]:
    return {key: step.input(key) for key in _read(declared)}


def _policy(policies: PoliciesResource, domain: Domain) -> MlPolicy:
    """The policy of models for this run."""
    path = policies.overrides.get(domain.policy)
    return load_ml_policy(Path(path) if path else None)


def gate_passed(step: CheckedStep) -> Outcome:
    """Whether the newest version may become champion."""
    details = step.relation.details_as(VersionDetails)
    return Outcome(
        details.passed,
        details.conditions_failed,
        "no condition of the gate may fail",
        blocks=False,
        description=" ".join((f"Version {details.version}.", *details.judgment)),
    )


def leak_guard_is_silent(step: CheckedStep) -> Outcome:
    """Whether no feature is suspected to know the outcome."""
    warnings = step.relation.details_as(VersionDetails).warnings
    return Outcome(not warnings, len(warnings), "no warning", blocks=False, description="; ".join(warnings) or None)


def features_stable(step: CheckedStep, limits: DriftLimits) -> Outcome:
    """Whether the decisions since training have features as those that the champion has learned from."""
    return _stable(step, lambda details: details.features, _distances(limits))


def scores_stable(step: CheckedStep, limits: DriftLimits) -> Outcome:
    """Whether the decisions since training have scores as those that the champion has learned from."""
    return _stable(step, lambda details: {"score": details.score} if details.version else {}, _distances(limits))


def outcomes_as_predicted(step: CheckedStep, limits: DriftLimits) -> Outcome:
    """Whether as many outcomes were positive as the champion predicts, by month."""
    gap = limits.realized_gap_pct
    limit = f"at most {gap.warn_above:g} % of the predicted rate, an error above {gap.alert_above:g} %"
    return _stable(step, lambda details: details.months, limit)


def _distances(limits: DriftLimits) -> str:
    psi, ks = limits.psi, limits.ks
    return (
        f"PSI at most {psi.warn_above:g} and KS at most {ks.warn_above:g}, "
        f"an error above {psi.alert_above:g} and {ks.alert_above:g}"
    )


def _stable(step: CheckedStep, levels_of: Callable[[WatchDetails], Mapping[str, str]], limit: str) -> Outcome:
    """The outcome of levels by name: a warning if one is at warn, an error if one is at alert."""
    details = step.relation.details_as(WatchDetails)
    if details.failure:
        return Outcome(False, 0, "the champion must be watched", blocks=False, description=details.failure)
    levels = levels_of(details)
    moved = {name: level for name, level in levels.items() if level in ("warn", "alert")}
    return Outcome(
        passed=not moved,
        number=len(moved),
        limit=limit,
        blocks="alert" in moved.values(),
        description=_watched(details, levels, moved),
    )


def _watched(details: WatchDetails, levels: Mapping[str, str], moved: Mapping[str, str]) -> str:
    """What was compared, in words."""
    if details.version is None:
        return "There is no champion to watch yet."
    judged = sum(level != "few rows" for level in levels.values())
    few = f"; {len(levels) - judged} have too few rows" if judged < len(levels) else ""
    names = ", ".join(f"{name} ({level})" for name, level in sorted(moved.items()))
    return f"Version {details.version}, {judged} judged{few}." + (f" Beyond a limit: {names}." if names else "")


def _shown(version: "TrainedVersion") -> dict[str, Any]:
    """A version in the UI: the figures of its kind as numbers, which the UI plots over time; all kinds as a table."""
    figures = {kind: {name: round(value, 4) for name, value in row.items()} for kind, row in version.figures.items()}
    rules = version.verdict.rules
    gate = [f"- {rule.name} {'passed' if rule.passed else '**failed**'}: {rule.reason}" for rule in rules]
    return {
        "version": version.version,
        "kind": version.kind,
        "gate": dg.MetadataValue.md("\n".join(gate)),
        "kinds": records_table(
            [{"kind": kind} | {name: row[name] for name in KEY_FIGURES} for kind, row in figures.items()]
        ),
        **figures[version.kind],
        **_pictures(version.plots),
    }


def _pictures(plots: Mapping[str, bytes]) -> dict[str, dg.MetadataValue[Any]]:
    """Plots as pictures in the UI."""
    return {
        name.removesuffix(".svg"): dg.MetadataValue.md(
            f"![{name}](data:image/svg+xml;base64,{base64.b64encode(picture).decode()})"
        )
        for name, picture in plots.items()
    }
