"""A bank's customers, accounts, loans and transactions, from raw files to tables for analysts."""

from refi_assets.orchestration.domain import Domain

BANKING = Domain("banking", unchanged="The last published customers are unchanged.")
