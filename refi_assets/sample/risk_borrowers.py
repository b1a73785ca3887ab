"""Borrowers of a made-up portfolio: a latent risk each, months in trouble, loans, and whether they default.

The chance of default within twelve months of a day depends on nothing but the latent risk and the months in trouble at
that day, so the best possible ROC-AUC of a model is known. Money is in cents, days are datetime64[D], an array of
months has one row per borrower.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from refi_assets.sample.written_tables import Array, Columns

PRODUCTS_OF_RISK = ("personal_loan", "auto_loan", "mortgage", "credit_card")
_STATES = ("CA", "TX", "FL", "NY", "PA", "IL", "OH", "GA", "NC", "MI", "AZ", "WA")
BASE_LOG_ODDS_OF_RISK, OF_LATENT_RISK, OF_MONTH_IN_TROUBLE, MOST_MONTHS_COUNTED = -3.3, 0.9, 0.45, 5
DAYS_OF_OUTCOME = 365
_MONTHS_BEFORE = 18  # drawn before the first month, so that some are in trouble from the start
_NEVER = 10_000


@dataclass(frozen=True)
class RiskCalendar:
    """The months of a portfolio; the stream has the messages received from the day after `as_of` for `days` days."""

    as_of: np.datetime64
    history_months: int
    days: int

    @staticmethod
    def of(as_of: date, history_months: int, days: int) -> "RiskCalendar":
        """The calendar of an as-of day."""
        return RiskCalendar(np.datetime64(as_of, "D"), history_months, days)

    @property
    def has_outcomes(self) -> bool:
        """Whether outcomes are known of days with a history before them."""
        return self.history_months > 12

    @property
    def stream_from(self) -> np.datetime64:
        """The day on which the stream begins."""
        return self.as_of + np.timedelta64(1, "D")

    @property
    def until(self) -> np.datetime64:
        """The day before which the stream ends."""
        return self.stream_from + np.timedelta64(self.days, "D")

    @property
    def first_month(self) -> np.datetime64:
        """The month in which the history begins."""
        return self.month_of(self.as_of) - np.timedelta64(self.history_months, "M")

    @property
    def months(self) -> int:
        """The number of months up to that in which the stream ends."""
        return int((self.month_of(self.until) - self.first_month).astype(int)) + 1

    @staticmethod
    def month_of(day: np.datetime64) -> np.datetime64:
        """The month of a day."""
        month: np.datetime64 = day.astype("datetime64[M]")
        return month

    def place_of_month(self, days: Array) -> Array:
        """The places of the months of some days."""
        places: Array = (days.astype("datetime64[M]") - self.first_month).astype(int)
        return places


@dataclass(frozen=True)
class RiskBorrowers:
    """Some borrowers. `trouble` counts a borrower's months in trouble up to and with a month, 0 if it is not in any."""

    number: Array
    latent_risk: Array
    trouble: Array
    loses_income: Array  # in trouble
    income: Array  # usual, a month
    swing: Array  # of the income
    payment: Array  # due every month
    due_day: Array  # of a month
    credit_limit: Array
    opened_on: Array
    state: Array
    observed_on: Array
    chance_observed: Array  # of default within twelve months of observed_on
    defaulted: Array
    missed_from: Array  # the place of the month from which a borrower who defaulted pays nothing for six months
    chance: Array  # of default within twelve months of the as-of day

    def __len__(self) -> int:
        return len(self.number)


def draw_borrowers(rng: np.random.Generator, calendar: RiskCalendar, first: int, size: int) -> RiskBorrowers:
    """Draw borrowers numbered from `first`."""
    latent = rng.normal(size=size)
    trouble = _trouble(rng, latent, calendar.months)
    income = np.rint(100 * np.exp(rng.normal(8.3, 0.4, size))).astype(np.int64)
    back = rng.integers(0, max(1, min(6, calendar.history_months - 12)), size)
    observed_on = calendar.as_of - (DAYS_OF_OUTCOME + 30 * back)
    observed_month = np.maximum(calendar.place_of_month(observed_on), 0)
    chance_observed = chance_of_default(latent, trouble[np.arange(size), observed_month])
    defaulted = rng.uniform(size=size) < chance_observed
    as_of_month = int(calendar.place_of_month(np.array([calendar.as_of]))[0])
    return RiskBorrowers(
        number=first + np.arange(size),
        latent_risk=latent,
        trouble=trouble,
        loses_income=rng.uniform(size=size) < 0.5,
        income=income,
        swing=0.05 + 0.3 * rng.beta(1.5, 6, size) * np.exp(0.3 * latent),
        payment=np.rint(income * rng.uniform(0.05, 0.25, size) / 100).astype(np.int64) * 100,
        due_day=rng.integers(1, 29, size),
        credit_limit=np.rint(income * rng.uniform(0.5, 4, size) / 10_000).astype(np.int64) * 10_000,
        opened_on=calendar.first_month.astype("datetime64[D]") - rng.integers(30, 5000, size),
        state=np.array(_STATES)[rng.integers(len(_STATES), size=size)],
        observed_on=observed_on,
        chance_observed=chance_observed,
        defaulted=defaulted,
        missed_from=np.where(defaulted, observed_month + rng.integers(1, 7, size), _NEVER),
        chance=chance_of_default(latent, trouble[:, as_of_month]),
    )


def chance_of_default(latent_risk: Array, months_in_trouble: Array) -> Array:
    """The chance of default within twelve months."""
    counted = np.minimum(months_in_trouble, MOST_MONTHS_COUNTED)
    log_odds = BASE_LOG_ODDS_OF_RISK + OF_LATENT_RISK * latent_risk + OF_MONTH_IN_TROUBLE * counted
    chance: Array = 1 / (1 + np.exp(-log_odds))
    return chance


def _trouble(rng: np.random.Generator, latent_risk: Array, months: int) -> Array:
    """Month by month: who is not in trouble may get into it, who is may leave it."""
    enters = np.minimum(0.01 * np.exp(0.8 * latent_risk), 0.15)
    count = np.zeros(len(latent_risk), np.int64)
    columns = []
    for _ in range(_MONTHS_BEFORE + months):
        draw = rng.uniform(size=len(count))
        stays = np.where(count > 0, draw >= 0.12, draw < enters)
        count = np.where(stays, count + 1, 0)
        columns.append(count)
    return np.stack(columns[_MONTHS_BEFORE:], axis=1)


def portfolio_tables(rng: np.random.Generator, calendar: RiskCalendar, borrowers: RiskBorrowers) -> dict[str, Columns]:
    """Rows of the sources portfolio_borrower, portfolio_loan and default_outcome."""
    ids = borrower_ids(borrowers.number)
    second = np.flatnonzero(rng.uniform(size=len(ids)) < 0.3)
    place = np.concatenate([np.arange(len(ids)), second])
    product = rng.choice(len(PRODUCTS_OF_RISK), len(place), p=[0.45, 0.25, 0.2, 0.1])
    months_owed = np.array([24, 36, 180, 4])[product] * rng.uniform(0.2, 1, len(place))
    balance = np.rint(borrowers.payment[place] * months_owed).astype(np.int64)
    is_secured = np.isin(product, (1, 2))
    collateral = np.where(is_secured, np.rint(balance / rng.uniform(0.4, 1.1, len(place))), np.nan)
    tables: dict[str, Columns] = {
        "portfolio_borrower": {"borrower_id": ids, "opened_on": borrowers.opened_on, "state": borrowers.state},
        "portfolio_loan": {
            "loan_id": np.array(
                [f"L{number}" for number in [*borrowers.number.tolist(), *(f"{n}-2" for n in borrowers.number[second])]]
            ),
            "borrower_id": ids[place],
            "product": np.array(PRODUCTS_OF_RISK)[product],
            "originated_on": calendar.as_of - rng.integers(60, 1500, len(place)),
            "balance": balance / 100,
            "collateral_value": collateral / 100,
        },
    }
    if calendar.has_outcomes:
        tables["default_outcome"] = {
            "borrower_id": ids,
            "observed_on": borrowers.observed_on,
            "defaulted": np.where(borrowers.defaulted, "true", "false"),
            "outcome_known_on": borrowers.observed_on + DAYS_OF_OUTCOME,
        }
    return tables


def borrower_ids(numbers: Array) -> Array:
    """The ids of numbered borrowers."""
    return np.array([f"B{number}" for number in numbers.tolist()], dtype=object)
