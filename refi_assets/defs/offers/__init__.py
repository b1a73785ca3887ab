"""Programs of loan offers: customers are judged, scored, and offered a loan at a price."""

from refi_assets.orchestration.domain import Domain

OFFERS = Domain("offers")
