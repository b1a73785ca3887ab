"""Programs of loan offers: customers are judged, scored, and offered a loan at a price."""

from refi_assets.orchestration.domain import OFFERS_UNCHANGED, Domain

OFFERS = Domain("offers", unchanged=OFFERS_UNCHANGED)
