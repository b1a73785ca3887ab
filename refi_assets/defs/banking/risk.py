"""The risk of loans: the features of a model of defaults, the model, its scores, and how many customers are at risk.

The SQL is in sql/banking/gold/, the model in policies/ml/models/loan_default.yaml.
"""

from dataclasses import replace
from typing import Any

import dagster as dg

from refi_assets.banking.loan_scores import FEATURES, RISK, SCORES, open_champion, score_loans
from refi_assets.defs.banking import BANKING
from refi_assets.defs.banking.assets import in_layer, relation_by_sql
from refi_assets.errors import best_effort
from refi_assets.lake import Relation
from refi_assets.lake.relations import readable
from refi_assets.orchestration.alert_sensor import DAILY_NOTICE
from refi_assets.orchestration.asset_checks import relation_checks
from refi_assets.orchestration.models import model_definitions
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.orchestration.sql_assets import described_by, made_by_python, materialize
from refi_assets.orchestration.steps import asset_step
from refi_assets.specs.sql_models import load_sql_models


@described_by(BANKING, load_sql_models()[SCORES], [FEATURES], kinds={"scikitlearn", "mlflow", "table"})
def loan_score(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult[Any]:
    """Without a champion, or if the registry is away, no loan is scored, and a warning says why."""
    with asset_step(context, lake, BANKING.unchanged) as step:
        features, duckdb = step.input(FEATURES), engine.duckdb(step.lake)
        champion = None
        with best_effort(lambda reason: context.log.warning(f"No loan is scored. {reason}")):
            champion = open_champion()

        def make(draft: Relation) -> Relation:
            with duckdb.session(readable(step.lake, [features])) as session:
                return score_loans(session, draft, champion.model if champion else None)

        pinned = champion.sha256 if champion else None
        relation = made_by_python(step, duckdb, SCORES, {FEATURES: features}, make, champion=pinned)
    return materialize(step, relation, {FEATURES: features}, {"champion": champion.version if champion else "none"})


@dg.definitions
def loan_risk() -> dg.Definitions:
    """What is known of loans before they were granted, their scores, and the running loans by risk."""
    bands = relation_by_sql(RISK).map_asset_specs(
        func=lambda spec: spec.merge_attributes(metadata={DAILY_NOTICE: "high_risk_customers"})
    )
    scores = dg.Definitions(assets=[loan_score], asset_checks=[relation_checks(BANKING, SCORES)])
    return in_layer("gold", relation_by_sql(FEATURES), scores, bands)


@dg.definitions
def models() -> dg.Definitions:
    """The models that learn from these relations, by the policy of all models."""
    return model_definitions(replace(BANKING, policy_of="ml"))
