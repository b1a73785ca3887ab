"""Price lists: known disclosures, and what holds for every amount, rate, term and fee."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refi_assets.finance.apr import recomputed_apr_pct
from refi_assets.finance.pricing import PricedAmount, priced

AMOUNTS = st.integers(10, 1_000).map(lambda hundreds: Decimal(100 * hundreds))
RATES = st.decimals("0", "36", places=2)
TERMS = st.integers(1, 84)
FEES = st.decimals("0", "12", places=2)


@pytest.mark.parametrize(
    ("amount", "rate", "term", "monthly", "last", "fee", "financed", "charge", "total", "apr"),
    [
        ("50000", "5.5", 60, "955.06", "954.94", "1500.00", "48500.00", "8803.48", "57303.48", "6.7680"),
        ("30000", "6.5", 48, "711.45", "711.39", "900.00", "29100.00", "5049.54", "34149.54", "8.0756"),
        ("15000", "7.5", 36, "466.59", "466.71", "450.00", "14550.00", "2247.36", "16797.36", "9.5755"),
    ],
)
def test_disclosures_with_a_fee_of_3_percent(
    amount: str,
    rate: str,
    term: int,
    monthly: str,
    last: str,
    fee: str,
    financed: str,
    charge: str,
    total: str,
    apr: str,
) -> None:
    (row,) = priced([Decimal(amount)], Decimal(rate), term, Decimal(3))
    assert [str(cell) for cell in row[:-1]] == [f"{amount}.00", monthly, last, fee, financed, charge, total]
    assert f"{row.apr_pct:.4f}" == apr
    assert row.apr_pct.as_tuple().exponent == -6


def test_without_interest_and_fee_the_charge_and_the_rate_are_zero() -> None:
    (row,) = priced([Decimal(1000)], Decimal(0), 36, Decimal(0))
    # 35 x 27.78 = 972.30
    assert " ".join(map(str, row)) == "1000.00 27.78 27.70 0.00 1000.00 0.00 1000.00 0.000000"


def test_a_fee_alone_is_the_whole_charge() -> None:
    (row,) = priced([Decimal(1200)], Decimal(0), 12, Decimal(3))
    assert row.finance_charge == row.origination_fee == 36
    assert row.apr_pct > 0


def test_a_fee_is_rounded_half_up_to_the_cent() -> None:
    fees = [row.origination_fee for row in priced([Decimal("100.50"), Decimal("100.49")], Decimal(5), 12, Decimal(1))]
    assert fees == [Decimal("1.01"), Decimal("1.00")]  # 1.005 and 1.0049


def test_the_smallest_amounts_of_a_list_are_exact() -> None:
    # By hand, 100 USD at 0 % over 60 months: 59 x 1.67 = 98.53.
    (row,) = priced([Decimal(100)], Decimal(0), 60, Decimal(3))
    assert " ".join(map(str, row[:-1])) == "100.00 1.67 1.47 3.00 97.00 3.00 100.00"
    with pytest.raises(ValueError, match=r"^1\.00 USD at 0 % cannot be repaid in 60 level payments of whole cents"):
        priced([Decimal(100), Decimal(1)], Decimal(0), 60, Decimal(3))


def test_an_empty_list_has_no_rows() -> None:
    assert priced([], Decimal(5), 60, Decimal(3)) == []


@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=8), rate=RATES, term=TERMS, fee=FEES)
def test_the_figures_of_a_row_add_up_and_rows_do_not_depend_on_each_other(
    amounts: list[Decimal], rate: Decimal, term: int, fee: Decimal
) -> None:
    rows = priced(amounts, rate, term, fee)
    assert [row.amount for row in rows] == amounts
    assert rows == [row for amount in amounts for row in priced([amount], rate, term, fee)]
    for row in rows:
        assert row.amount_financed + row.origination_fee == row.amount
        assert row.monthly_payment * (term - 1) + row.last_payment == row.total_of_payments
        assert row.amount_financed + row.finance_charge == row.total_of_payments
        payments = [*[row.monthly_payment] * (term - 1), row.last_payment]
        assert row.apr_pct == recomputed_apr_pct(row.amount_financed, payments)


@given(amount=AMOUNTS, rate=RATES, term=TERMS, fees=st.lists(FEES, min_size=2, max_size=5))
def test_a_higher_fee_never_lowers_the_rate(amount: Decimal, rate: Decimal, term: int, fees: list[Decimal]) -> None:
    rates = [_priced_amount(amount, rate, term, fee).apr_pct for fee in sorted(fees)]
    assert rates == sorted(rates)


@given(amount=AMOUNTS, rate=RATES, term=TERMS)
def test_a_fee_of_a_tenth_of_a_percent_puts_the_apr_above_the_note_rate(
    amount: Decimal, rate: Decimal, term: int
) -> None:
    assert _priced_amount(amount, rate, term, Decimal("0.1")).apr_pct > rate


@given(amount=AMOUNTS, rate=RATES, term=TERMS)
def test_without_a_fee_the_apr_is_the_note_rate_but_for_cents(amount: Decimal, rate: Decimal, term: int) -> None:
    """The cents of each month's rounding, at most half a cent of interest and of payment, on at least 1,000 USD."""
    assert abs(_priced_amount(amount, rate, term, Decimal(0)).apr_pct - rate) < Decimal("0.02")


@pytest.mark.parametrize("fee", ["-0.01", "100", "NaN", "Infinity"])
def test_a_fee_outside_its_range_is_refused(fee: str) -> None:
    with pytest.raises(ValueError, match=f"An origination fee of {fee} % is not from 0 to below 100"):
        priced([Decimal(100)], Decimal(5), 12, Decimal(fee))


def test_a_list_of_1000_amounts_takes_well_under_a_third_of_a_second() -> None:
    amounts = [Decimal(100 * number) for number in range(1, 1_001)]
    started = time.perf_counter()
    priced(amounts, Decimal("5.5"), 60, Decimal(3))
    assert time.perf_counter() - started < 0.3


def _priced_amount(amount: Decimal, rate: Decimal, term: int, fee: Decimal) -> PricedAmount:
    return priced([amount], rate, term, fee)[0]
