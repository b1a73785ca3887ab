"""The annual percentage rate by the actuarial method of Regulation Z, 12 CFR 1026, Appendix J.

The rate is the one at which the present value of all payments is the amount financed; the unit period is a month. It
is in percentage points, rounded half up to six decimals. There are two methods: a fast one for many credits, and
one that tries rates for any payments, with which a check recomputes a sample.
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np

from refi_assets.finance.payments import Integers

_DIGITS = 50  # of the present value in the method that tries rates
_MILLIONTHS = 1_200_000_000  # of a percentage point a year, in a rate of 1 a month


def apr_millionths(
    amounts_financed: Integers, monthly_payments: Integers, last_payments: Integers, term_months: int
) -> Integers:
    """APR of many credits of one term, in millionths of a percentage point (6.768 % is 6,768,000).

    Amounts are in cents; the first payment is due after one month, the last one may differ from the others. Raises
    ValueError if an amount is not above 0, or if the payments are less than the amount financed.

    Newton's method finds the monthly discount factor, the root of a polynomial, in floats. Up to 1,000 %, their error
    is far below a thousandth of a unit, so they decide how a rate is rounded unless it is almost halfway between two
    units. The few rates that floats cannot decide are computed by `recomputed_apr_pct`.
    """
    if term_months < 1:
        raise ValueError(f"A term of {term_months} months is below 1.")
    if not all((amounts > 0).all() for amounts in (amounts_financed, monthly_payments, last_payments)):
        raise ValueError("An amount financed or a payment is not above 0.")
    totals = monthly_payments * (term_months - 1) + last_payments
    if (totals < amounts_financed).any():
        raise ValueError("The payments are less than the amount financed.")
    monthly, last = monthly_payments / amounts_financed, last_payments / amounts_financed
    total = monthly * (term_months - 1) + last
    mean_month = (monthly * (term_months * (term_months - 1) / 2) + last * term_months) / total
    # By Jensen's inequality this start is never below the root, and from above Newton's method never passes it.
    discount = (1 / total) ** (1 / mean_month)
    step = discount
    for _ in range(50):
        value, slope = last, np.zeros_like(last)
        for _ in range(term_months - 1):
            slope = slope * discount + value
            value = value * discount + monthly
        slope = slope * discount + value
        value = value * discount
        step = (value - 1) / slope
        discount = discount - step
        if (np.abs(step) < 1e-9).all():
            break
    exact = (1 / discount - 1) * _MILLIONTHS
    rounded = np.floor(exact + 0.5)
    undecided = (np.abs(exact + 0.5 - np.rint(exact + 0.5)) < 1e-3) | (exact > 1e9) | (np.abs(step) >= 1e-9)
    millionths = np.where(undecided, 0, rounded).astype(np.int64)
    for row in np.flatnonzero(undecided).tolist():
        payments = [*[Decimal(int(monthly_payments[row]))] * (term_months - 1), Decimal(int(last_payments[row]))]
        millionths[row] = int(recomputed_apr_pct(Decimal(int(amounts_financed[row])), payments).scaleb(6))
    return millionths


def recomputed_apr_pct(
    amount_financed_usd: Decimal, payments_usd: Sequence[Decimal], first_period_months: Fraction = Fraction(1)
) -> Decimal:
    """APR of any monthly payments, in percentage points with six decimals.

    The first payment is due after `first_period_months` > 0, which may be odd: with t whole months and a fraction f, it
    is discounted by (1 + f i)(1 + i)^t (Appendix J, (b)(8)). Raises ValueError if an amount is not above 0, or if the
    payments are less than the amount financed.

    By bisection in Decimal on whole millionths: the result is the largest that exceeds the true rate by at most half a
    millionth. This rounds the rate half up, without a tolerance.
    """
    if amount_financed_usd <= 0 or not payments_usd or min(payments_usd) <= 0 or first_period_months <= 0:
        raise ValueError("The amount financed, a payment, or the first period is not above 0, or there is no payment.")
    if sum(payments_usd) < amount_financed_usd:
        raise ValueError("The payments are less than the amount financed.")
    low, high = 0, 100_000_000
    while _is_rounded_to_at_least(high, amount_financed_usd, payments_usd, first_period_months):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _is_rounded_to_at_least(middle, amount_financed_usd, payments_usd, first_period_months):
            low = middle
        else:
            high = middle
    return Decimal(low).scaleb(-6)


def _is_rounded_to_at_least(
    millionths: int, amount_financed: Decimal, payments: Sequence[Decimal], first_period_months: Fraction
) -> bool:
    """Whether the payments are worth the amount financed at half a millionth below this rate."""
    with localcontext(prec=_DIGITS):
        unit = Decimal(2 * _MILLIONTHS)
        grown = unit + 2 * millionths - 1  # 1 + i, in that unit
        value = Decimal(0)
        for payment in reversed(payments):
            value = value * unit / grown + payment
        whole, odd = divmod(first_period_months, 1)
        odd_growth = 1 + (grown - unit) / unit * odd.numerator / odd.denominator
        return value * unit**whole >= amount_financed * odd_growth * grown**whole
