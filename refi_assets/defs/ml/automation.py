"""The ml job, its sensor and its schedule."""

import dagster as dg

from refi_assets.defs.ml import ML
from refi_assets.orchestration.automation import automation


@dg.definitions
def ml_automation() -> dg.Definitions:
    """From the source files to the published features of one as-of day, on arrivals or at five in the morning."""
    return automation(ML, ("ml",), sensor="ml_arrivals", schedule="ml_every_morning", cron_schedule="0 5 * * *")
