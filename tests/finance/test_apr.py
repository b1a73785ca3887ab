"""The annual percentage rate: examples of Appendix J, two methods, and the definition at random."""

import time
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refi_assets.finance.apr import apr_millionths, recomputed_apr_pct
from refi_assets.finance.payments import amortization_columns
from tests.finance.actuarial import balance_at_the_end


def apr_pct(financed: int, payment: int, last: int, term: int) -> Decimal:
    """The fast method for one credit, in cents."""
    rates = apr_millionths(np.array([financed]), np.array([payment]), np.array([last]), term)
    return Decimal(int(rates[0])).scaleb(-6)


def printed(apr: Decimal) -> str:
    return str(apr.quantize(Decimal("0.01"), ROUND_HALF_UP))


def test_24_payments_of_230_for_5000_are_9_69_percent() -> None:
    """12 CFR 1026, Appendix J, (c)(2)(i)."""
    assert printed(recomputed_apr_pct(Decimal(5000), [Decimal(230)] * 24)) == "9.69"
    assert printed(apr_pct(500_000, 23_000, 23_000, 24)) == "9.69"


def test_36_payments_of_200_for_6000_with_an_odd_first_period_are_11_82_percent() -> None:
    """12 CFR 1026, Appendix J, (c)(2)(ii): the first payment is due after 1 month and 19 days."""
    assert printed(recomputed_apr_pct(Decimal(6000), [Decimal(200)] * 36, Fraction(49, 30))) == "11.82"


def test_a_first_period_shorter_than_a_month_earns_simple_interest() -> None:
    # 1,000 USD grow by half a month of 1 %.
    assert recomputed_apr_pct(Decimal(1000), [Decimal(1005)], Fraction(1, 2)) == 12


def test_a_rate_halfway_between_two_millionths_is_rounded_up() -> None:
    # A cent a month on 24 million USD is 0.0000005 % a year.
    cents = np.arange(1, 1_001, 2)
    financed = np.full(len(cents), 2_400_000_000)
    rates = apr_millionths(financed, financed + cents, financed + cents, 1)
    assert rates.tolist() == [*range(1, 501)]
    assert recomputed_apr_pct(Decimal(24_000_000), [Decimal("24000000.01")]) == Decimal("0.000001")
    assert recomputed_apr_pct(Decimal("24000000.01"), [Decimal("24000000.02")]) == 0


@pytest.mark.parametrize(
    ("financed", "payment", "term", "apr"),
    [
        (120_000, 10_000, 12, "0"),
        (10_000, 10_100, 1, "12"),
        (10_000, 30_000, 1, "2400"),
        (7_500, 10_000, 2, "1200"),  # 10,000 / 2 + 10,000 / 4: 100 % a month
    ],
)
def test_rates_by_hand(financed: int, payment: int, term: int, apr: str) -> None:
    assert apr_pct(financed, payment, payment, term) == Decimal(apr)
    assert recomputed_apr_pct(Decimal(financed), [Decimal(payment)] * term) == Decimal(apr)


def test_rates_of_millions_of_percent_are_exact_to_the_last_digit() -> None:
    payments = np.arange(1_000_000_000, 1_000_001_000)
    financed = np.full(len(payments), 1_009)
    # (payment / 1,009 - 1) x 1,200,000,000, rounded half up
    expected = [(2 * 1_200_000_000 * (payment - 1_009) + 1_009) // 2_018 for payment in payments.tolist()]
    assert apr_millionths(financed, payments, payments, 1).tolist() == expected


@given(
    financed=st.integers(10_000, 10_000_000),
    charge_pct=st.integers(0, 150),
    term=st.integers(1, 120),
    rounding=st.integers(-50, 50),
)
def test_at_the_rate_as_rounded_the_balance_ends_within_half_a_millionth_of_zero(
    financed: int, charge_pct: int, term: int, rounding: int
) -> None:
    payment = -(-financed * (100 + charge_pct) // (100 * term))
    last = max(payment + rounding, financed - payment * (term - 1), 1)
    payments = [*[Fraction(payment)] * (term - 1), Fraction(last)]
    apr, half = Fraction(apr_pct(financed, payment, last, term)), Fraction(1, 2_000_000)
    assert balance_at_the_end(Fraction(financed), payments, (apr - half) / 1200) <= 0
    assert balance_at_the_end(Fraction(financed), payments, (apr + half) / 1200) > 0
    assert recomputed_apr_pct(Decimal(financed), [Decimal(int(amount)) for amount in payments]) == apr


@pytest.mark.parametrize(
    ("financed", "payments", "message"),
    [
        (0, [10], "not above 0"),
        (100, [100, 0], "not above 0"),
        (100, [101, -1], "not above 0"),
        (100, [50, 49], "less than the amount financed"),
    ],
)
def test_payments_without_a_rate_are_refused(financed: int, payments: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recomputed_apr_pct(Decimal(financed), [Decimal(payment) for payment in payments])
    with pytest.raises(ValueError, match=message):
        apr_pct(financed, payments[0], payments[-1], len(payments))


def test_a_credit_without_a_payment_or_a_first_period_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no payment"):
        recomputed_apr_pct(Decimal(100), [])
    with pytest.raises(ValueError, match="the first period is not above 0"):
        recomputed_apr_pct(Decimal(100), [Decimal(101)], Fraction(0))
    with pytest.raises(ValueError, match="A term of 0 months"):
        apr_pct(100, 101, 101, 0)


def test_100000_rates_take_less_than_two_seconds_and_a_sample_agrees_with_the_other_method() -> None:
    generator = np.random.default_rng(16)
    amounts = generator.integers(100_000, 5_000_000, 100_000)
    monthly, last, _ = amortization_columns(amounts, Decimal("6.5"), 60)
    financed = amounts - generator.integers(0, amounts // 10)
    started = time.perf_counter()
    rates = apr_millionths(financed, monthly, last, 60)
    assert time.perf_counter() - started < 2
    for row in range(0, 100_000, 500):
        payments = [*[Decimal(int(monthly[row]))] * 59, Decimal(int(last[row]))]
        assert recomputed_apr_pct(Decimal(int(financed[row])), payments).scaleb(6) == int(rates[row])
