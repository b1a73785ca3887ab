"""Assets of the refi group: one SQL file each. What they mean is in sql/refi/."""

import dagster as dg

from refi_assets.orchestration.sql_assets import sql_asset


@dg.definitions
def refi_assets() -> dg.Definitions:
    """The unified view, who is missing from it, everyone judged, and who was chosen."""
    return dg.Definitions(
        assets=[
            sql_asset("refi/unified_refi_dataset", kind="view"),
            sql_asset("refi/unmatched_borrowers", kind="table"),
            sql_asset("refi/refi_eligibility", kind="table"),
            sql_asset("refi/refi_audience", kind="table"),
        ]
    )
