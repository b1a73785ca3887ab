"""Assets of the refi domain: its sources, and one relation for each SQL file in sql/refi/."""

import dagster as dg

from refi_assets.defs.refi import REFI, checks
from refi_assets.identity import PERSONS
from refi_assets.identity.settings import IdentitySettings
from refi_assets.orchestration.sources import source_definitions
from refi_assets.orchestration.sql_assets import sql_relation
from refi_assets.settings import settings_of


@dg.definitions
def sources() -> dg.Definitions:
    """The sources of contracts/refi/."""
    return source_definitions(REFI)


@dg.definitions
def relations() -> dg.Definitions:
    """From judged offers over the unified view and the borrowers that it lacks to the audience."""
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
