"""Live default risk: events of repayment become features, scores and reported risks."""

from refi_assets.orchestration.domain import Domain

RISK = Domain("risk", unchanged="The last published scores are unchanged.")
