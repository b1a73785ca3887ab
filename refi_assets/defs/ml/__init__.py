"""Features of customers, and the models that learn from them."""

from refi_assets.orchestration.domain import Domain

ML = Domain("ml")
