"""Assets of the offers domain that all programs share: the person of each customer."""

import dagster as dg

from refi_assets.defs.offers import OFFERS
from refi_assets.orchestration.sql_assets import sql_relation


@dg.definitions
def persons() -> dg.Definitions:
    """The person of each customer record."""
    return sql_relation(OFFERS, "offers/person", kind="view")
