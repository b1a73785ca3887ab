"""Price lists: all that has to be disclosed for many amounts at one rate, term and fee, exact to the cent.

The origination fee is financed inside the amount: the customer repays the amount, and receives it less the fee.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from refi_assets.finance.apr import apr_millionths
from refi_assets.finance.payments import amortization_columns, cents_of_usd, half_up_shares, usd_of_cents


class PricedAmount(NamedTuple):
    """A row of a price list: USD with two decimals, and the APR in percentage points with six."""

    amount: Decimal
    monthly_payment: Decimal
    last_payment: Decimal
    origination_fee: Decimal
    amount_financed: Decimal
    finance_charge: Decimal
    total_of_payments: Decimal
    apr_pct: Decimal


def priced(
    amounts_usd: Sequence[Decimal], annual_rate_pct: Decimal, term_months: int, origination_fee_pct: Decimal
) -> list[PricedAmount]:
    """A row for each amount, in their order.

    Amounts are above 0, in whole cents; annual_rate_pct >= 0 and 0 <= origination_fee_pct < 100 in percentage points;
    term_months >= 1. Raises ValueError outside those ranges, and if an amount is too small for level payments of whole
    cents (`amortization_columns`). The fee is rounded half up to the cent. With neither interest nor fee, the APR is 0.
    Without a fee, it is the rate but for the rounding of payments to cents, and may be slightly below it.
    """
    if not (origination_fee_pct.is_finite() and 0 <= origination_fee_pct < 100):
        raise ValueError(f"An origination fee of {origination_fee_pct} % is not from 0 to below 100.")
    amounts = cents_of_usd(amounts_usd)
    monthly, last, total = amortization_columns(amounts, annual_rate_pct, term_months)
    fee = half_up_shares(amounts, Fraction(origination_fee_pct) / 100)
    financed = amounts - fee
    columns = (amounts, monthly, last, fee, financed, total - financed, total)
    millionths = apr_millionths(financed, monthly, last, term_months)
    apr = [Decimal(rate).scaleb(-6) for rate in millionths.tolist()]
    in_usd = ([usd_of_cents(cents) for cents in column.tolist()] for column in columns)
    return [PricedAmount(*row) for row in zip(*in_usd, apr, strict=True)]
