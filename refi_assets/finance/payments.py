"""Payments of a fixed-rate credit: the level payment, and the schedule in cents, which ends at exactly zero.

The level payment is rounded half up to the cent. Each month's interest is the balance times a twelfth of the rate,
rounded half up to the cent. The last payment is the remaining balance with its interest, so it differs from the others
by a few cents. Everything is computed in integers. Fees belong to pricing.py, the annual percentage rate to apr.py.
"""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]  # amounts in cents, or rates in millionths of a percentage point

_LARGEST_USD = 100_000_000_000  # sums of cents fit into an int64


class PaymentColumns(NamedTuple):
    """The payments of many amounts, in cents; the total is that of all payments."""

    monthly_payment: Integers
    last_payment: Integers
    total_of_payments: Integers


def monthly_payment(principal_usd: Decimal, annual_rate_pct: Decimal, term_months: int) -> Decimal:
    """Level monthly payment of a fully amortizing fixed-rate credit, rounded half up to the cent.

    principal_usd > 0, in whole cents; annual_rate_pct in percentage points (6.5, not 0.065), 0 allowed;
    term_months >= 1. Raises ValueError outside those ranges. Source: M = P i / (1 - (1 + i)^-n), i = rate / 1200.
    """
    return usd_of_cents(_level_payments(cents_of_usd([principal_usd]), annual_rate_pct, term_months)[0])


def amortization_columns(principals: Integers, annual_rate_pct: Decimal, term_months: int) -> PaymentColumns:
    """The payments of many amounts in cents, at one rate and term.

    Raises ValueError outside the ranges of `monthly_payment`, and if an amount is so small for its term that rounding
    leaves nothing to be paid in the last month, or a balloon: more than twice the level payment (12 CFR
    1026.18(s)(5)(i)).
    """
    monthly = np.array(_level_payments(principals, annual_rate_pct, term_months), dtype=np.int64)
    monthly_rate = Fraction(annual_rate_pct) / 1200
    balance = principals
    for _ in range(term_months - 1):
        # Paid off before the term, an amount is refused below.
        balance = np.maximum(balance + half_up_shares(balance, monthly_rate) - monthly, 0)
    last = balance + half_up_shares(balance, monthly_rate)
    refused = (last <= 0) | (last > 2 * monthly)
    if refused.any():
        raise ValueError(
            f"{usd_of_cents(int(principals[refused][0]))} USD at {annual_rate_pct} % cannot be repaid in {term_months} "
            "level payments of whole cents. Choose a larger amount or a shorter term."
        )
    return PaymentColumns(monthly, last, monthly * (term_months - 1) + last)


def half_up_shares(amounts: Integers, share: Fraction) -> Integers:
    """A share of each amount, rounded half up to a whole number; amounts and share are not negative."""
    if 2 * int(amounts.max(initial=0)) * share.numerator + share.denominator >= 2**63:
        raise ValueError(f"An amount of {usd_of_cents(int(amounts.max()))} USD is too large for a share of {share}.")
    return (2 * amounts * share.numerator + share.denominator) // (2 * share.denominator)


def cents_of_usd(amounts_usd: Iterable[Decimal]) -> Integers:
    """Amounts in cents. Raises ValueError if an amount is not above 0, in whole cents, and at most 100 billion USD."""
    amounts = list(amounts_usd)
    for amount in amounts:
        if not (amount.is_finite() and 0 < amount <= _LARGEST_USD and amount == round(amount, 2)):
            raise ValueError(f"{amount} USD is not an amount above 0, in whole cents, of at most {_LARGEST_USD:,} USD.")
    return np.array([int(amount * 100) for amount in amounts], dtype=np.int64)


def usd_of_cents(cents: int) -> Decimal:
    """An amount in USD, with two decimals."""
    return Decimal(cents).scaleb(-2)


def _level_payments(principals: Integers, annual_rate_pct: Decimal, term_months: int) -> list[int]:
    if not (principals > 0).all():
        raise ValueError("An amount is not above 0 USD.")
    if not (annual_rate_pct.is_finite() and annual_rate_pct >= 0):
        raise ValueError(f"A rate of {annual_rate_pct} % is below 0, or not a number.")
    if term_months < 1:
        raise ValueError(f"A term of {term_months} months is below 1.")
    rate = Fraction(annual_rate_pct) / 1200
    growth = (1 + rate) ** term_months
    factor = rate * growth / (growth - 1) if rate else Fraction(1, term_months)
    # The factor has hundreds of digits, too many for NumPy's integers.
    twice, divisor = 2 * factor.numerator, 2 * factor.denominator
    return [(cents * twice + factor.denominator) // divisor for cents in principals.tolist()]
