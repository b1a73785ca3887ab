"""Borrowers joined, judged and chosen."""

from refi_assets.orchestration.domain import Domain

REFI = Domain("refi")
