"""Assets of the risk domain: events of repayment, features, scores, and the borrowers and payouts that rules report.

The SQL is in sql/risk/, the model in policies/ml/models/live_default.yaml. The published file is the last asset:
nothing is published unless the blocking checks of all others pass.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import dagster as dg

from refi_assets.defs.risk import RISK
from refi_assets.defs.risk.checks import ACCOUNTED_FOR
from refi_assets.errors import best_effort
from refi_assets.lake import Relation
from refi_assets.lake.relations import readable
from refi_assets.orchestration.alert_sensor import DAILY_NOTICE
from refi_assets.orchestration.asset_checks import relation_checks
from refi_assets.orchestration.models import model_definitions
from refi_assets.orchestration.publications import publication_asset
from refi_assets.orchestration.resources import EngineResource, LakeResource, PoliciesResource
from refi_assets.orchestration.sources import source_definitions
from refi_assets.orchestration.sql_assets import Kind, described_by, made_by_python, materialize, sql_relation
from refi_assets.orchestration.steps import asset_step
from refi_assets.publishing.publication import Publication
from refi_assets.risk.batch_relations import (
    FEATURES,
    SCORES,
    SCORES_BEFORE,
    STREAMED,
    copy_scores,
    keep_streamed,
    score_borrowers,
    streamed_event_files,
)
from refi_assets.risk.policy import RiskPolicy
from refi_assets.risk.scoring import open_live_champion
from refi_assets.specs.contracts import quarantine_of
from refi_assets.specs.sql_models import AS_OF, load_sql_models

FILE = "risk/score_file"

RELATIONS: dict[str, Kind] = {
    "risk/arrived_event": "view",
    "risk/events": "table",
    "risk/set_aside_event": "table",
    "risk/subject": "view",
    "risk/subject_features": "table",
    "risk/features": "view",
    "risk/observed_borrower": "view",
    "risk/payout": "view",
    "risk/high_risk": "table",
    "risk/possible_fraud": "table",
    "risk/loan_exposure": "table",
}

NOTICES = {"risk/high_risk": "high_risk_borrowers", "risk/possible_fraud": "borrowers_with_possible_fraud"}

# Nothing may be published unless the blocking checks of all of these pass.
INPUTS = (*RELATIONS, SCORES, quarantine_of(RISK.name))


@dg.definitions
def sources() -> dg.Definitions:
    """The sources of contracts/risk/."""
    return source_definitions(RISK)


@described_by(RISK, load_sql_models()[STREAMED], load_sql_models()[STREAMED].inputs, kinds={"parquet", "table"})
def streamed_events(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult[Any]:
    """The files that the stream has put into the lake so far."""
    with asset_step(context, lake, RISK.unchanged) as step:
        duckdb, files = engine.duckdb(step.lake), streamed_event_files(step.lake)
        columns_of = {key: step.input(key) for key in load_sql_models()[STREAMED].inputs}

        def make(draft: Relation) -> Relation:
            with duckdb.session(readable(step.lake, list(columns_of.values()))) as session:
                return keep_streamed(session, step.lake, draft, files, step.as_of)

        relation = made_by_python(step, duckdb, STREAMED, columns_of, make, files=files, as_of=str(step.as_of))
    return materialize(step, relation, columns_of, {"files": len(files)})


@described_by(RISK, load_sql_models()[SCORES], [FEATURES], kinds={"scikitlearn", "mlflow", "table"})
def scores(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, policies: PoliciesResource
) -> dg.MaterializeResult[Any]:
    """Without a champion, or if the registry is away, no borrower is scored, and a warning says why."""
    with asset_step(context, lake, RISK.unchanged) as step:
        features, duckdb, champion = step.input(FEATURES), engine.duckdb(step.lake), None
        bands = cast(RiskPolicy, policies.of(RISK)).bands
        with best_effort(lambda reason: context.log.warning(f"No borrower is scored. {reason}")):
            champion = open_live_champion()

        def make(draft: Relation) -> Relation:
            with duckdb.session(readable(step.lake, [features])) as session:
                return score_borrowers(session, draft, champion, bands)

        pinned = champion.sha256 if champion else None
        by_bands = bands.model_dump(mode="json")
        relation = made_by_python(step, duckdb, SCORES, {FEATURES: features}, make, champion=pinned, bands=by_bands)
    return materialize(step, relation, {FEATURES: features}, {"champion": champion.version if champion else "none"})


@described_by(RISK, load_sql_models()[SCORES_BEFORE], [], kinds={"parquet", "table"})
def scores_before(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult[Any]:
    """The scores of the newest run of an earlier day."""
    with asset_step(context, lake, RISK.unchanged) as step:
        duckdb, before = engine.duckdb(step.lake), step.earlier(SCORES, step.as_of - timedelta(days=1))

        def make(draft: Relation) -> Relation:
            with duckdb.session() as session:
                return copy_scores(session, draft, before)

        fingerprint = before.fingerprint if before else None
        relation = made_by_python(step, duckdb, SCORES_BEFORE, {}, make, before=fingerprint)
    return materialize(step, relation, {}, {"as of": str(before.as_of) if before else "none"})


@dg.definitions
def relations() -> dg.Definitions:
    """Events, features, scores, reported risks, and the published file."""
    by_sql = dg.Definitions.merge(*(_relation(key, kind) for key, kind in RELATIONS.items()))
    by_python = dg.Definitions(
        assets=[streamed_events, scores, scores_before],
        asset_checks=[relation_checks(RISK, key) for key in (STREAMED, SCORES, SCORES_BEFORE)],
    )
    file = publication_asset(RISK, FILE, Publication(RISK.name), INPUTS, due_every=timedelta(days=2))
    return dg.Definitions.merge(by_sql, by_python, dg.Definitions(assets=[file]))


@dg.definitions
def models() -> dg.Definitions:
    """The model that learns from these relations, by the policy of all models."""
    return model_definitions(replace(RISK, policy_of="ml"))


def _relation(key: str, kind: Kind) -> dg.Definitions:
    parameters = sorted(load_sql_models()[key].parameters - {AS_OF})
    checks = ACCOUNTED_FOR if key == "risk/set_aside_event" else ()
    relation = sql_relation(RISK, key, kind, parameters=parameters, checks=checks)
    if key not in NOTICES:
        return relation
    return relation.map_asset_specs(func=lambda spec: spec.merge_attributes(metadata={DAILY_NOTICE: NOTICES[key]}))
