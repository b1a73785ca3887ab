"""Balances by their definitions, month by month: the formulas of finance must agree with them."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

CENT = Decimal("0.01")


def balance_at_the_end(amount: Fraction, payments: Sequence[Fraction], monthly_rate: Fraction) -> Fraction:
    """The unpaid balance after all payments: each month the finance charge is added, and the payment is taken off.

    This is the actuarial method in the words of 12 CFR 1026, Appendix J, (a)(2).
    """
    for payment in payments:
        amount = amount * (1 + monthly_rate) - payment
    return amount


def scheduled_payments(
    principal: Decimal, rate_pct: Decimal, term_months: int, payment: Decimal
) -> tuple[list[Decimal], Decimal]:
    """All payments and the final balance, if each month's interest is rounded half up to the cent."""
    payments: list[Decimal] = []
    balance = principal
    for month in range(1, term_months + 1):
        balance += (balance * rate_pct / 1200).quantize(CENT, ROUND_HALF_UP)
        payments.append(payment if month < term_months else balance)
        balance -= payments[-1]
    return payments, balance
