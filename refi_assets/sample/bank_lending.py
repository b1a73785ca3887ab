"""Loans of a made-up bank: their terms, and whether they default, which depends on the account's months before.

The chance depends on nothing but the six complete months before the month in which a loan is granted (LOAN_DRIVERS), so
the best possible ROC-AUC of a model is known. After a default, money that was to repay the loan is spent in cash.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from refi_assets.sample.bank_accounts import AccountPart, BankCalendar
from refi_assets.sample.bank_files import BankCells, CodedTexts
from refi_assets.sample.bank_movements import KINDS, MonthlyBills, Movements
from refi_assets.sample.bank_purchases import LOAN, NEVER, ProductPart
from refi_assets.sample.written_tables import Array, Columns

DURATIONS = (12, 24, 36, 48, 60)
WINDOW = 6  # months
# Change of the log-odds of default for one more unit of a driver, and the value at which it changes nothing.
LOAN_DRIVERS: Mapping[str, tuple[float, float]] = {
    "days_below_zero": (0.04, 5.0),
    "balance_change": (-1.0, 0.0),
    "inflow_variation": (5.0, 0.15),
    "payment_to_inflow": (6.0, 0.18),
}
BASE_LOG_ODDS_OF_LOAN = -2.4
STATUSES = ("A", "B", "C", "D")
ENDED_PAID, ENDED_UNPAID, RUNNING, IN_DEBT = range(4)


@dataclass(frozen=True)
class LoanPart:
    """Loans by account: arrays by loan, of which `account` is the place. `missed_from` is a month, NEVER for none."""

    account: Array
    granted_on: Array
    duration: Array
    drivers: dict[str, Array]
    probability: Array
    defaulted: Array
    missed_from: Array
    first_missed_on: Array  # NaT if no payment is missed
    status: Array  # on the as-of day


def draw_durations(rng: np.random.Generator, accounts: AccountPart) -> Array:
    """The months that a loan on each account would run."""
    return rng.choice(DURATIONS, len(accounts))


def draw_loans(
    rng: np.random.Generator,
    calendar: BankCalendar,
    products: ProductPart,
    bills: MonthlyBills,
    durations: Array,
    movements: Movements,
) -> LoanPart:
    """The loans of some accounts; whether each defaults, and its status on the as-of day."""
    account = np.flatnonzero(products.has(LOAN))
    month = products.bought_month[account, LOAN]
    drivers = loan_drivers(calendar, movements, account, month, bills.amount[account, LOAN])
    log_odds = np.full(len(account), BASE_LOG_ODDS_OF_LOAN)
    for name, (weight, neutral_at) in LOAN_DRIVERS.items():
        log_odds += weight * (drivers[name] - neutral_at)
    probability = 1 / (1 + np.exp(-log_odds))
    defaulted = rng.uniform(size=len(account)) < probability
    missed_from = np.where(defaulted, month + rng.integers(1, 7, len(account)), NEVER)
    due = calendar.first_day(np.where(defaulted, missed_from, 0)) + bills.day[account, LOAN]
    first_missed_on = np.where(defaulted, due, np.datetime64("NaT"))
    has_ended = calendar.first_day(month + durations[account]) + bills.day[account, LOAN] <= calendar.as_of
    is_seen = defaulted & (first_missed_on <= calendar.as_of)
    status = np.where(has_ended, np.where(is_seen, ENDED_UNPAID, ENDED_PAID), np.where(is_seen, IN_DEBT, RUNNING))
    granted_on = products.bought_on[account, LOAN]
    return LoanPart(
        account,
        granted_on,
        durations[account],
        drivers,
        probability,
        defaulted,
        missed_from,
        first_missed_on,
        status,
    )


def loan_drivers(
    calendar: BankCalendar, movements: Movements, account: Array, month: Array, payment: Array
) -> dict[str, Array]:
    """Facts about accounts in the six complete months before a month each.

    `days_below_zero` counts days by their last balance. `balance_change`, from the first month's end to the last one's,
    and `payment_to_inflow` are in mean monthly inflows. `inflow_variation` is the standard deviation of the months'
    inflows as a share of their mean.
    """
    loan_of_account = np.full(int(movements.account.max(initial=-1)) + 1, -1)
    loan_of_account[account] = np.arange(len(account))
    loan = loan_of_account[movements.account]
    number_in_window = calendar.month_of(movements.day) - (month[loan] - WINDOW)
    is_inflow = (loan >= 0) & (number_in_window >= 0) & (number_in_window < WINDOW) & (movements.cents > 0)
    place = loan[is_inflow] * WINDOW + number_in_window[is_inflow]
    inflow = np.bincount(place, movements.cents[is_inflow], len(account) * WINDOW).reshape(len(account), WINDOW)
    mean = inflow.mean(axis=1)
    day, balance = movements.day.astype("datetime64[D]").astype(np.int64), movements.balance
    begins, ends = (calendar.first_day(month - back).astype("datetime64[D]").astype(np.int64) for back in (WINDOW, 0))
    is_last_of_day = np.append((np.diff(movements.account) != 0) | (np.diff(day) != 0), True)
    at = np.flatnonzero((loan >= 0) & is_last_of_day)
    follows = np.append(np.diff(loan[at]) == 0, False)
    until = np.where(follows, np.append(day[at][1:], 0), np.iinfo(np.int64).max)
    within = np.minimum(until, ends[loan[at]]) - np.maximum(day[at], begins[loan[at]])
    below = np.where(balance[at] < 0, np.maximum(within, 0), 0)
    key = movements.account.astype(np.int64) << 32 | day

    def closing(month_number: Array) -> Array:
        last = calendar.last_day(month_number).astype("datetime64[D]").astype(np.int64)
        return balance[np.searchsorted(key, account.astype(np.int64) << 32 | last, side="right") - 1]

    return {
        "days_below_zero": np.bincount(loan[at], below, len(account)),
        "balance_change": (closing(month - 1) - closing(month - WINDOW)) / mean,
        "inflow_variation": inflow.std(axis=1) / mean,
        "payment_to_inflow": payment / mean,
    }


def without_missed_payments(calendar: BankCalendar, loans: LoanPart, movements: Movements) -> Movements:
    """The movements, of which payments that are missed go out in cash instead."""
    names = list(KINDS)
    missed_from = np.full(int(movements.account.max(initial=-1)) + 1, NEVER)
    missed_from[loans.account] = loans.missed_from
    is_missed = (movements.kind == names.index("loan")) & (
        calendar.month_of(movements.day) >= missed_from[movements.account]
    )
    kinds = np.where(is_missed, names.index("cash"), movements.kind).astype("int8")
    return Movements(movements.account, movements.day, movements.cents, kinds, movements.unusual)


def loan_cells(accounts: AccountPart, bills: MonthlyBills, loans: LoanPart, loan_id: Array) -> dict[str, BankCells]:
    """Rows of the source loan."""
    payment = bills.amount[loans.account, LOAN]
    return {
        "loan_id": loan_id,
        "account_id": accounts.account_id[loans.account],
        "granted_on": loans.granted_on,
        "amount": payment * loans.duration,
        "duration_months": loans.duration,
        "monthly_payment": payment,
        "status": CodedTexts(loans.status, STATUSES),
        "currency": accounts.currency(loans.account),
    }


def loan_columns(loans: LoanPart, loan_id: Array) -> Columns:
    """What is true of each loan, also if its status does not show it yet."""
    return {
        "loan_id": loan_id,
        "probability": loans.probability,
        "defaulted": loans.defaulted.astype(int),
        "first_missed_on": loans.first_missed_on,
        **loans.drivers,
    }
