"""Borrowers are joined with loans and offers, judged and chosen."""

from refi_assets.orchestration.domain import Domain

REFI = Domain("refi")
