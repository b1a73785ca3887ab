"""The assets of a declared model: the registered version, with the gate as a check, and the watch over the champion.

The work is in refi_assets/ml/. Without the packages of the extra `ml` there are no such assets, which is a warning.
"""

import base64
import logging
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.errors import best_effort
from refi_assets.lake import Details, Relation
from refi_assets.lake.relations import readable
from refi_assets.ml.declared_models import DeclaredModel, declared_models
from refi_assets.ml.policy import load_ml_policy
from refi_assets.ml.settings import ML_PACKAGES
from refi_assets.orchestration.asset_checks import Check, CheckedStep, checks_of
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.jobs import retraining_job
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.orchestration.retraining import retraining
from refi_assets.orchestration.steps import Step, asset_step
from refi_assets.specs.code import code_sha256
from refi_assets.specs.outcomes import Outcome

if TYPE_CHECKING:
    from refi_assets.ml.watching import WatchReport

GROUP = "models"
RETRAIN = "retrain"
PAUSE = timedelta(days=7)  # between two retrainings that drift asks for


class VersionDetails(Details):
    """The record of a training run: the version, and the gate's verdict in sentences. `card` is an object key."""

    version: int
    passed: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    card: str


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


def model_definitions(domain: Domain) -> dg.Definitions:
    """All declared models: an asset that trains each, one that watches its champion, and the automatic retraining."""
    if missing := [name for name in ML_PACKAGES if find_spec(name) is None]:
        logging.getLogger(__name__).warning(
            "The models are left out of the definitions: package %s is not installed. Install the extra `ml`: make ml.",
            missing[0],
        )
        return dg.Definitions()
    models = declared_models()
    watches = [f"ml/{name}_watch" for name in models]
    drift = [
        dg.AssetCheckKey(dg.AssetKey(watch.split("/")), check)
        for watch in watches
        for check in ("features_stable", "scores_stable")
    ]
    return dg.Definitions.merge(
        *(_model(domain, name, declared) for name, declared in models.items()),
        *(_watch(domain, name, declared) for name, declared in models.items() if declared.known_on),
        dg.Definitions(jobs=[retraining_job(RETRAIN, [f"ml/{name}" for name in models], domain.cadence)]),
        retraining(domain, RETRAIN, drift, PAUSE),
    )


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
        code_version=declared.sha256[:16],
    )
    def trained_model(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
    ) -> dg.MaterializeResult[Any]:
        from refi_assets.ml.model_training import all_rows, train_declared
        from refi_assets.ml.registry import open_registry

        with asset_step(context, lake) as step:
            relations = _relations(step, declared)
            with engine.duckdb(step.lake).session(readable(step.lake, list(relations.values()))) as session:
                rows = all_rows(session, declared)
            version = train_declared(name, declared, rows, load_ml_policy(), open_registry(), context.log.info)
            card = step.folder.key(key, ".card.html")
            step.lake.put(card, version.card_html.encode())
            details = VersionDetails(
                version=version.version,
                passed=version.verdict.passed,
                reasons=version.verdict.reasons,
                warnings=version.warnings,
                card=card,
            )
            draft = step.draft(key, made_from=relations, kind="files", rows=version.rows)
            relation = step.save(draft, details=details)
        figures = {
            f"{kind}: {measure}": value for kind, row in version.figures.items() for measure, value in row.items()
        }
        shown = {
            "version": version.version,
            "kind": version.kind,
            "card": dg.MetadataValue.path(step.lake.address(card)),
        }
        return step.materialized(relation, {**shown, **figures, **_pictures(version.plots)})

    checks = [
        Check("gate_passed", "It passes the promotion gate against the champion.", _gate_passed, may_block=False),
        Check("leak_guard_is_silent", "No feature is suspected to know the outcome.", _no_warnings, may_block=False),
    ]
    return dg.Definitions(assets=[trained_model], asset_checks=[checks_of(domain, key, checks)])


def _watch(domain: Domain, name: str, declared: DeclaredModel) -> dg.Definitions:
    key = f"ml/{name}_watch"

    @dg.asset(
        key=key.split("/"),
        group_name="ml",
        kinds={"scikitlearn", "mlflow"},
        owners=["team:data-platform"],
        description=f"Drift of the champion of {name} since its training, and realized against predicted outcomes.",
        deps=[relation.split("/") for relation in _read(declared)],
        partitions_def=partitions(domain.cadence),
        code_version=code_sha256("refi_assets.ml.drift")[:16],
    )
    def watched_champion(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake) as step:
            relations = _relations(step, declared)
            failures: list[str] = []
            report = None
            with (
                best_effort(failures.append),  # the features are published, whatever becomes of the watch
                engine.duckdb(step.lake).session(readable(step.lake, list(relations.values()))) as session,
            ):
                report = _watch_report(session, name, declared, step.as_of)
            details = _watch_details(report) if report else WatchDetails(failure="".join(failures) or None)
            draft = step.draft(key, made_from=relations, kind="files", rows=report.rows if report else 0)
            relation = step.save(draft, details=details)
        psi = {f"PSI: {column}": value for column, value in details.psi.items()}
        shown = {"champion": details.version or "none", "outcomes not known": details.not_known}
        return step.materialized(relation, {**shown, **psi, **_pictures(report.plots if report else {})})

    checks = [
        Check(
            "features_stable",
            "The champion's features are distributed as in training (PSI and KS).",
            lambda step: _stable(step, lambda details: details.features, "features"),
            may_block=False,
            alerts=True,
        ),
        Check(
            "scores_stable",
            "The champion's scores are distributed as in training (PSI and KS).",
            lambda step: _stable(step, lambda details: {"score": details.score}, "scores"),
            may_block=False,
            alerts=True,
        ),
        Check(
            "outcomes_as_predicted",
            "Realized rates are as predicted, in months whose outcomes are known.",
            lambda step: _stable(step, lambda details: details.months, "months"),
            may_block=False,
            alerts=True,
        ),
    ]
    return dg.Definitions(assets=[watched_champion], asset_checks=[checks_of(domain, key, checks)])


def _watch_report(session: DuckDBSession, name: str, declared: DeclaredModel, as_of: date) -> "WatchReport | None":
    """The report on the champion, None if there is none yet."""
    from refi_assets.ml.registry import CHAMPION, open_registry
    from refi_assets.ml.watching import watch_champion

    registry = open_registry()
    if registry.alias_version(name, CHAMPION) is None:
        return None
    return watch_champion(session, declared, registry.load(name, CHAMPION), as_of, load_ml_policy())


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


def _gate_passed(step: CheckedStep) -> Outcome:
    details = step.relation.details_as(VersionDetails)
    return Outcome(
        details.passed,
        details.version,
        "the number is the version",
        blocks=False,
        description=" ".join(details.reasons),
    )


def _no_warnings(step: CheckedStep) -> Outcome:
    warnings = step.relation.details_as(VersionDetails).warnings
    return Outcome(not warnings, len(warnings), "no warning", blocks=False, description="; ".join(warnings) or None)


def _stable(step: CheckedStep, levels_of: Callable[[WatchDetails], Mapping[str, str]], what: str) -> Outcome:
    """The outcome of levels by name: a warning if one is at warn, an error if one is at alert."""
    details = step.relation.details_as(WatchDetails)
    levels = levels_of(details)
    if details.failure:
        return Outcome(False, 0, "the champion can be watched", blocks=False, description=details.failure)
    moved = {name: level for name, level in levels.items() if level in ("warn", "alert")}
    return Outcome(
        passed=not moved,
        number=len(moved),
        limit=f"of {len(levels)} {what}, none moved beyond the limits of policies/ml/ml.yaml",
        blocks="alert" in moved.values(),
        description=", ".join(f"{name}: {level}" for name, level in sorted(moved.items())) or None,
    )


def _pictures(plots: Mapping[str, bytes]) -> dict[str, dg.MetadataValue[Any]]:
    """Plots as pictures in the UI."""
    return {
        name.removesuffix(".svg"): dg.MetadataValue.md(
            f"![{name}](data:image/svg+xml;base64,{base64.b64encode(picture).decode()})"
        )
        for name, picture in plots.items()
    }
