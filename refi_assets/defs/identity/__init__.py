"""Records of borrowers are matched and resolved to persons."""

from refi_assets.orchestration.domain import Domain

IDENTITY = Domain("identity", policy_of="refi")
