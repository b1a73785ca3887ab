"""Level payments and schedules: known figures, recorded installments, and the definition at random."""

import csv
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refi_assets.finance.payments import amortization_columns, cents_of_usd, monthly_payment
from refi_assets.settings import PROJECT_DIR
from tests.finance.actuarial import CENT, balance_at_the_end, scheduled_payments

LENDING_CLUB = PROJECT_DIR.parent / "shared" / "data" / "credit" / "lending_club_10k.csv"

PRINCIPALS = st.decimals("100", "100000", places=2)
RATES = st.decimals("0", "36", places=3)
TERMS = st.integers(1, 84)


def _payments_of_one(principal: Decimal, rate: Decimal, term: int) -> tuple[Decimal, ...]:
    """The monthly payment, the last one and the total, in USD."""
    return tuple(int(column[0]) * CENT for column in amortization_columns(cents_of_usd([principal]), rate, term))


@pytest.mark.parametrize(
    ("principal", "rate", "term", "payments"),
    [
        ("50000", "5.5", 60, ("955.06", "954.94", "57303.48")),
        ("30000", "6.5", 48, ("711.45", "711.39", "34149.54")),
        ("15000", "7.5", 36, ("466.59", "466.71", "16797.36")),
        ("1200", "0", 12, ("100.00", "100.00", "1200.00")),
        ("100", "0", 60, ("1.67", "1.47", "100.00")),  # 59 x 1.67 = 98.53
        ("100", "12", 1, ("101.00", "101.00", "101.00")),
        ("0.50", "12", 1, ("0.51", "0.51", "0.51")),  # half a cent of interest is a cent
    ],
)
def test_known_payments(principal: str, rate: str, term: int, payments: tuple[str, str, str]) -> None:
    assert _payments_of_one(Decimal(principal), Decimal(rate), term) == tuple(map(Decimal, payments))
    assert str(monthly_payment(Decimal(principal), Decimal(rate), term)) == payments[0]


@pytest.mark.skipif(
    not LENDING_CLUB.is_file(), reason="the public data are missing: put them into shared/data beside the project"
)
def test_recorded_installments_of_lending_club_are_met_within_two_cents() -> None:
    """Except in three rows at exactly 6 %, although their grades cost 6.07 to 20.39 %.

    6 % is the cap for servicemembers (50 U.S.C. 3937), so their rates were probably lowered after the installment.
    """
    with LENDING_CLUB.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    different = [
        (row["rownames"], row["interest_rate"])
        for row in rows
        if abs(
            monthly_payment(Decimal(row["loan_amount"]), Decimal(row["interest_rate"]), int(row["term"]))
            - Decimal(row["installment"])
        )
        > Decimal("0.02")
    ]
    assert len(rows) == 10_000
    assert different == [("1548", "6"), ("1968", "6"), ("9687", "6")]


@given(principal=PRINCIPALS, rate=RATES, term=TERMS)
def test_half_a_cent_less_a_month_repays_too_little_and_half_a_cent_more_too_much(
    principal: Decimal, rate: Decimal, term: int
) -> None:
    payment = Fraction(monthly_payment(principal, rate, term))
    half, monthly_rate = Fraction(1, 200), Fraction(rate) / 1200
    assert balance_at_the_end(Fraction(principal), [payment - half] * term, monthly_rate) >= 0
    assert balance_at_the_end(Fraction(principal), [payment + half] * term, monthly_rate) < 0


@given(principal=PRINCIPALS, rate=RATES, term=TERMS)
def test_the_schedule_ends_at_exactly_zero_with_a_last_payment_above_zero(
    principal: Decimal, rate: Decimal, term: int
) -> None:
    payment, last, total = _payments_of_one(principal, rate, term)
    payments, balance = scheduled_payments(principal, rate, term, payment)
    assert balance == 0
    assert (payments[-1], sum(payments)) == (last, total)
    assert 0 < last <= 2 * payment


@given(principals=st.lists(PRINCIPALS, min_size=1, max_size=20), rate=RATES, term=TERMS)
def test_many_amounts_at_once_have_the_payments_of_each(principals: list[Decimal], rate: Decimal, term: int) -> None:
    columns = amortization_columns(cents_of_usd(principals), rate, term)
    rows = [tuple(cents * CENT for cents in row) for row in zip(*(c.tolist() for c in columns), strict=True)]
    assert rows == [_payments_of_one(principal, rate, term) for principal in principals]


@given(rate=RATES, term=TERMS)
def test_every_multiple_of_100_usd_can_be_repaid_within_84_months(rate: Decimal, term: int) -> None:
    columns = amortization_columns(cents_of_usd(Decimal(usd) for usd in range(100, 5_100, 100)), rate, term)
    assert (columns.last_payment > 0).all()


@pytest.mark.parametrize(
    ("principal", "rate", "term"),
    [
        ("1.00", "0", 60),  # 2 cents a month, which end it after 50
        ("0.50", "0", 100),  # half a cent, rounded up
        ("1.49", "0", 100),  # a cent a month leaves 50 for the last
        ("0.50", "36", 480),  # the payment is the interest, and the balance never falls
    ],
)
def test_an_amount_that_whole_cents_cannot_repay_in_level_payments_is_refused(
    principal: str, rate: str, term: int
) -> None:
    with pytest.raises(ValueError, match=f"^{principal} USD at {rate} % cannot be repaid in {term} level payments"):
        _payments_of_one(Decimal(principal), Decimal(rate), term)


@given(principal=st.decimals("0.01", "5", places=2), rate=RATES, term=st.integers(1, 480))
def test_a_tiny_amount_is_refused_exactly_if_nothing_or_a_balloon_is_left(
    principal: Decimal, rate: Decimal, term: int
) -> None:
    payment = monthly_payment(principal, rate, term)
    payments, _ = scheduled_payments(principal, rate, term, payment)
    if 0 < payments[-1] <= 2 * payment:
        assert _payments_of_one(principal, rate, term)[1] == payments[-1]
    else:
        with pytest.raises(ValueError, match="cannot be repaid"):
            _payments_of_one(principal, rate, term)


@pytest.mark.parametrize("function", [monthly_payment, _payments_of_one])
@pytest.mark.parametrize(
    ("principal", "rate", "term", "message"),
    [
        ("0", "5", 12, "0 USD is not an amount above 0"),
        ("-100", "5", 12, "-100 USD is not an amount above 0"),
        ("NaN", "5", 12, "NaN USD is not an amount above 0"),
        ("Infinity", "5", 12, "Infinity USD is not an amount above 0"),
        ("100.005", "5", 12, "in whole cents"),
        ("100.000000000000000000000000000000005", "5", 12, "in whole cents"),
        ("100000000000.01", "5", 12, "of at most 100,000,000,000 USD"),
        ("100", "-0.01", 12, "A rate of -0.01 % is below 0"),
        ("100", "NaN", 12, "A rate of NaN %"),
        ("100", "Infinity", 12, "A rate of Infinity %"),
        ("100", "5", 0, "A term of 0 months"),
    ],
)
def test_figures_outside_their_ranges_are_refused(
    function: Callable[[Decimal, Decimal, int], object], principal: str, rate: str, term: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        function(Decimal(principal), Decimal(rate), term)


def test_an_amount_whose_interest_exceeds_the_integers_is_refused_instead_of_wrong() -> None:
    with pytest.raises(ValueError, match=r"An amount of 100000000000\.00 USD is too large"):
        _payments_of_one(Decimal(100_000_000_000), Decimal("5.1234567"), 12)
