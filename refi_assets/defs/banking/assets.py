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
from refi_assets.orchestration.sql_assets import Kind, sql_relation
from refi_assets.publishing.publication import Publication
from refi_assets.specs.contracts import quarantine_of
from refi_assets.specs.sql_models import AS_OF, load_sql_models

FILE = "banking/customer_file"

SILVER: dict[str, Kind] = {
    "silver/code": "table",
    "silver/quarantine": "table",
    "silver/district": "table",
    "silver/client": "table",
    "silver/account": "table",
    "silver/disposition": "table",
    "silver/card": "table",
    "silver/loan": "table",
    "silver/order": "table",
    "silver/transaction": "table",
}
GOLD: dict[str, Kind] = {
    "gold/account_day": "table",
    "gold/account_month": "table",
    "gold/customer_loan_summary": "table",
    "gold/loan_cohort": "table",
    "gold/held_product": "table",
    "gold/product_candidate": "table",
    "gold/product_recommendation": "table",
    "gold/recommendation_quality": "table",
    "gold/customer_360": "table",
    "gold/usual_amount": "table",
    "gold/unusual_transaction": "table",
    "gold/compliance_report": "table",
}


@dg.definitions
def bronze() -> dg.Definitions:
    """The sources of contracts/banking/."""
    return in_layer("bronze", source_definitions(BANKING))


@dg.definitions
def silver() -> dg.Definitions:
    """Typed rows that keep the rules of keys, codes and currencies, and those that do not."""
    return in_layer("silver", *(relation_by_sql(key, kind) for key, kind in SILVER.items()))


@dg.definitions
def gold() -> dg.Definitions:
    """What analysts, models and reports read, and the published customers."""
    inputs = (*SILVER, *GOLD, *SCORED, quarantine_of(BANKING.name))
    file = publication_asset(BANKING, FILE, Publication(BANKING.name), inputs, due_every=timedelta(days=2))
    return in_layer("gold", *(relation_by_sql(key, kind) for key, kind in GOLD.items()), dg.Definitions(assets=[file]))


def relation_by_sql(key: str, kind: Kind) -> dg.Definitions:
    """A relation with the parameters that its SQL reads, and its checks."""
    parameters = sorted(load_sql_models()[key].parameters - {AS_OF})
    return sql_relation(BANKING, key, kind, parameters=parameters, checks=ACCOUNTED_FOR.get(key, ()))


def in_layer(layer: str, *definitions: dg.Definitions) -> dg.Definitions:
    """Definitions whose assets are tagged with the layer of a medallion architecture."""
    merged = dg.Definitions.merge(*definitions)
    return merged.map_asset_specs(func=lambda spec: spec.merge_attributes(tags={"refi/layer": layer}))
