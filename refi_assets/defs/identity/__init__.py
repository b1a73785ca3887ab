"""Who is who among the borrowers."""

from refi_assets.orchestration.domain import Domain

IDENTITY = Domain("identity", policy_of="refi")
