"""The banking job, its sensor and its schedule."""

import dagster as dg

from refi_assets.defs.banking import BANKING
from refi_assets.orchestration.automation import automation


@dg.definitions
def banking_automation() -> dg.Definitions:
    """From the source files to the published customers of one as-of day, on arrivals or at four in the morning."""
    return automation(
        BANKING,
        ("silver", "gold", "banking"),
        sensor="banking_arrivals",
        schedule="banking_every_morning",
        cron_schedule="0 4 * * *",
    )
