"""The risk job, its sensor and its schedule."""

import dagster as dg

from refi_assets.defs.risk import RISK
from refi_assets.orchestration.automation import automation


@dg.definitions
def risk_automation() -> dg.Definitions:
    """From the events to the published scores of one as-of day, on arrivals or at one in the morning."""
    return automation(RISK, ("risk",), sensor="risk_arrivals", schedule="risk_every_night", cron_schedule="0 1 * * *")
