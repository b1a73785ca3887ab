"""The sources of contracts/offers/. One of them is our own: offer_log, written by refi_assets/offers/own_log.py."""

import dagster as dg

from refi_assets.defs.offers import OFFERS
from refi_assets.offers.own_log import OFFER_LOG, put_offer_log
from refi_assets.orchestration.sources import source_definitions

# Sources of the models' history alone. Programs run without them, so the domain's quarantine does not wait for them.
HISTORY = ("application_history", "loan_history")


@dg.definitions
def sources() -> dg.Definitions:
    """Customers, preferences, offers, and the history from which models learn."""
    return source_definitions(OFFERS, apart=HISTORY, own_records={OFFER_LOG: put_offer_log})
