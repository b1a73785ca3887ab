"""Clients, accounts and rights of a made-up bank, in parts: who owns an account, and how its money behaves.

Most clients own an account; a few own a second one, in which they save; the others only use another client's account.
"""

from dataclasses import dataclass

import numpy as np

from refi_assets.sample.bank_files import BankCells, CodedTexts
from refi_assets.sample.written_tables import Array

DISTRICTS = 77
USER_SHARE, TWO_ACCOUNTS_SHARE, EURO_SHARE = 0.16, 0.04, 0.06
CZK_OF_EURO = 25
CURRENCIES = ("CZK", "EUR")
FREQUENCIES = ("POPLATEK MESICNE", "POPLATEK TYDNE", "POPLATEK PO OBRATU")
BY_TRANSFER, PENSION, IN_CASH, SAVINGS = range(4)  # how income comes in


@dataclass(frozen=True)
class BankCalendar:
    """The months of the history, by their number from 0; the last one contains the as-of day."""

    as_of: np.datetime64
    months: int

    @property
    def first_month(self) -> np.datetime64:
        """The month 0."""
        month: np.datetime64 = self.as_of.astype("datetime64[M]") - np.timedelta64(self.months - 1, "M")
        return month

    def first_day(self, month: Array | int) -> Array:
        """The first day of months."""
        days: Array = (self.first_month + np.asarray(month)).astype("datetime64[D]")
        return days

    def last_day(self, month: Array | int) -> Array:
        """The last day of months."""
        return self.first_day(np.asarray(month) + 1) - 1

    def month_of_year(self, month: int) -> int:
        """The month of the year of a month, from 0 for January."""
        return int(self.first_day(month).astype("datetime64[M]").astype(int) % 12)

    def month_of(self, days: Array) -> Array:
        """The number of the month of days."""
        return (days.astype("datetime64[M]") - self.first_month).astype(int)


@dataclass(frozen=True)
class AccountPart:
    """Some clients and their accounts: arrays by client, and by account; `owner` and `user` are places of clients.

    Money is in cents of the account's currency. `income` is the usual one of a month, `swing` its variation, and
    `no_income_from` begins three months with little of it. The balance tends to `target`. Nothing happens on the
    account from `idle_from` on for `idle_months`.
    """

    client_id: Array
    birth_date: Array
    is_woman: Array
    client_district: Array
    account_id: Array
    owner: Array
    user: Array  # -1: nobody else
    opened_on: Array
    opened_month: Array
    frequency: Array  # place in FREQUENCIES
    account_district: Array
    is_euro: Array
    income_kind: Array
    income: Array
    target: Array
    swing: Array
    no_income_from: Array
    idle_from: Array
    idle_months: Array

    def __len__(self) -> int:
        return len(self.account_id)

    @property
    def is_savings(self) -> Array:
        """Whether an account is its owner's second one."""
        kinds: Array = self.income_kind == SAVINGS
        return kinds

    def is_idle(self, month: int) -> Array:
        """Whether nothing happens on an account in a month."""
        idle: Array = (self.idle_from <= month) & (month < self.idle_from + self.idle_months)
        return idle

    def currency(self, place: Array) -> BankCells:
        """The currency of accounts."""
        return CodedTexts(self.is_euro[place].astype("int8"), CURRENCIES)


def draw_accounts(
    rng: np.random.Generator,
    calendar: BankCalendar,
    clients: int,
    *,
    first_client: int,
    first_account: int,
    has_euro: bool,
) -> AccountPart:
    """Draw clients, of whom the first ones own accounts, and their accounts."""
    users = int(clients * USER_SHARE)
    owners = clients - users
    seconds = int(np.ceil(owners * TWO_ACCOUNTS_SHARE))
    owner = np.concatenate([np.arange(owners), rng.choice(owners, seconds, replace=False)])
    accounts = len(owner)
    is_savings = np.arange(accounts) >= owners
    user = np.full(accounts, -1)
    user[rng.choice(owners, users, replace=False)] = np.arange(owners, clients)
    opened_month = rng.integers(0, max(1, calendar.months * 3 // 4), accounts)
    kind = rng.choice([BY_TRANSFER, PENSION, IN_CASH], accounts, p=[0.6, 0.15, 0.25])
    income = np.exp(rng.normal(np.where(kind == PENSION, 9.0, 9.8), 0.35)) * 100
    is_euro = has_euro & (rng.uniform(size=accounts) < np.where(is_savings, 0.5, EURO_SHARE))
    income = np.where(is_savings, income * 0.15, income) / np.where(is_euro, CZK_OF_EURO, 1)

    def later_month() -> Array:
        months: Array = opened_month + rng.integers(2, calendar.months, accounts)
        return months

    has_gap = rng.uniform(size=accounts) < 0.03
    loses_income = rng.uniform(size=accounts) < 0.15
    return AccountPart(
        client_id=first_client + np.arange(clients),
        birth_date=np.datetime64("1935-01-01") + rng.integers(0, 65 * 365, clients),
        is_woman=rng.uniform(size=clients) < 0.5,
        client_district=rng.integers(1, DISTRICTS + 1, clients),
        account_id=first_account + np.arange(accounts),
        owner=owner,
        user=user,
        opened_on=calendar.first_day(opened_month) + rng.integers(0, 28, accounts),
        opened_month=opened_month,
        frequency=rng.choice(len(FREQUENCIES), accounts, p=[0.93, 0.05, 0.02]),
        account_district=rng.integers(1, DISTRICTS + 1, accounts),
        is_euro=is_euro,
        income_kind=np.where(is_savings, SAVINGS, kind),
        income=income,
        target=income * np.where(is_savings, 30, 0.1 + 2 * rng.beta(1.1, 2, accounts)),
        swing=np.where(kind == PENSION, 0.03, 0.6 * rng.beta(1.2, 4, accounts)),
        no_income_from=np.where(loses_income, later_month(), calendar.months),
        idle_from=np.where(has_gap, later_month(), calendar.months),
        idle_months=rng.integers(1, 4, accounts),
    )


def client_cells(part: AccountPart) -> dict[str, BankCells]:
    """Rows of the source client; 50 is added to the month of birth of women."""
    days = part.birth_date
    years = days.astype("datetime64[Y]").astype(int) + 70
    months = days.astype("datetime64[M]").astype(int) % 12 + 1 + 50 * part.is_woman
    day_of_month = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(int) + 1
    return {
        "client_id": part.client_id,
        "birth_number": years * 10_000 + months * 100 + day_of_month,
        "district_id": part.client_district,
    }


def account_cells(part: AccountPart) -> dict[str, BankCells]:
    """Rows of the source account."""
    return {
        "account_id": part.account_id,
        "district_id": part.account_district,
        "frequency": CodedTexts(part.frequency, FREQUENCIES),
        "opened_on": part.opened_on,
        "currency": part.currency(np.arange(len(part))),
    }


def disposition_cells(part: AccountPart, first_disposition: int) -> dict[str, BankCells]:
    """Rows of the source disposition: the owners of all accounts in their order, then the users."""
    used = np.flatnonzero(part.user >= 0)
    rows = len(part) + len(used)
    return {
        "disposition_id": first_disposition + np.arange(rows),
        "client_id": part.client_id[np.concatenate([part.owner, part.user[used]])],
        "account_id": part.account_id[np.concatenate([np.arange(len(part)), used])],
        "role": CodedTexts((np.arange(rows) >= len(part)).astype("int8"), ("OWNER", "DISPONENT")),
    }


def district_rows(rng: np.random.Generator) -> list[dict[str, str]]:
    """Rows of the source district, of which one lacks the figures of 1995."""
    counts = {
        **{"inhabitants": (40_000, 400_000), "towns_below_500": (0, 150), "towns_below_2000": (0, 70)},
        **{"towns_below_10000": (0, 20), "towns_from_10000": (0, 5), "cities": (1, 12)},
        **{"average_salary": (8_000, 12_500), "entrepreneurs_per_1000": (80, 170), "crimes_1996": (800, 20_000)},
    }
    rows = []
    for number in range(1, DISTRICTS + 1):
        rates = {"urban_share": f"{rng.uniform(30, 100):.1f}", "unemployment_1996": f"{rng.uniform(0.3, 9):.2f}"}
        before = {"unemployment_1995": f"{rng.uniform(0.3, 9):.2f}", "crimes_1995": str(rng.integers(800, 20_000))}
        rows.append(
            {
                **{"district_id": str(number), "name": f"District {number}", "region": f"Region {1 + number % 8}"},
                **{name: str(rng.integers(*bounds)) for name, bounds in counts.items()},
                **rates,
                **(dict.fromkeys(before, "?") if number == DISTRICTS else before),
            }
        )
    return rows
