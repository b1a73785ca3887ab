"""The models of the offers domain, the relations that they learn from, and the watch over their champions."""

from dataclasses import replace

import dagster as dg

from refi_assets.defs.offers import OFFERS
from refi_assets.orchestration.models import model_definitions
from refi_assets.orchestration.sql_assets import sql_relation


@dg.definitions
def training_relations() -> dg.Definitions:
    """Past applications and loans with what was known on the day of the decision."""
    return dg.Definitions.merge(
        sql_relation(OFFERS, "offers/approval_decisions", kind="table"),
        sql_relation(OFFERS, "offers/loan_outcomes", kind="table"),
    )


@dg.definitions
def models() -> dg.Definitions:
    """The models of policies/ml/models/ that learn from these relations, by the policy of all models."""
    return model_definitions(replace(OFFERS, policy_of="ml"))
