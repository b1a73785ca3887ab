"""Assets of the banking domain: bronze are its sources, silver and gold the SQL files in sql/banking/.

The published file is the last asset: nothing is published unless the blocking checks of all others pass.
"""

from datetime import timedelta

import dagster as dg

from refi_assets.banking.loan_scores import SCORED
from refi_assets.defs.banking import BANKING
from refi_assets.defs.banking.checks import ACCOUNTED_FOR
from refi_assets.orchestration.publications import publication_asset
from refi_assets.orchestration.sources import source_definitions
from refi_assets.orchestration.sql_assets import sql_relation
from refi_assets.publishing.publication import Publication
from refi_assets.specs.contracts import quarantine_of
from refi_assets.specs.sql_models import AS_OF, load_sql_models

FILE = "banking/customer_file"

SILVER = (
    "silver/code",
    "silver/quarantine",
    "silver/district",
    "silver/client",
    "silver/account",
    "silver/disposition",
    "silver/card",
    "silver/loan",
    "silver/order",
    "silver/transaction",
)
GOLD = (
    "gold/account_day",
    "gold/account_month",
    "gold/customer_loan_summary",
    "gold/loan_cohort",
    "gold/held_product",
    "gold/product_candidate",
    "gold/product_recommendation",
    "gold/recommendation_quality",
    "gold/customer_360",
    "gold/usual_amount",
    "gold/unusual_transaction",
    "gold/compliance_report",
)


@dg.definitions
def bronze() -> dg.Definitions:
    """The sources of contracts/banking/."""
    return in_layer("bronze", source_definitions(BANKING))


@dg.definitions
def silver() -> dg.Definitions:
    """Typed rows that keep the rules of keys, codes and currencies, and those that do not."""
    return in_layer("silver", *map(relation_by_sql, SILVER))


@dg.definitions
def gold() -> dg.Definitions:
    """What analysts, models and reports read, and the published customers."""
    inputs = (*SILVER, *GOLD, *SCORED, quarantine_of(BANKING.name))
    file = publication_asset(BANKING, FILE, Publication(BANKING.name), inputs, due_every=timedelta(days=2))
    return in_layer("gold", *map(relation_by_sql, GOLD), dg.Definitions(assets=[file]))


def relation_by_sql(key: str) -> dg.Definitions:
    """A table with the parameters that its SQL reads, and its checks."""
    parameters = sorted(load_sql_models()[key].parameters - {AS_OF})
    return sql_relation(BANKING, key, "table", parameters=parameters, checks=ACCOUNTED_FOR.get(key, ()))


def in_layer(layer: str, *definitions: dg.Definitions) -> dg.Definitions:
    """Definitions whose assets are tagged with the layer of a medallion architecture."""
    merged = dg.Definitions.merge(*definitions)
    return merged.map_asset_specs(func=lambda spec: spec.merge_attributes(tags={"refi/layer": layer}))
