"""The refi job, its sensor and its schedule."""

import dagster as dg

from refi_assets.defs.refi import REFI
from refi_assets.identity.settings import IdentitySettings
from refi_assets.orchestration.automation import automation
from refi_assets.settings import settings_of


@dg.definitions
def refi_automation() -> dg.Definitions:
    """From the source files to the published audience of one as-of day, on arrivals or at six in the morning."""
    identity = ("identity",) if settings_of(IdentitySettings).is_matching_on else ()
    return automation(
        REFI,
        (*identity, "refi", "activation"),
        sensor="arrivals",
        schedule="every_morning",
        cron_schedule="0 6 * * *",
    )
