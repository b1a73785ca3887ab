"""Events of a made-up portfolio: what borrowers pay, earn, spend and owe, month by month, as arrays.

Trouble shows: payments come late or never, balances fall, lines fill up, and half of the borrowers lose their income.
When events are received, and what goes wrong on the way, is in risk_arrivals.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from refi_assets.sample.risk_borrowers import RiskBorrowers, RiskCalendar
from refi_assets.sample.written_tables import Array

EVENT_KINDS = ("payment", "balance", "limit", "income", "statement", "transaction")
PAYMENT, BALANCE, LIMIT, INCOME, STATEMENT, TRANSACTION = range(6)
NO_DAY, NO_REFERENCE = -1, -1
MS_OF_DAY = 86_400_000
PAYEES_OF_BORROWER = 10_000  # numbers of payees that are a borrower's own
_MISSED = 10_000  # days late
PAYOUTS_A_MONTH = 3


@dataclass(frozen=True)
class RiskEvents:
    """Events, an array each column: the number of the borrower, the place of the kind, and the time in ms since 1970.

    `first_cents` is the amount, the balance or the gross income, `second_cents` the limit or the debt. `due` and `paid`
    are days since 1970, or NO_DAY. `reference` is the month of a payment (202601), or the number of a payee.
    """

    borrower: Array
    kind: Array
    happened_at: Array
    first_cents: Array
    second_cents: Array
    due: Array
    paid: Array
    reference: Array

    def __len__(self) -> int:
        return len(self.borrower)

    def where(self, choice: Array) -> "RiskEvents":
        """The events at some places."""
        return RiskEvents(*(getattr(self, column.name)[choice] for column in fields(self)))


def events_of(
    borrower: Array,
    kind: int,
    at: Array,
    first_cents: Array,
    *,
    second_cents: Array | int = 0,
    due: Array | int = NO_DAY,
    paid: Array | int = NO_DAY,
    reference: Array | int = NO_REFERENCE,
) -> RiskEvents:
    """Events of one kind, of arrays of one length."""
    rest = (np.broadcast_to(np.asarray(values, np.int64), len(at)) for values in (second_cents, due, paid, reference))
    return RiskEvents(borrower, np.full(len(at), kind, np.int8), at, first_cents.astype(np.int64), *rest)


def all_events(parts: Iterable[RiskEvents]) -> RiskEvents:
    """The events of all parts, one part after another."""
    listed = list(parts)
    return RiskEvents(
        *(np.concatenate([getattr(part, column.name) for part in listed]) for column in fields(RiskEvents))
    )


def draw_events(rng: np.random.Generator, calendar: RiskCalendar, borrowers: RiskBorrowers) -> RiskEvents:
    """Draw what happens to borrowers in all months of the calendar."""
    return _Months(rng, calendar, borrowers).events()


class _Months:
    def __init__(self, rng: np.random.Generator, calendar: RiskCalendar, borrowers: RiskBorrowers) -> None:
        self._rng, self._borrowers = rng, borrowers
        self._shape = borrowers.trouble.shape
        months = calendar.first_month + np.arange(calendar.months)
        self._first_day = months.astype("datetime64[D]").astype(np.int64)
        self._days = (months + 1).astype("datetime64[D]").astype(np.int64) - self._first_day
        self._month = np.arange(calendar.months)
        number = months.astype(np.int64)  # since January 1970
        self._year_and_month = (1970 + number // 12) * 100 + number % 12 + 1
        self._severity = np.minimum(borrowers.trouble, 6)
        self._risk = borrowers.latent_risk[:, None]

    def events(self) -> RiskEvents:
        return all_events(
            [*self._payments(), *self._deposits(), self._limits(), *self._incomes(), self._statements()]
            + [self._payouts() for _ in range(PAYOUTS_A_MONTH)]
        )

    def _draw_integers(self, low: int, high: int) -> Array:
        return self._rng.integers(low, high, self._shape)

    def _day(self, low: float = 0, high: float = 1) -> Array:
        """A day since 1970 in each month, from one share of the month to another."""
        days: Array = self._first_day + (self._days * self._rng.uniform(low, high, self._shape)).astype(np.int64)
        return days

    def _noise(self, spread: float | Array) -> Array:
        noise: Array = np.exp(spread * self._rng.normal(size=self._shape))
        return noise

    def _at(self, day: Array, earliest_hour: int = 0) -> Array:
        """A time on days since 1970, in ms."""
        times: Array = day * MS_OF_DAY + self._rng.integers(earliest_hour * 3_600_000, MS_OF_DAY, day.shape)
        return times

    def _of_month(
        self, kind: int, at: Array, first_cents: Array, is_kept: Array | None = None, **more: Array
    ) -> RiskEvents:
        """Events of one kind, at most one for each borrower and month."""
        kept = np.ones(self._shape, bool) if is_kept is None else is_kept
        borrower = np.broadcast_to(self._borrowers.number[:, None], self._shape)
        columns = {name: np.broadcast_to(values, self._shape)[kept] for name, values in more.items()}
        return events_of(borrower[kept], kind, at[kept], np.broadcast_to(first_cents, self._shape)[kept], **columns)

    def _payments(self) -> list[RiskEvents]:
        """The state of each payment on the day it is due, and again when one that was late is paid."""
        late_odds = -3 + 0.8 * self._risk + 0.5 * self._severity
        is_late = self._rng.uniform(size=self._shape) < 1 / (1 + np.exp(-late_odds))
        days_late = np.where(is_late, self._rng.choice([4, 9, 16, 24, 35, 65, 95], self._shape), 0)
        missed_odds = -6 + 0.5 * self._risk + 0.7 * self._severity
        since = self._month - self._borrowers.missed_from[:, None]
        is_missed = (self._rng.uniform(size=self._shape) < 1 / (1 + np.exp(-missed_odds))) | (
            (since >= 0) & (since < 6)
        )
        days_late = np.where(is_missed, _MISSED, days_late)
        due = self._first_day + self._borrowers.due_day[:, None] - 1
        payment = self._borrowers.payment[:, None]
        more = {"due": due, "reference": self._year_and_month}
        is_paid_later = (days_late > 0) & (days_late < _MISSED)
        return [
            self._of_month(PAYMENT, self._at(due, 18), payment, paid=np.where(days_late == 0, due, NO_DAY), **more),
            self._of_month(PAYMENT, self._at(due + days_late), payment, is_paid_later, paid=due + days_late, **more),
        ]

    def _deposits(self) -> list[RiskEvents]:
        """Two balances a month, which fall month after month in trouble."""
        income = self._borrowers.income[:, None]
        usual = self._rng.uniform(0.2, 1.8, (len(self._borrowers), 1)) * np.exp(-0.35 * self._risk)
        level = usual - 0.25 * self._severity * (0.5 + usual / 2)
        parts = []
        for low, high in ((0.1, 0.5), (0.5, 1)):
            balance = income * (level + 0.15 * self._rng.normal(size=self._shape))
            parts.append(self._of_month(BALANCE, self._at(self._day(low, high)), np.rint(balance)))
        return parts

    def _limits(self) -> RiskEvents:
        """What is owed on the one line of each borrower, and its limit."""
        used = 0.3 + 0.1 * self._risk + 0.08 * self._severity + 0.08 * self._rng.normal(size=self._shape)
        limit = self._borrowers.credit_limit[:, None]
        owed = np.rint(limit * np.clip(used, 0, 1.1))
        at = self._at(self._day())
        return self._of_month(LIMIT, at, owed, second_cents=limit)

    def _incomes(self) -> list[RiskEvents]:
        """An income a month as an event and as a transaction, unless it is lost."""
        amount = np.rint(self._borrowers.income[:, None] * self._noise(self._borrowers.swing[:, None]))
        is_lost = self._borrowers.loses_income[:, None] & (self._borrowers.trouble >= 2)
        at = self._at(self._day(0.8, 1))
        return [self._of_month(kind, at, amount, ~is_lost) for kind in (INCOME, TRANSACTION)]

    def _statements(self) -> RiskEvents:
        """Income and debt as stated twice a year."""
        is_stated = (self._month + self._borrowers.number[:, None]) % 6 == 0
        gross = np.rint(self._borrowers.income[:, None] * 1.3)
        ratio = np.clip(
            0.3 + 0.06 * self._risk + 0.03 * self._severity + 0.05 * self._rng.normal(size=self._shape), 0.02, 2
        )
        at = self._at(self._day())
        return self._of_month(STATEMENT, at, gross, is_stated, second_cents=np.rint(gross * ratio))

    def _payouts(self) -> RiskEvents:
        """A payout a month to one of a few payees, seldom to a new one."""
        is_large = self._rng.uniform(size=self._shape) < 0.01
        share = 0.28 * self._noise(0.4) * np.where(is_large, self._rng.uniform(3, 7, self._shape), 1)
        amount = -np.rint(self._borrowers.income[:, None] * share)
        is_new = self._rng.uniform(size=self._shape) < 0.03
        payee = np.where(is_new, self._draw_integers(10, PAYEES_OF_BORROWER // 2), self._draw_integers(0, 4))
        at = self._at(self._day(), 6)
        return self._of_month(
            TRANSACTION, at, amount, reference=self._borrowers.number[:, None] * PAYEES_OF_BORROWER + payee
        )
