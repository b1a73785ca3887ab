"""Balances by day and by month: carried over days without transactions, whatever the order of a day's rows."""

import random
from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.banking.small_bank import SmallBank, joined, owned, transactions

BOTH = ("closing_balance", "days_below_zero")


def bank_of(*accounts):
    """A bank whose client owns account A, B, …, with these transactions each."""
    names = "ABCDE"[: len(accounts)]
    return SmallBank(joined(owned(*names), {"transaction": [row for rows in accounts for row in rows]}))


def shown(rows):
    return [tuple(str(cell) for cell in row) for row in rows]


def test_a_month_has_its_flows_and_the_last_balance():
    bank = bank_of(transactions("A", ("01-10", "1000"), ("01-20", "-300"), ("01-20", "-50.50"), ("02-01", "1")))
    months = bank.rows(
        "gold/account_month", "account_id", "currency", "month", "transactions", "inflow", "outflow", *BOTH
    )
    assert shown(months) == [
        ("A", "CZK", "2024-01-01", "3", "1000.00", "350.50", "649.50", "0"),
        ("A", "CZK", "2024-02-01", "1", "1.00", "0.00", "650.50", "0"),
    ]


def test_a_month_without_transactions_has_zeros_and_the_balance_before():
    bank = bank_of(transactions("A", ("01-10", "100"), ("04-05", "10")), transactions("B", ("05-31", "1")))
    months = bank.rows("gold/account_month", "account_id", "month", "transactions", "inflow", "outflow", *BOTH)
    assert shown(months) == [
        ("A", "2024-01-01", "1", "100.00", "0.00", "100.00", "0"),
        ("A", "2024-02-01", "0", "0.00", "0.00", "100.00", "0"),
        ("A", "2024-03-01", "0", "0.00", "0.00", "100.00", "0"),
        ("A", "2024-04-01", "1", "10.00", "0.00", "110.00", "0"),
        ("A", "2024-05-01", "0", "0.00", "0.00", "110.00", "0"),
        ("B", "2024-05-01", "1", "1.00", "0.00", "1.00", "0"),
    ]


def test_days_below_zero_are_days_that_end_below_zero():
    """Below zero: 10 to 14 January, all days from 20 January, all of February (of a leap year), 1 to 3 March."""
    movements = (
        ("01-05", "100"),
        ("01-10", "-150"),
        ("01-15", "60"),
        ("01-20", "-20"),
        ("03-04", "500"),
        ("03-31", "1"),
    )
    bank = bank_of(transactions("A", *movements))
    assert bank.rows("gold/account_month", "days_below_zero", order="month") == [(5 + 12,), (29,), (3,)]


def test_the_last_month_ends_with_the_last_transaction_of_any_account():
    bank = bank_of(transactions("A", ("01-10", "-1")), transactions("B", ("03-02", "1")))
    assert bank.rows("gold/account_month", "days_below_zero", order="account_id, month") == [(22,), (29,), (2,), (0,)]


def test_a_day_that_dips_below_zero_and_recovers_is_not_below_zero():
    bank = bank_of(transactions("A", ("01-10", "10"), ("01-11", "-50"), ("01-11", "45"), ("01-12", "1")))
    assert bank.rows("gold/account_month", "days_below_zero") == [(0,)]


def test_a_day_that_changes_nothing_keeps_the_balance_of_the_day_before():
    """By the rows alone, the day may have ended at 150 or at 100."""
    bank = bank_of(transactions("A", ("01-10", "100"), ("01-11", "50"), ("01-11", "-50"), ("01-12", "1")))
    days = bank.rows("gold/account_day", "closing_balance", order="booked_on")
    assert shown(days) == [("100.00",), ("100.00",), ("101.00",)]


def test_two_currencies_of_an_account_are_never_added_up():
    euros = transactions("A", ("02-10", "-5"), balance="0", currency="EUR")
    for row in euros:
        row["transaction_id"] = f"{row['transaction_id']}-EUR"
    bank = bank_of([*transactions("A", ("01-10", "100"), ("02-10", "7")), *euros])
    months = bank.rows("gold/account_month", "currency", "month", "inflow", "outflow", *BOTH)
    assert shown(months) == [
        ("CZK", "2024-01-01", "100.00", "0.00", "100.00", "0"),
        ("CZK", "2024-02-01", "7.00", "0.00", "107.00", "0"),
        ("EUR", "2024-02-01", "0.00", "5.00", "-5.00", "1"),
    ]


def test_a_bank_without_transactions_has_no_months():
    assert SmallBank(owned("A")).rows("gold/account_month") == []


@pytest.mark.parametrize("seed", range(3))
def test_months_of_random_accounts_are_those_of_a_plain_loop(seed):
    """The loop knows the order in which transactions were booked; the SQL does not."""
    draw = random.Random(seed)
    histories = {name: _history(draw) for name in "ABCDE"}
    last = max(day for history in histories.values() for day, _ in history)
    bank = bank_of(
        *(
            transactions(name, *((f"{day:%m-%d}", str(amount)) for day, amount in history))
            for name, history in histories.items()
        )
    )
    expected = [row for name, history in histories.items() for row in _months(name, history, last)]
    months = bank.rows("gold/account_month", "account_id", "month", "transactions", "inflow", "outflow", *BOTH)
    assert months == expected


def _history(draw):
    """Transactions of a year in their order, several on some days, of few amounts, so that balances repeat."""
    first = date(2024, 1, 1) + timedelta(draw.randrange(60))
    days = [first, *sorted(first + timedelta(draw.randrange(1, 250)) for _ in range(draw.randrange(1, 60)))]
    amounts = [Decimal(draw.choice((-100, -50, -10, 10, 50, 100))) for _ in days]
    return list(zip(days, amounts, strict=True))


def _months(name, history, last):
    balance, rows = Decimal(0), []
    day = history[0][0].replace(day=1)
    while day <= last:
        end = min(last, day.replace(day=monthrange(day.year, day.month)[1]))
        booked = [amount for when, amount in history if day <= when <= end]
        below = 0
        for number in range((end - day).days + 1):
            balance += sum(amount for when, amount in history if when == day + timedelta(number))
            below += balance < 0
        inflow, outflow = sum(a for a in booked if a > 0), -sum(a for a in booked if a < 0)
        rows.append((name, day, len(booked), inflow, outflow, balance, below))
        day = (day.replace(day=28) + timedelta(4)).replace(day=1)
    return rows
