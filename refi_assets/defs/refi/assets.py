"""Assets of the refi domain: its sources, and one SQL file a relation. What they mean is in sql/refi/."""

import dagster as dg

from refi_assets.defs.refi import REFI
from refi_assets.orchestration.sources import source_definitions
from refi_assets.orchestration.sql_assets import sql_asset


@dg.definitions
def sources() -> dg.Definitions:
    """What the contracts in contracts/refi/ describe."""
    return source_definitions(REFI)


@dg.definitions
def relations() -> dg.Definitions:
    """Every offer judged, the unified view, who is missing from it, everyone judged, and who was chosen."""
    return dg.Definitions(
        assets=[
            sql_asset(REFI, "refi/judged_offer", kind="kept view", parameters=("eligibility", "tiers")),
            sql_asset(REFI, "refi/unified_refi_dataset", kind="view"),
            sql_asset(REFI, "refi/unmatched_borrowers", kind="table"),
            sql_asset(REFI, "refi/refi_eligibility", kind="view", parameters=("letters_per_loan",)),
            sql_asset(REFI, "refi/refi_audience", kind="table"),
        ]
    )
