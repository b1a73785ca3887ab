"""Everything that leaves the platform."""

from refi_assets.orchestration.domain import Domain

ACTIVATION = Domain("activation", policy_of="refi")
