"""Assets of the refi domain: its sources, and one SQL file a relation. What they mean is in sql/refi/."""

import dagster as dg

from refi_assets.defs.refi import REFI, checks
from refi_assets.identity import PERSONS
from refi_assets.identity.settings import IdentitySettings
from refi_assets.orchestration.sources import source_definitions
from refi_assets.orchestration.sql_assets import sql_relation
from refi_assets.settings import settings_of


@dg.definitions
def sources() -> dg.Definitions:
    """What the contracts in contracts/refi/ describe."""
    return source_definitions(REFI)


@dg.definitions
def relations() -> dg.Definitions:
    """Every offer judged, the unified view, who is missing from it, everyone judged, and who was chosen."""
    persons = () if settings_of(IdentitySettings).is_matching_on else (PERSONS,)
    return dg.Definitions.merge(
        sql_relation(
            REFI,
            "refi/judged_offer",
            kind="kept view",
            parameters=("eligibility", "tiers"),
            checks=checks.OF_JUDGED_OFFERS,
        ),
        sql_relation(REFI, "refi/unified_refi_dataset", kind="view", checks=checks.OF_UNIFIED_DATASET),
        sql_relation(REFI, "refi/unmatched_borrowers", kind="table", checks=checks.OF_UNMATCHED_BORROWERS),
        sql_relation(REFI, "refi/refi_eligibility", kind="view", parameters=("letters_per_loan",)),
        sql_relation(REFI, "refi/refi_audience", kind="table", inlined=persons, checks=checks.OF_AUDIENCE),
    )
