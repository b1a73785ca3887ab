"""The products that owners of accounts buy, month by month, from a process that is known.

The chance to buy a product in a month depends on the products held: those with an order for household bills buy
insurance, the others cards, and holders of cards loans. So recommendations by association find more buyers than the
most popular product does. Second accounts have no products.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product as combinations
from typing import Any

import numpy as np

from refi_assets.sample.bank_accounts import AccountPart, BankCalendar
from refi_assets.sample.bank_files import BankCells, CodedTexts
from refi_assets.sample.written_tables import Array, Columns

PRODUCTS = ("household", "insurance", "card", "loan")
HOUSEHOLD, INSURANCE, CARD, LOAN = range(len(PRODUCTS))
CHANCE_A_MONTH = (0.01, 0.002, 0.02, 0.006)
# The factor by which holding a product changes the chance to buy another.
FACTORS = {(HOUSEHOLD, INSURANCE): 20.0, (HOUSEHOLD, CARD): 0.1, (CARD, LOAN): 5.0, (INSURANCE, LOAN): 0.5}
MONTHS_BEFORE_LOAN = 7  # the month of the opening, and six complete ones
NEVER = 1 << 20


@dataclass(frozen=True)
class ProductPart:
    """When each account buys each product: arrays of accounts and products. `day` of the month, from 0, is also that
    of later payments.
    """

    bought_month: Array  # NEVER for never
    day: Array
    bought_on: Array  # NaT for never

    def has(self, product: int) -> Array:
        """Whether an account ever buys a product."""
        bought: Array = self.bought_month[:, product] != NEVER
        return bought


@dataclass
class PurchaseCounts:
    """Purchases by month, products held at its beginning, and product bought."""

    counts: Counter[tuple[int, tuple[bool, ...], int]] = field(default_factory=Counter)

    def add(self, part: ProductPart) -> None:
        """Count the purchases of some accounts."""
        for number in range(len(PRODUCTS)):
            buyers = np.flatnonzero(part.has(number))
            months = part.bought_month[buyers, number]
            held = part.bought_month[buyers] < months[:, None]
            for month, products in zip(months.tolist(), held.tolist(), strict=True):
                self.counts[month, tuple(products), number] += 1

    def by_month(self, calendar: BankCalendar) -> dict[str, dict[str, int]]:
        """Number of purchases by month and product."""
        months: dict[str, dict[str, int]] = {}
        for (month, _, number), count in sorted(self.counts.items()):
            products = months.setdefault(str(calendar.first_month + month), {})
            products[PRODUCTS[number]] = products.get(PRODUCTS[number], 0) + count
        return months

    def hit_rates(self, calendar: BankCalendar, last_months: int = 6) -> dict[str, Any]:
        """Share of purchases of the last months that are the first recommendation, among products not held.

        By the true chances, and by popularity: the purchases of all months before. None without purchases.
        """
        first = calendar.months - last_months
        popular: Counter[int] = Counter()
        hits, purchases = Counter[str](), 0
        for month in range(calendar.months):
            of_month = {key: count for key, count in self.counts.items() if key[0] == month}
            if month >= first:
                purchases += sum(of_month.values())
                hits["by_true_chances"] += _hits(of_month, chance_to_buy)
                hits["by_popularity"] += _hits(of_month, lambda _, number: popular[number])
            for (_, _, number), count in of_month.items():
                popular[number] += count
        rates = {
            name: round(hits[name] / purchases, 6) if purchases else None
            for name in ("by_true_chances", "by_popularity")
        }
        return {"months": last_months, "purchases": purchases, **rates}


def _hits(
    purchases: dict[tuple[int, tuple[bool, ...], int], int], score: Callable[[tuple[bool, ...], int], float]
) -> int:
    best = {
        held: max((number for number in range(len(PRODUCTS)) if not held[number]), key=lambda n: score(held, n))
        for held in combinations((False, True), repeat=len(PRODUCTS))
        if not all(held)
    }
    return sum(count for (_, held, number), count in purchases.items() if best[held] == number)


def chance_to_buy(held: tuple[bool, ...], product: int) -> float:
    """The chance that an owner who holds these products buys another in a month."""
    chance = CHANCE_A_MONTH[product]
    for (holding, bought), factor in FACTORS.items():
        if bought == product and held[holding]:
            chance *= factor
    return chance


def draw_products(rng: np.random.Generator, calendar: BankCalendar, accounts: AccountPart) -> ProductPart:
    """Draw the days of purchases, the first ones in the month after an account's opening."""
    shape = (len(accounts), len(PRODUCTS))
    month_of = np.full(shape, NEVER)
    day = rng.integers(0, 28, shape)
    may_buy = np.ones(shape, bool)
    may_buy[accounts.is_savings] = False
    may_buy[accounts.idle_from < calendar.months, LOAN] = False
    waits = np.where(np.arange(len(PRODUCTS)) == LOAN, MONTHS_BEFORE_LOAN, 1)
    for month in range(calendar.months):
        chance = np.tile(np.array(CHANCE_A_MONTH), (len(accounts), 1))
        for (holding, bought), factor in FACTORS.items():
            chance[:, bought] *= np.where(month_of[:, holding] < month, factor, 1)
        is_known = calendar.first_day(month) + day <= calendar.as_of
        is_idle = accounts.is_idle(month)[:, None]
        waited = month >= accounts.opened_month[:, None] + waits
        buys = (rng.uniform(size=shape) < chance) & may_buy & waited & ~is_idle & is_known & (month_of == NEVER)
        month_of[buys] = month
    days = calendar.first_day(np.where(month_of == NEVER, 0, month_of)) + day
    days[month_of == NEVER] = np.datetime64("NaT")
    return ProductPart(month_of, day, days)


def card_cells(
    accounts: AccountPart, products: ProductPart, first_card: int, first_disposition: int
) -> dict[str, BankCells]:
    """Rows of the source card; an owner's disposition has the place of the account."""
    holders = np.flatnonzero(products.has(CARD))
    issued_on = products.bought_on[holders, CARD]
    age = (issued_on - accounts.birth_date[accounts.owner[holders]]).astype(int) // 365
    is_rich = accounts.income[holders] > np.quantile(accounts.income, 0.9)
    return {
        "card_id": first_card + np.arange(len(holders)),
        "disposition_id": first_disposition + holders,
        "card_type": CodedTexts(np.where(age < 30, 0, np.where(is_rich, 2, 1)), ("junior", "classic", "gold")),
        "issued_on": issued_on,
    }


def purchase_columns(accounts: AccountPart, products: ProductPart) -> Columns:
    """Every purchase: the client, the product, and the day."""
    buyers, bought = np.nonzero(products.bought_month != NEVER)
    return {
        "client_id": accounts.client_id[accounts.owner[buyers]],
        "product": np.array(PRODUCTS)[bought],
        "bought_on": products.bought_on[buyers, bought],
    }
