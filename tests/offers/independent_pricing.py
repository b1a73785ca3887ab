"""The price of a loan, read independently: payments, fee, finance charge and APR, in Decimal, one loan at a time.

It uses nothing of refi_assets. The rules of who gets a loan are in independent_reading.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from functools import cache

_EXACT = Context(prec=60)
_CENT, _MICRO = Decimal("0.01"), Decimal("0.000001")
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Price:
    """The terms of a loan of `amount` USD, named as in the export."""

    amount: Decimal
    note_rate_pct: Decimal
    term_months: int
    monthly_payment: Decimal
    last_payment: Decimal
    origination_fee: Decimal
    amount_financed: Decimal
    finance_charge: Decimal
    total_of_payments: Decimal
    apr_pct: Decimal


def rounded(number: Decimal, unit: Decimal) -> Decimal:
    """Half up, that is away from zero."""
    return number.quantize(unit, ROUND_HALF_UP, context=_EXACT)


@cache
def level_payment(amount: Decimal, rate_pct: Decimal, months: int) -> Decimal:
    """The payment of each month but the last: the present value of all of them is the amount."""
    with localcontext(_EXACT):
        rate = rate_pct / 1200
        discounted = sum((1 / (1 + rate) ** month for month in range(1, months + 1)), Decimal(0))
        return rounded(amount / discounted, _CENT)


def last_payment(amount: Decimal, rate_pct: Decimal, months: int) -> Decimal:
    """What is left after the level payments, with the interest of each month rounded to the cent."""
    payment, balance = level_payment(amount, rate_pct, months), amount
    for _ in range(months - 1):
        balance += rounded(balance * rate_pct / 1200, _CENT) - payment
    return balance + rounded(balance * rate_pct / 1200, _CENT)


def apr_pct(advance: Decimal, payments: Sequence[Decimal], first_period: Fraction = Fraction(1)) -> Decimal:
    """The APR by Regulation Z, Appendix J (b)(8), by bisection of the rate a month; payments follow month by month.

    A first period of 1 and 19/30 months is a whole month, and 19/30 with simple interest.
    """
    with localcontext(_EXACT):
        whole = first_period.numerator // first_period.denominator
        part = first_period - whole
        fraction = Decimal(part.numerator) / part.denominator
        low, high = Decimal(0), Decimal(1)
        while high - low > Decimal("1e-15"):
            rate = (low + high) / 2
            factor, value = 1 / (1 + rate), Decimal(0)
            for payment in reversed(payments):
                value = (value + payment) * factor
            value = value * factor ** (whole - 1) / (1 + fraction * rate)
            low, high = (rate, high) if value > advance else (low, rate)
        return rounded((low + high) / 2 * 1200, _MICRO)


@cache
def price_of(amount: Decimal, rate_pct: Decimal, months: int, fee_pct: Decimal) -> Price:
    """All terms of a loan whose fee is a part of the amount."""
    payment, last = level_payment(amount, rate_pct, months), last_payment(amount, rate_pct, months)
    fee = rounded(amount * fee_pct / HUNDRED, _CENT)
    total = payment * (months - 1) + last
    return Price(
        amount=amount,
        note_rate_pct=rate_pct,
        term_months=months,
        monthly_payment=payment,
        last_payment=last,
        origination_fee=fee,
        amount_financed=amount - fee,
        finance_charge=total - (amount - fee),
        total_of_payments=total,
        apr_pct=apr_pct(amount - fee, [payment] * (months - 1) + [last]),
    )


def largest_amount(room: Decimal, rate_pct: Decimal, months: int, at_most: Decimal) -> Decimal:
    """The largest multiple of 100 USD whose payment times 12 is at most `room` >= 0 a year, then at most `at_most`."""
    low, high = 0, int(at_most // HUNDRED) + 1  # in hundreds; a multiple above `at_most` is cut down to it
    while low < high:
        middle = (low + high + 1) // 2
        if 12 * level_payment(middle * HUNDRED, rate_pct, months) <= room:
            low = middle
        else:
            high = middle - 1
    return min(low * HUNDRED, at_most)
