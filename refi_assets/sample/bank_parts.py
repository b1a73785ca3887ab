"""A part of a made-up bank, drawn: some clients with all that happens to their accounts."""

from dataclasses import dataclass

import numpy as np

from refi_assets.sample.bank_accounts import AccountPart, BankCalendar, draw_accounts
from refi_assets.sample.bank_lending import LoanPart, draw_durations, draw_loans, without_missed_payments
from refi_assets.sample.bank_movements import Movements, draw_bills, draw_movements, joined
from refi_assets.sample.bank_purchases import ProductPart, draw_products
from refi_assets.sample.bank_unusual import draw_unusual
from refi_assets.sample.written_tables import Array


@dataclass(frozen=True)
class BankPart:
    """Accounts, their products, what each product costs a month in cents, their transactions by day, and loans."""

    accounts: AccountPart
    products: ProductPart
    bills: Array
    movements: Movements
    loans: LoanPart


def draw_bank_part(
    rng: np.random.Generator,
    calendar: BankCalendar,
    clients: int,
    *,
    first_client: int,
    first_account: int,
    has_euro: bool,
) -> BankPart:
    """Draw some clients. Whether a loan defaults depends on the account's transactions before it."""
    accounts = draw_accounts(
        rng, calendar, clients, first_client=first_client, first_account=first_account, has_euro=has_euro
    )
    products = draw_products(rng, calendar, accounts)
    bills, durations = draw_bills(rng, accounts), draw_durations(rng, accounts)
    usual = draw_movements(rng, calendar, accounts, products, bills, durations)
    movements = joined([*usual, *draw_unusual(rng, calendar, accounts, products)])
    loans = draw_loans(rng, calendar, accounts, products, bills, durations, movements)
    return BankPart(accounts, products, bills, without_missed_payments(calendar, loans, movements), loans)
