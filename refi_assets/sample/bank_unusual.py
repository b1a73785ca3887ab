"""Unusual transactions of a made-up bank, put in among the others: huge sums, and many payments on one day.

Each is on an account of its own, without a loan, after some months of history.
"""

import numpy as np

from refi_assets.sample.bank_accounts import CZK_OF_EURO, AccountPart, BankCalendar
from refi_assets.sample.bank_movements import KIND_NUMBERS, Movements, movements_of
from refi_assets.sample.bank_purchases import LOAN, ProductPart

REASONS = ("", "amount", "velocity")  # by the number in Movements.unusual
AMOUNT, VELOCITY = 1, 2
SHARE_OF_ACCOUNTS = 0.04
MONTHS_BEFORE = 8


def draw_unusual(
    rng: np.random.Generator, calendar: BankCalendar, accounts: AccountPart, products: ProductPart
) -> list[Movements]:
    """Draw huge sums that come, and go again in cash within three days; and days with 9 to 15 small withdrawals."""
    months = calendar.months - accounts.opened_month - MONTHS_BEFORE - 1  # that are possible
    fits = (months > 0) & ~products.has(LOAN) & ~accounts.is_savings & (accounts.idle_from >= calendar.months)
    chosen = np.flatnonzero(fits & (rng.uniform(size=len(accounts)) < SHARE_OF_ACCOUNTS))
    month = accounts.opened_month[chosen] + MONTHS_BEFORE + rng.integers(0, months[chosen])
    day = calendar.first_day(month) + rng.integers(0, 25, len(chosen))
    is_huge = rng.uniform(size=len(chosen)) < 0.5
    account = chosen[is_huge]
    sums = np.rint(accounts.income[account] * rng.uniform(15, 40, len(account)) / 100).astype(np.int64) * 100
    goes_on = day[is_huge] + rng.integers(1, 4, len(account))
    times = rng.integers(9, 16, len(chosen) - len(account))
    hurried, hurried_on = (np.repeat(values[~is_huge], times) for values in (chosen, day))
    coin = np.where(accounts.is_euro[hurried], 10_000 // CZK_OF_EURO, 10_000)
    small = coin * rng.integers(1, 4, len(hurried))
    return [
        movements_of(account, day[is_huge], sums, KIND_NUMBERS["transfer"], AMOUNT),
        movements_of(account, goes_on, -sums, KIND_NUMBERS["cash"], AMOUNT),
        movements_of(hurried, hurried_on, -small, KIND_NUMBERS["cash"], VELOCITY),
    ]
