"""All that the API serves, and what decides who may ask."""

from dataclasses import dataclass

from refi_assets.api.authorization import Authorizer
from refi_assets.api.champions import Champions
from refi_assets.api.customer_features import Customers
from refi_assets.api.event_writer import EventWriter
from refi_assets.api.live_decisions import LiveBorrowers
from refi_assets.api.scored_programs import ScoredPrograms
from refi_assets.api.served_offers import ServedOffers


@dataclass(frozen=True)
class Served:
    """The parts of an app. What they have in memory, they follow in threads of their own while the app runs."""

    champions: Champions
    customers: Customers
    programs: ScoredPrograms
    offers: ServedOffers
    writer: EventWriter
    borrowers: LiveBorrowers
    authorizer: Authorizer
