"""Unusual transactions: by a median and a MAD that Python's statistics computes as well, and by busy days."""

import random
from decimal import Decimal
from statistics import median

import pytest

from refi_assets.specs.sql_models import Parameter
from tests.banking.small_bank import SmallBank, joined, owned, transactions


def limits(**values):
    """The policy's limits, with some values of the test's own."""
    usual = {
        **{"least_transactions_count": 3, "robust_z_above": 5, "least_spread_pct": 10},
        **{"velocity_least_count": 4, "velocity_factor": 2},
    }
    types = {"robust_z_above": "DECIMAL(12,6)", "least_spread_pct": "DECIMAL(9,6)"}
    return {name: Parameter(value, types.get(name, "BIGINT")) for name, value in (usual | values).items()}


def bank_of(movements, more=(), **values):
    rows = transactions("A", *movements)
    return SmallBank(joined(owned("A"), {"transaction": [*rows, *more]}), **limits(**values))


def on_days(*amounts):
    """One transaction a day."""
    return [(f"01-{day:02}", str(amount)) for day, amount in enumerate(amounts, start=1)]


@pytest.mark.parametrize(
    ("amounts", "usual"),
    [
        ((10, 20, 30), (3, 40, 40)),  # median 20, MAD 10
        ((10, 20, 30, 50), (4, 50, 40)),  # median 25; distances 5, 5, 15, 25: MAD 10
        ((7, 7, 7), (3, 14, 0)),
        ((5,), (1, 10, 0)),
    ],
)
def test_the_usual_amount_is_a_median_with_its_mad(amounts, usual):
    assert bank_of(on_days(*amounts)).rows("gold/usual_amount", "transactions", "twice_median", "four_mads") == [usual]


@pytest.mark.parametrize("seed", range(3))
def test_medians_are_those_of_pythons_statistics(seed):
    draw = random.Random(seed)
    amounts = [Decimal(draw.randrange(1, 3000)) / 100 for _ in range(draw.randrange(1, 29))]
    middle = median(amounts)
    expected = (2 * middle, 4 * median(abs(amount - middle) for amount in amounts))
    assert bank_of(on_days(*amounts)).rows("gold/usual_amount", "twice_median", "four_mads") == [expected]


def test_an_amount_is_unusual_above_the_bound_and_not_at_it():
    """Median 100 and MAD 10: the score is 0.06745 (x - 100)."""
    usual = (80, 90, 100, 100, 110, 120, 100)
    at_bound = Decimal("250")  # 0.06745 * 150 = 10.1175
    for bound, unusual in ((Decimal("10.1175"), []), (Decimal("10.117499"), [(Decimal("250.00"), "amount")])):
        bank = bank_of(on_days(*usual, at_bound), robust_z_above=bound, least_spread_pct=0)
        middle = bank.rows("gold/usual_amount", "twice_median", "four_mads")
        assert middle == [(200, 40)]
        assert bank.rows("gold/unusual_transaction", "amount", "reason") == unusual


def test_mad_counts_as_at_least_a_share_of_the_median():
    """Most are equal, so that MAD is 0; with 10 % of 100 in its place, 150 has a score of 3.4, and 190 of 6.1."""
    bank = bank_of(on_days(*[100] * 9, 150, 190))
    assert bank.rows("gold/unusual_transaction", "amount", "ROUND(robust_z, 4)") == [(Decimal(190), 6.0705)]


def test_what_comes_in_is_not_compared_with_what_goes_out():
    bank = bank_of(on_days(1000, -10, -11, -9, 1010, -10, -900, 990))
    assert bank.rows("gold/unusual_transaction", "amount", "direction") == [(Decimal(900), "out")]


def test_the_banks_own_bookings_are_neither_compared_nor_unusual():
    interest = [
        {"transaction_id": f"I{day}", "account_id": "A", "booked_on": f"2024-02-{day:02}", "purpose": purpose}
        | {"direction": "prijem", "amount": "1.00", "balance": "1.00"}
        for day, purpose in enumerate(["urok"] * 20 + ["sluzby", "sankc. urok"], start=1)
    ]
    interest.append(interest[0] | {"transaction_id": "I99", "amount": "99999.00"})
    bank = bank_of(on_days(100, 100, 100, 110), interest)
    assert bank.rows("gold/usual_amount", "transactions", "twice_median") == [(4, 200)]
    assert bank.rows("gold/unusual_transaction") == []


def test_an_account_with_few_transactions_is_not_judged_by_amounts():
    movements = on_days(10, 10, 10, 5000)
    assert bank_of(movements, least_transactions_count=5).rows("gold/unusual_transaction") == []
    assert len(bank_of(movements, least_transactions_count=4).rows("gold/unusual_transaction")) == 1


def test_a_busy_day_is_unusual_if_the_other_days_are_not_as_busy():
    """4 on one of 3 days: more than twice the mean of 6 / 3, but not of 12 / 3."""
    quiet = [("01-01", "10"), ("01-02", "10"), *[("01-03", "10")] * 5]
    busy = [*[("01-01", "10")] * 4, *[("01-02", "10")] * 4, *[("01-03", "10")] * 4]
    reasons = bank_of(quiet).rows("gold/unusual_transaction", "booked_on::VARCHAR", "velocity", "reason")
    assert reasons == [("2024-01-03", 5, "velocity")] * 5
    assert bank_of(busy).rows("gold/unusual_transaction") == []
    assert bank_of(quiet, velocity_least_count=6).rows("gold/unusual_transaction") == []


def test_a_transaction_may_be_unusual_in_both_ways():
    movements = [*on_days(*[10] * 9), *[("01-20", "10")] * 7, ("01-20", "7000")]
    reasons = bank_of(movements).rows("gold/unusual_transaction", "reason", "count(*) OVER (PARTITION BY reason)")
    assert set(reasons) == {("amount_and_velocity", 1), ("velocity", 7)}


def test_amounts_in_two_currencies_are_not_compared():
    euros = [
        {**row, "transaction_id": f"E{n}", "currency": "EUR"}
        for n, row in enumerate(transactions("A", *on_days(9, 9, 9)))
    ]
    bank = bank_of(on_days(5000, 5000, 5000), euros)
    assert bank.rows("gold/usual_amount", "currency", "twice_median") == [("CZK", 10000), ("EUR", 18)]
    assert bank.rows("gold/unusual_transaction") == []
