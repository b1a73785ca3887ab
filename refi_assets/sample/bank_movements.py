"""Transactions of a made-up bank, in parts: what comes in and goes out, month by month, and the balances.

In each month income comes in, bills are paid, and the rest is spent in cash and by card: about as much as usually comes
in, and a part of what is above the account's target. Each balance is the sum of the movements up to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from refi_assets.sample.bank_accounts import BY_TRANSFER, IN_CASH, PENSION, AccountPart, BankCalendar
from refi_assets.sample.bank_files import EMPTY_CELL, BankCells, CodedTexts
from refi_assets.sample.bank_purchases import CARD, HOUSEHOLD, INSURANCE, LOAN, NEVER, PRODUCTS, ProductPart
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
KIND_NUMBERS = {name: number for number, name in enumerate(KINDS)}
# The share of the usual income that is paid every month for a product, from and to.
BILLED = {HOUSEHOLD: (0.08, 0.25), INSURANCE: (0.01, 0.06), LOAN: (0.06, 0.3)}
_BANKS = ("", *("AB", "CD", "EF", "GH", "IJ", "KL", "MN", "OP", "QR", "ST", "UV", "WX", "YZ"))
_SPENT_IN_MONTH = (0.92, 0.96, 1, 1, 1, 1.03, 1.08, 1.08, 1, 1, 1.02, 1.2)  # January first
_DECEMBER, _BONUS_IN_DECEMBER = 11, 1.3
_CASH_TIMES, _CARD_TIMES = (2, 4), (1, 3)  # fewest and most, in a month


@dataclass(frozen=True)
class Movements:
    """Transactions: `account` is a place; `cents` are negative if money goes out; `unusual` is the number of a reason,
    0 for none.
    """

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


def movements_of(account: Array, day: Array, cents: Array, kind: Array | int, unusual: int = 0) -> Movements:
    """Movements of one kind, or of one each."""
    kinds, reasons = (np.broadcast_to(np.asarray(numbers, "int8"), len(account)) for numbers in (kind, unusual))
    return Movements(account, day, cents, kinds, reasons)


def joined(movements: Iterable[Movements]) -> Movements:
    """All movements, by account and day; those of a day in the order in which they come."""
    parts = list(movements)
    together = Movements(*(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Movements)))
    return together.at(np.lexsort((together.day, together.account)))


def draw_bills(rng: np.random.Generator, accounts: AccountPart) -> Array:
    """Draw what accounts would pay every month for the products, in cents of whole crowns or euros."""
    bills = np.zeros((len(accounts), len(PRODUCTS)), np.int64)
    for product, share in BILLED.items():
        amount = accounts.income * rng.uniform(*share, len(accounts))
        bills[:, product] = np.maximum(1, np.rint(amount / 100)) * 100
    return bills


def draw_movements(
    rng: np.random.Generator,
    calendar: BankCalendar,
    accounts: AccountPart,
    products: ProductPart,
    bills: Array,
    durations: Array,
) -> list[Movements]:
    """Draw the movements up to the as-of day, in parts; loans are repaid in `durations` months."""
    month_by_month = _MonthByMonth(rng, calendar, accounts, products, bills, durations)
    for month in range(calendar.months):
        month_by_month.add(month)
    return month_by_month.parts


class _MonthByMonth:
    """The movements of month after month, of which each depends on the balance that the one before left."""

    def __init__(
        self,
        rng: np.random.Generator,
        calendar: BankCalendar,
        accounts: AccountPart,
        products: ProductPart,
        bills: Array,
        durations: Array,
    ) -> None:
        self._rng, self._calendar, self._accounts = rng, calendar, accounts
        self._products, self._bills, self._durations = products, bills, durations
        self.parts: list[Movements] = []
        self._balance = np.zeros(len(accounts), np.int64)
        self._coin = np.where(accounts.is_euro, 1000, 10_000)  # cash comes in tens of euros or hundreds of crowns
        self._income_day = rng.integers(4, 14, len(accounts))
        self._income_kind = np.full(len(accounts), KIND_NUMBERS["transfer"])
        self._income_kind[accounts.income_kind == PENSION] = KIND_NUMBERS["pension"]
        self._income_kind[accounts.income_kind == IN_CASH] = KIND_NUMBERS["deposit"]
        self._fee = np.where(accounts.is_euro, 60, np.where(rng.uniform(size=len(accounts)) < 0.1, 3000, 1460))

    def add(self, month: int) -> None:
        """Add the movements of a month; that of the opening has a deposit only."""
        accounts, calendar = self._accounts, self._calendar
        opens = accounts.opened_month == month
        is_active = (accounts.opened_month < month) & ~accounts.is_idle(month)
        above_target = self._balance - accounts.target
        deposit = self._coin * self._rng.integers(2, 12, len(accounts))
        self._move(opens, accounts.opened_on, deposit, "deposit")
        self._move(is_active, calendar.first_day(month) + self._income_day, self._income(month), self._income_kind)
        billed = self._pay_bills(month, is_active)
        season = _SPENT_IN_MONTH[calendar.month_of_year(month)]
        budget = season * (accounts.income + 0.4 * above_target) - billed
        least = np.where(accounts.is_savings, 0, 0.08 * accounts.income)
        self._spend(month, is_active, np.clip(budget, least, 2.5 * accounts.income))
        last = np.broadcast_to(calendar.last_day(month), len(accounts))
        interest = np.rint(np.maximum(self._balance, 0) * 0.002).astype(np.int64)
        penalty = np.rint(np.minimum(self._balance, 0) * 0.01).astype(np.int64)
        self._move((is_active | opens) & (interest > 0), last, interest, "interest")
        self._move(is_active & (penalty < 0), last, penalty, "penalty")
        self._move(is_active, last, -self._fee, "fee")

    def _income(self, month: int) -> Array:
        accounts = self._accounts
        is_lost = (accounts.no_income_from <= month) & (month < accounts.no_income_from + 3)
        has_bonus = (self._calendar.month_of_year(month) == _DECEMBER) & (accounts.income_kind == BY_TRANSFER)
        noise = np.exp(accounts.swing * self._rng.normal(size=len(accounts)))
        income = accounts.income * noise * np.where(has_bonus, _BONUS_IN_DECEMBER, 1) * np.where(is_lost, 0.15, 1)
        cents: Array = np.maximum(1, np.rint(income)).astype(np.int64)
        return cents

    def _pay_bills(self, month: int, is_active: Array) -> Array:
        """Pay the bills of a month, a loan's from the month after it; returns their sum by account."""
        billed = np.zeros(len(self._accounts))
        for product in BILLED:
            age = month - self._products.bought_month[:, product]
            is_due = (age >= 1) & (age <= self._durations) if product == LOAN else age >= 0
            day, amount = self._calendar.first_day(month) + self._products.day[:, product], self._bills[:, product]
            self._move(is_active & is_due, day, -amount, PRODUCTS[product])
            billed += np.where(is_due, amount, 0)
        return billed

    def _spend(self, month: int, is_active: Array, budget: Array) -> None:
        """Spend a budget in cash and, by those who have a card, by card."""
        has_card = self._products.bought_month[:, CARD] < month
        by_card = np.where(has_card, self._rng.uniform(0.2, 0.6, len(budget)) * budget, 0)
        in_cash, days = self._payments(month, budget - by_card, _CASH_TIMES, self._coin)
        is_old = self._rng.uniform(size=in_cash.shape) < 0.05
        kinds = np.where(is_old, KIND_NUMBERS["cash_by_old_code"], KIND_NUMBERS["cash"])
        for turn, cents in enumerate(in_cash.T):
            self._move(is_active & (cents > 0), days[:, turn], -cents, kinds[:, turn])
        paid, days = self._payments(month, by_card, _CARD_TIMES, np.full(len(budget), 10))
        for turn, cents in enumerate(paid.T):
            self._move(is_active & (cents > 0), days[:, turn], -cents, "card")

    def _payments(self, month: int, budget: Array, times: tuple[int, int], coin: Array) -> tuple[Array, Array]:
        """A budget in a few payments of a month: their cents, and their days."""
        fewest, most = times
        shape = (len(budget), most)
        is_used = np.arange(most) < self._rng.integers(fewest, most + 1, (len(budget), 1))
        shares = self._rng.uniform(0.5, 1, shape) * is_used
        amounts = budget[:, None] * shares / shares.sum(axis=1, keepdims=True)
        cents = np.rint(amounts / coin[:, None]).astype(np.int64) * coin[:, None]
        first = self._calendar.first_day(month)
        days_of_month = (self._calendar.first_day(month + 1) - first).astype(int)
        return cents, first + self._rng.integers(0, days_of_month, shape)

    def _move(self, moves: Array, day: Array, cents: Array, kind: str | Array) -> None:
        """Move money of some accounts, unless the day is after the as-of day."""
        places = np.flatnonzero(moves & (day <= self._calendar.as_of))
        numbers = KIND_NUMBERS[kind] if isinstance(kind, str) else kind[places]
        self.parts.append(movements_of(places, day[places], cents[places], numbers))
        self._balance[places] += cents[places]


def transaction_cells(
    accounts: AccountPart, movements: Movements, transaction_id: Array, balance: Array
) -> dict[str, BankCells]:
    """Rows of the source transaction."""
    kinds = list(KINDS.values())
    account_id, kind = accounts.account_id[movements.account], movements.kind.astype(np.int64)
    has_partner = np.array([words.has_partner for words in kinds])[kind]
    partner = _partner(account_id, kind)
    return {
        "transaction_id": transaction_id,
        "account_id": account_id,
        "booked_on": movements.day,
        "direction": CodedTexts(movements.kind, [words.direction for words in kinds]),
        "operation": CodedTexts(movements.kind, [words.operation for words in kinds]),
        "amount": np.abs(movements.cents),
        "balance": balance,
        "purpose": CodedTexts(movements.kind, [words.purpose for words in kinds]),
        "partner_bank": _bank_of(partner, has_partner),
        "partner_account": np.where(has_partner, partner, EMPTY_CELL),
        "currency": accounts.currency(movements.account),
    }


def order_cells(accounts: AccountPart, products: ProductPart, bills: Array, first_order: int) -> dict[str, BankCells]:
    """Rows of the source order: one for each product that is paid every month."""
    billed = np.array([*BILLED])
    place, column = np.nonzero(products.bought_month[:, billed] != NEVER)
    product = billed[column]
    kind = np.array([KIND_NUMBERS[name] for name in PRODUCTS])[product]
    partner = _partner(accounts.account_id[place], kind)
    return {
        "order_id": first_order + np.arange(len(place)),
        "account_id": accounts.account_id[place],
        "to_bank": _bank_of(partner, np.full(len(place), True)),
        "to_account": partner,
        "amount": bills[place, product],
        "purpose": CodedTexts(kind, [words.purpose for words in KINDS.values()]),
        "currency": accounts.currency(place),
    }


def _partner(account_id: Array, kind: Array) -> Array:
    """Eight digits: the account with which an account has transactions of a kind."""
    numbers: Array = (account_id * 7919 + kind * 104_729) % 90_000_000 + 10_000_000
    return numbers


def _bank_of(partner: Array, has_partner: Array) -> CodedTexts:
    """The bank of a partner's account; empty without a partner."""
    return CodedTexts(np.where(has_partner, 1 + partner % (len(_BANKS) - 1), 0).astype("int8"), _BANKS)
