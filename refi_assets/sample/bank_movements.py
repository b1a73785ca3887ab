"""Transactions of a made-up bank, in parts: what comes in and goes out, month by month, and the balances.

In each month, income comes first by date or not; bills are paid, and what is left above the account's target is spent
in cash and by card. Unusual movements are put in afterwards; each balance is the sum of the movements up to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from refi_assets.sample.bank_accounts import (
    BY_TRANSFER,
    CZK_OF_EURO,
    IN_CASH,
    PENSION,
    AccountPart,
    BankCalendar,
)
from refi_assets.sample.bank_files import EMPTY_CELL, BankCells, CodedTexts
from refi_assets.sample.bank_purchases import CARD, HOUSEHOLD, INSURANCE, LOAN, NEVER, ProductPart
from refi_assets.sample.written_tables import Array


class MovementKind(NamedTuple):
    """The words of a kind of transaction, and whether another account is its partner."""

    direction: str
    operation: str
    purpose: str
    has_partner: bool = False


IN, OUT, OUT_IN_CASH = "PRIJEM", "VYDAJ", "VYBER"
KINDS = {
    "deposit": MovementKind(IN, "VKLAD", ""),
    "transfer": MovementKind(IN, "PREVOD Z UCTU", "", True),
    "pension": MovementKind(IN, "PREVOD Z UCTU", "DUCHOD", True),
    "interest": MovementKind(IN, "", "UROK"),
    "household": MovementKind(OUT, "PREVOD NA UCET", "SIPO", True),
    "insurance": MovementKind(OUT, "PREVOD NA UCET", "POJISTNE", True),
    "loan": MovementKind(OUT, "PREVOD NA UCET", "UVER", True),
    "cash": MovementKind(OUT, "VYBER", ""),
    "cash_by_old_code": MovementKind(OUT_IN_CASH, "VYBER", ""),
    "card": MovementKind(OUT, "VYBER KARTOU", ""),
    "fee": MovementKind(OUT, "VYBER", "SLUZBY"),
    "penalty": MovementKind(OUT, "VYBER", "SANKC. UROK"),
}
_NUMBER = {name: number for number, name in enumerate(KINDS)}
_BANKS = ("", *("AB", "CD", "EF", "GH", "IJ", "KL", "MN", "OP", "QR", "ST", "UV", "WX", "YZ"))
_SPENT_IN_MONTH = (0.92, 0.96, 1, 1, 1, 1.03, 1.08, 1.08, 1, 1, 1.02, 1.2)  # January first
_BONUS_IN_DECEMBER = 1.3
_CASH_TIMES, _CARD_TIMES = (2, 4), (1, 3)  # fewest and most, in a month
HISTORY_BEFORE_UNUSUAL = 8  # months
HUGE, BURST = "amount", "velocity"


@dataclass(frozen=True)
class Movements:
    """Transactions: `account` is a place; `cents` are negative if money goes out; `unusual` is a place in UNUSUAL."""

    account: Array
    day: Array
    cents: Array
    kind: Array
    unusual: Array

    def __len__(self) -> int:
        return len(self.account)

    def at(self, places: Array) -> "Movements":
        """The movements at some places."""
        return Movements(*(getattr(self, item.name)[places] for item in fields(self)))

    @property
    def balance(self) -> Array:
        """The balance after each movement, of movements that are ordered by account."""
        total = np.cumsum(self.cents)
        begins = np.flatnonzero(np.diff(self.account, prepend=-1))
        before = (total - self.cents)[begins]
        balances: Array = total - np.repeat(before, np.diff(begins, append=len(self)))
        return balances


UNUSUAL = ("", HUGE, BURST)


def joined(movements: Iterable[Movements]) -> Movements:
    """All movements, by account and day; those of a day in the order in which they come."""
    parts = list(movements)
    together = Movements(*(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Movements)))
    return together.at(np.lexsort((together.day, together.account)))


@dataclass(frozen=True)
class MonthlyBills:
    """What an account pays every month for a product, in cents, and on which day of the month."""

    amount: Array  # of accounts and products
    day: Array


def draw_bills(rng: np.random.Generator, accounts: AccountPart) -> MonthlyBills:
    """Draw the monthly payments, in whole crowns or euros."""
    shares = {HOUSEHOLD: (0.08, 0.25), INSURANCE: (0.01, 0.06), CARD: (0, 0), LOAN: (0.06, 0.3)}
    amounts = np.stack([accounts.income * rng.uniform(*shares[place], len(accounts)) for place in sorted(shares)], 1)
    whole = np.maximum(1, np.rint(amounts / 100)).astype(np.int64) * 100
    return MonthlyBills(whole, rng.integers(0, 28, whole.shape))


def draw_movements(
    rng: np.random.Generator,
    calendar: BankCalendar,
    accounts: AccountPart,
    products: ProductPart,
    bills: MonthlyBills,
    loan_until: Array,
) -> Movements:
    """Draw the movements up to the as-of day; `loan_until` is the month of the last payment of each account's loan."""
    month_by_month = _MonthByMonth(rng, calendar, accounts, products, bills, loan_until)
    for month in range(calendar.months):
        month_by_month.add(month)
    return joined([*month_by_month.parts, *_unusual(rng, calendar, accounts, products)])


class _MonthByMonth:
    """The movements of month after month, of which each depends on the balance that the one before left."""

    def __init__(
        self,
        rng: np.random.Generator,
        calendar: BankCalendar,
        accounts: AccountPart,
        products: ProductPart,
        bills: MonthlyBills,
        loan_until: Array,
    ) -> None:
        self._rng, self._calendar, self._accounts = rng, calendar, accounts
        self._products, self._bills, self._loan_until = products, bills, loan_until
        self.parts: list[Movements] = []
        self._balance = np.zeros(len(accounts), np.int64)
        self._coin = np.where(accounts.is_euro, 1000, 10_000)  # cash comes in tens of euros or hundreds of crowns
        self._income_day = rng.integers(4, 14, len(accounts))
        self._income_kind = np.full(len(accounts), _NUMBER["transfer"])
        self._income_kind[accounts.income_kind == PENSION] = _NUMBER["pension"]
        self._income_kind[accounts.income_kind == IN_CASH] = _NUMBER["deposit"]
        self._fee = np.where(accounts.is_euro, 60, np.where(rng.uniform(size=len(accounts)) < 0.1, 3000, 1460))

    def add(self, month: int) -> None:
        accounts, first = self._accounts, self._calendar.first_day(month)
        opens = accounts.opened_month == month
        deposit = self._coin * self._rng.integers(2, 12, len(accounts))
        self._move(opens, accounts.opened_on, deposit, _NUMBER["deposit"])
        is_active = (accounts.opened_month < month) & ~accounts.is_idle(month)
        before = self._balance.copy()
        income = self._income(month)
        self._move(is_active, first + self._income_day, income, self._income_kind)
        billed = self._pay_bills(month, is_active)
        season = _SPENT_IN_MONTH[(first.astype("datetime64[M]").astype(int)) % 12]
        above = before + accounts.income - accounts.target
        budget = season * (accounts.income + 0.4 * (above - accounts.income)) - billed
        least = np.where(accounts.is_savings, 0, 0.08 * accounts.income)
        self._spend(month, is_active, np.clip(budget, least, 2.5 * accounts.income))
        last = np.broadcast_to(self._calendar.last_day(month), len(accounts))
        is_listed = is_active | (opens & ~accounts.is_idle(month))
        interest = np.rint(np.maximum(self._balance, 0) * 0.002).astype(np.int64)
        penalty = np.rint(np.minimum(self._balance, 0) * 0.01).astype(np.int64)
        self._move(is_listed & (interest > 0), last, interest, _NUMBER["interest"])
        self._move(is_listed & (penalty < 0), last, penalty, _NUMBER["penalty"])
        self._move(is_active, last, -self._fee, _NUMBER["fee"])

    def _income(self, month: int) -> Array:
        accounts = self._accounts
        lost = (accounts.no_income_from <= month) & (month < accounts.no_income_from + 3)
        is_december = self._calendar.first_day(month).astype("datetime64[M]").astype(int) % 12 == 11
        bonus = np.where(is_december & (accounts.income_kind == BY_TRANSFER), _BONUS_IN_DECEMBER, 1)
        noise = np.exp(accounts.swing * self._rng.normal(size=len(accounts)))
        cents: Array = np.rint(accounts.income * noise * bonus * np.where(lost, 0.15, 1)).astype(np.int64) + 1
        return cents

    def _pay_bills(self, month: int, is_active: Array) -> Array:
        """Pay the bills of a month; returns their sum by account."""
        billed = np.zeros(len(self._accounts))
        days = self._calendar.first_day(month) + self._bills.day
        for name, product in (("household", HOUSEHOLD), ("insurance", INSURANCE), ("loan", LOAN)):
            bought_month = self._products.bought_month[:, product]
            # A product costs something on the day on which it is bought, a loan in the months after it.
            if product == LOAN:
                due, day = (bought_month < month) & (month <= self._loan_until), days[:, product]
            else:
                is_first = bought_month == month
                due = bought_month <= month
                day = np.where(is_first, self._products.bought_on[:, product], days[:, product])
            amount = self._bills.amount[:, product]
            self._move(is_active & due, day, -amount, _NUMBER[name])
            billed += np.where(due, amount, 0)
        return billed

    def _spend(self, month: int, is_active: Array, budget: Array) -> None:
        """Spend a budget in cash and, by those who have a card, by card."""
        has_card = self._products.bought_month[:, CARD] < month
        by_card = np.where(has_card, self._rng.uniform(0.2, 0.6, len(budget)) * budget, 0)
        self._spend_by(month, is_active, budget - by_card, _CASH_TIMES, "cash", self._coin)
        self._spend_by(month, is_active & has_card, by_card, _CARD_TIMES, "card", np.full(len(budget), 10))

    def _spend_by(
        self, month: int, is_active: Array, budget: Array, times: tuple[int, int], kind: str, coin: Array
    ) -> None:
        fewest, most = times
        shape = (len(budget), most)
        is_used = np.arange(most) < self._rng.integers(fewest, most + 1, (len(budget), 1))
        shares = self._rng.uniform(0.5, 1, shape) * is_used
        amounts = budget[:, None] * shares / shares.sum(axis=1, keepdims=True)
        cents = np.rint(amounts / coin[:, None]).astype(np.int64) * coin[:, None]
        length = (self._calendar.first_day(month + 1) - self._calendar.first_day(month)).astype(int)
        days = self._calendar.first_day(month) + self._rng.integers(0, length, shape)
        kinds = np.full(shape, _NUMBER[kind])
        if kind == "cash":
            kinds[self._rng.uniform(size=shape) < 0.05] = _NUMBER["cash_by_old_code"]
        for turn in range(most):
            self._move(is_active & (cents[:, turn] > 0), days[:, turn], -cents[:, turn], kinds[:, turn])

    def _move(self, moves: Array, day: Array, cents: Array, kind: Array | int) -> None:
        """Move money of some accounts, unless the day is after the as-of day."""
        places = np.flatnonzero(moves & (day <= self._calendar.as_of))
        kinds = np.broadcast_to(np.asarray(kind, "int8"), len(moves))[places]
        self.parts.append(Movements(places, day[places], cents[places], kinds, np.zeros(len(places), "int8")))
        self._balance[places] += cents[places]


def _unusual(
    rng: np.random.Generator, calendar: BankCalendar, accounts: AccountPart, products: ProductPart
) -> list[Movements]:
    """Huge sums that come and go again, and many payments on one day; never on an account with a loan."""
    length = calendar.months - accounts.opened_month - HISTORY_BEFORE_UNUSUAL - 1
    fits = (length > 0) & ~products.has(LOAN) & ~accounts.is_savings & (accounts.idle_from >= calendar.months)
    chosen = np.flatnonzero(fits & (rng.uniform(size=len(accounts)) < 0.04))
    month = accounts.opened_month[chosen] + HISTORY_BEFORE_UNUSUAL + rng.integers(0, length[chosen])
    day = calendar.first_day(month) + rng.integers(0, 25, len(chosen))
    is_huge = rng.uniform(size=len(chosen)) < 0.5
    huge, hurried = chosen[is_huge], chosen[~is_huge]
    sums = np.rint(accounts.income[huge] * rng.uniform(15, 40, len(huge)) / 100).astype(np.int64) * 100
    marks = {name: np.int8(UNUSUAL.index(name)) for name in (HUGE, BURST)}
    came = Movements(
        huge, day[is_huge], sums, np.full(len(huge), _NUMBER["transfer"], "int8"), np.full(len(huge), marks[HUGE])
    )
    went = Movements(
        huge,
        day[is_huge] + rng.integers(1, 4, len(huge)),
        -sums,
        np.full(len(huge), _NUMBER["cash"], "int8"),
        np.full(len(huge), marks[HUGE]),
    )
    times = rng.integers(9, 16, len(hurried))
    places = np.repeat(hurried, times)
    coin = np.where(accounts.is_euro[places], 10_000 // CZK_OF_EURO, 10_000)
    burst = Movements(
        places,
        np.repeat(day[~is_huge], times),
        -coin * rng.integers(1, 4, len(places)),
        np.full(len(places), _NUMBER["cash"], "int8"),
        np.full(len(places), marks[BURST]),
    )
    return [came, went, burst]


def transaction_cells(
    accounts: AccountPart, movements: Movements, transaction_id: Array, balance: Array
) -> dict[str, BankCells]:
    """Rows of the source transaction."""
    kinds = list(KINDS.values())
    account_id, kind = accounts.account_id[movements.account], movements.kind.astype(np.int64)
    has_partner = np.array([words.has_partner for words in kinds])[kind]
    partner = partner_number(account_id, kind)
    return {
        "transaction_id": transaction_id,
        "account_id": account_id,
        "booked_on": movements.day,
        "direction": CodedTexts(movements.kind, [words.direction for words in kinds]),
        "operation": CodedTexts(movements.kind, [words.operation for words in kinds]),
        "amount": np.abs(movements.cents),
        "balance": balance,
        "purpose": CodedTexts(movements.kind, [words.purpose for words in kinds]),
        "partner_bank": partner_bank(partner, has_partner),
        "partner_account": np.where(has_partner, partner, EMPTY_CELL),
        "currency": accounts.currency(movements.account),
    }


def partner_number(account_id: Array, kind: Array) -> Array:
    """Eight digits: the account with which an account has transactions of a kind."""
    numbers: Array = (account_id * 7919 + kind * 104_729) % 90_000_000 + 10_000_000
    return numbers


def partner_bank(partner: Array, has_partner: Array | np.bool_) -> CodedTexts:
    """The bank of a partner's account; empty without a partner."""
    return CodedTexts(np.where(has_partner, 1 + partner % (len(_BANKS) - 1), 0).astype("int8"), _BANKS)


def order_cells(
    accounts: AccountPart, products: ProductPart, bills: MonthlyBills, first_order: int
) -> dict[str, BankCells]:
    """Rows of the source order: one for each product that is paid every month."""
    billed = {HOUSEHOLD: "household", INSURANCE: "insurance", LOAN: "loan"}
    place, column = np.nonzero(products.bought_month[:, [*billed]] != NEVER)
    product = np.array([*billed])[column]
    kind = np.array([_NUMBER[name] for name in billed.values()])[column]
    partner = partner_number(accounts.account_id[place], kind)
    return {
        "order_id": first_order + np.arange(len(place)),
        "account_id": accounts.account_id[place],
        "to_bank": partner_bank(partner, np.True_),
        "to_account": partner,
        "amount": bills.amount[place, product],
        "purpose": CodedTexts(kind, [words.purpose for words in KINDS.values()]),
        "currency": accounts.currency(place),
    }
