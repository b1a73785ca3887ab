"""Cases of fraud in the stream of a made-up portfolio: at most one for each borrower."""

from dataclasses import dataclass

import numpy as np

from refi_assets.sample.risk_borrowers import RiskBorrowers, RiskCalendar
from refi_assets.sample.risk_events import (
    MS_OF_DAY,
    PAYEES_OF_BORROWER,
    TRANSACTION,
    RiskEvents,
    all_events,
    events_of,
)
from refi_assets.sample.written_tables import Array

FRAUD_KINDS = ("velocity", "amount", "new_payee")
SHARE_OF_FRAUD = 0.01  # of borrowers, in the days of the stream
_MS_OF_HOUR = 3_600_000


@dataclass(frozen=True)
class FraudCases:
    """The transactions of all cases, each case of a borrower of its own; `kind` is a place in FRAUD_KINDS."""

    events: RiskEvents
    kind: Array


def draw_fraud(rng: np.random.Generator, calendar: RiskCalendar, borrowers: RiskBorrowers) -> FraudCases:
    """Draw bursts of payouts, payouts far beyond the history, and large payouts hours after a payee's first."""
    chosen = np.flatnonzero(rng.uniform(size=len(borrowers)) < SHARE_OF_FRAUD) if calendar.days else np.array([], int)
    kind = rng.permutation(np.arange(len(chosen)) % len(FRAUD_KINDS))
    begins = calendar.stream_from.astype(np.int64) * MS_OF_DAY
    at = begins + rng.integers(_MS_OF_HOUR, max(2, calendar.days * 24 - 7) * _MS_OF_HOUR, len(chosen))
    usual = 0.28 * borrowers.income
    new_payee = borrowers.number * PAYEES_OF_BORROWER + PAYEES_OF_BORROWER // 2

    velocity = chosen[kind == 0]
    burst = np.repeat(np.arange(len(velocity)), rng.integers(9, 15, len(velocity)))
    hurried = velocity[burst]
    small = np.rint(usual[hurried] * rng.uniform(0.05, 0.3, len(hurried)))
    hurried_at = at[kind == 0][burst] + rng.integers(0, _MS_OF_HOUR // 2, len(hurried))
    known_payee = borrowers.number[hurried] * PAYEES_OF_BORROWER + rng.integers(0, 4, len(hurried))

    huge = chosen[kind == 1]
    amount = np.rint(usual[huge] * rng.uniform(20, 40, len(huge)))
    huge_payee = borrowers.number[huge] * PAYEES_OF_BORROWER

    tricked = chosen[kind == 2]
    first = rng.integers(100, 500, len(tricked))
    large = np.maximum(350_000, np.rint(usual[tricked] * rng.uniform(4, 8, len(tricked))))
    first_at = at[kind == 2]
    large_at = first_at + rng.integers(_MS_OF_HOUR, 5 * _MS_OF_HOUR, len(tricked))

    def payouts(places: Array, times: Array, cents: Array, payee: Array) -> RiskEvents:
        return events_of(borrowers.number[places], TRANSACTION, times, -cents, reference=payee)

    parts = [
        payouts(hurried, hurried_at, small, known_payee),
        payouts(huge, at[kind == 1], amount, huge_payee),
        payouts(tricked, first_at, first, new_payee[tricked]),
        payouts(tricked, large_at, large, new_payee[tricked]),
    ]
    return FraudCases(all_events(parts), np.repeat([0, 1, 2, 2], [len(part) for part in parts]))
