"""Loans of a made-up bank: their terms, and whether they default, which depends on the account's months before.

The chance depends on nothing but the twelve months before the month in which a loan is granted (LOAN_DRIVERS), so the
best possible ROC-AUC of a model is known. After a default, money that was to repay the loan is spent in cash.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from refi_assets.sample.bank_accounts import AccountPart, BankCalendar
from refi_assets.sample.bank_files import BankCells, CodedTexts
from refi_assets.sample.bank_movements import KIND_NUMBERS, Movements
from refi_assets.sample.bank_purchases import LOAN, NEVER, ProductPart
from refi_assets.sample.written_tables import Array, Columns

DURATIONS = (12, 24, 36, 48, 60)
MONTHS_OF_DRIVERS = 12
# Change of the log-odds of default for one more unit of a driver, and the value at which it changes nothing.
LOAN_DRIVERS: Mapping[str, tuple[float, float]] = {
    "days_below_zero": (0.025, 10.0),
    "balance_trend": (-0.3, 0.0),
    "inflow_variation": (4.0, 0.3),
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
    status: Array  # on the as-of day, a place in STATUSES

    @property
    def is_seen_to_default(self) -> Array:
        """Whether the status says that a loan defaulted."""
        is_bad: Array = np.isin(self.status, (ENDED_UNPAID, IN_DEBT))
        return is_bad


def draw_durations(rng: np.random.Generator, accounts: AccountPart) -> Array:
    """The months that a loan on each account would run."""
    return rng.choice(DURATIONS, len(accounts))


def draw_loans(
    rng: np.random.Generator,
    calendar: BankCalendar,
    accounts: AccountPart,
    products: ProductPart,
    bills: Array,
    durations: Array,
    movements: Movements,
) -> LoanPart:
    """The loans of some accounts; whether each defaults, and its status on the as-of day."""
    account = np.flatnonzero(products.has(LOAN))
    month = products.bought_month[account, LOAN]
    opened_month, payment = accounts.opened_month[account], bills[account, LOAN]
    drivers = loan_drivers(calendar, movements, account, opened_month, month, payment)
    log_odds = np.full(len(account), BASE_LOG_ODDS_OF_LOAN)
    for name, (weight, neutral_at) in LOAN_DRIVERS.items():
        log_odds += weight * (drivers[name] - neutral_at)
    probability = 1 / (1 + np.exp(-log_odds))
    defaulted = rng.uniform(size=len(account)) < probability
    missed_from = np.where(defaulted, month + rng.integers(1, 7, len(account)), NEVER)
    day_of_month = products.day[account, LOAN]
    due = calendar.first_day(np.where(defaulted, missed_from, 0)) + day_of_month
    first_missed_on = np.where(defaulted, due, np.datetime64("NaT"))
    has_ended = calendar.first_day(month + durations[account]) + day_of_month <= calendar.as_of
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
    calendar: BankCalendar, movements: Movements, account: Array, opened_month: Array, month: Array, payment: Array
) -> dict[str, Array]:
    """Facts about the newest twelve months of accounts before a month each, fewer if an account is younger.

    `days_below_zero` counts days by their last balance. `balance_trend` is the mean closing balance of the newest three
    months less that of all, in payments of the loan. `inflow_variation` is the sample's standard deviation over the
    mean, and `payment_to_inflow` the payment over the mean, of a month's inflow.
    """
    loan_of_account = np.full(int(movements.account.max(initial=-1)) + 1, -1)
    loan_of_account[account] = np.arange(len(account))
    has_loan = loan_of_account[movements.account] >= 0
    of_loans, balance = movements.at(has_loan), movements.balance[has_loan]
    loan = loan_of_account[of_loans.account]
    window = month[:, None] - MONTHS_OF_DRIVERS + np.arange(MONTHS_OF_DRIVERS)
    is_open = window >= opened_month[:, None]
    months = is_open.sum(axis=1)
    number = calendar.month_of(of_loans.day) - window[loan, 0]
    is_inflow = (number >= 0) & (number < MONTHS_OF_DRIVERS) & (of_loans.cents > 0)
    place = loan[is_inflow] * MONTHS_OF_DRIVERS + number[is_inflow]
    inflow = np.bincount(place, of_loans.cents[is_inflow], window.size).reshape(window.shape)
    mean = inflow.sum(axis=1) / months
    deviation = np.sqrt((((inflow - mean[:, None]) ** 2) * is_open).sum(axis=1) / (months - 1))
    day, next_month = _day_number(of_loans.day), _day_number(calendar.first_day(window + 1))
    at = np.searchsorted(loan << 32 | day, np.arange(len(account))[:, None] << 32 | next_month) - 1
    closing = np.where(is_open, balance[at], 0)
    begins = _day_number(calendar.first_day(window[:, 0]))
    return {
        "days_below_zero": _days_below_zero(loan, day, balance, begins, next_month[:, -1]),
        "balance_trend": (closing[:, -3:].sum(axis=1) / 3 - closing.sum(axis=1) / months) / payment,
        "inflow_variation": deviation / mean,
        "payment_to_inflow": payment / mean,
    }


def _days_below_zero(loan: Array, day: Array, balance: Array, begins: Array, ends: Array) -> Array:
    """Days of each loan from one day to another that end below zero; a balance holds until the next movement."""
    is_last_of_day = np.append((np.diff(loan) != 0) | (np.diff(day) != 0), True)
    loan, day, balance = loan[is_last_of_day], day[is_last_of_day], balance[is_last_of_day]
    is_next_of_same = np.append(np.diff(loan) == 0, False)
    until = np.where(is_next_of_same, np.append(day[1:], 0), np.iinfo(np.int64).max)
    days = np.minimum(until, ends[loan]) - np.maximum(day, begins[loan])
    return np.bincount(loan, np.where(balance < 0, np.maximum(days, 0), 0), len(begins))


def _day_number(days: Array) -> Array:
    """Days since 1970."""
    numbers: Array = days.astype("datetime64[D]").astype(np.int64)
    return numbers


def without_missed_payments(calendar: BankCalendar, loans: LoanPart, movements: Movements) -> Movements:
    """The movements, of which payments that are missed go out in cash instead."""
    missed_from = np.full(int(movements.account.max(initial=-1)) + 1, NEVER)
    missed_from[loans.account] = loans.missed_from
    is_late = calendar.month_of(movements.day) >= missed_from[movements.account]
    is_missed = is_late & (movements.kind == KIND_NUMBERS["loan"])
    return replace(movements, kind=np.where(is_missed, KIND_NUMBERS["cash"], movements.kind).astype("int8"))


def loan_cells(accounts: AccountPart, bills: Array, loans: LoanPart, loan_id: Array) -> dict[str, BankCells]:
    """Rows of the source loan."""
    payment = bills[loans.account, LOAN]
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
