"""Expected loss and concentration, in exact decimals; nothing is rounded before the last step.

Expected loss = probability of default (PD) x share lost at default (LGD) x amount owed at default (EAD). LGD and EAD
are the policy's, by product, so that sums of balance x PD are enough to compute the loss of a group of one product.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext

from refi_assets.errors import SettingError
from refi_assets.risk.policy import Loss

CENT, MILLIONTH = Decimal("0.01"), Decimal("0.000001")
DIGITS = 60  # of intermediate results: 38 of a sum, and those of two shares


def loss_of(product: str, losses: Mapping[str, Loss]) -> Loss:
    """The policy's LGD and EAD of a product. Raises SettingError if it has none."""
    if product not in losses:
        raise SettingError(
            f"policies/risk/risk.yaml: losses has no product {product}, of which the portfolio has loans. "
            "Add its lgd_pct and ead_pct."
        )
    return losses[product]


def expected_loss(balance_times_probability: Decimal, loss: Loss) -> Decimal:
    """The expected loss of loans of one product, in the unit of the balance, not rounded.

    `balance_times_probability` is the sum of each loan's balance times its probability, which is from 0 to 1.
    """
    with localcontext(prec=DIGITS):
        return balance_times_probability * loss.ead_pct * loss.lgd_pct / 10_000


def exposure_at_default(balance: Decimal, loss: Loss) -> Decimal:
    """The amount owed at default for a balance, in its unit, not rounded."""
    with localcontext(prec=DIGITS):
        return balance * loss.ead_pct / 100


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """A sum that is not rounded."""
    with localcontext(prec=DIGITS):
        return sum(amounts, Decimal(0))


def cents(amount: Decimal) -> Decimal:
    """An amount rounded half up to the cent."""
    with localcontext(prec=DIGITS):
        return amount.quantize(CENT, ROUND_HALF_UP)


def percent_of(part: Decimal, whole: Decimal) -> Decimal | None:
    """A share in percent, rounded half up to six decimals; None of nothing."""
    if not whole:
        return None
    with localcontext(prec=DIGITS):
        return (part * 100 / whole).quantize(MILLIONTH, ROUND_HALF_UP)


def herfindahl_index(amounts: Iterable[Decimal]) -> Decimal | None:
    """The Herfindahl-Hirschman index of parts: the sum of their squared shares in percent; None of nothing.

    From near 0 (many small parts) to 10,000 (one part), rounded half up to a whole number.
    """
    parts = list(amounts)
    with localcontext(prec=DIGITS):
        whole = sum(parts, Decimal(0))
        if not whole:
            return None
        return sum(((part * 100 / whole) ** 2 for part in parts), Decimal(0)).quantize(Decimal(1), ROUND_HALF_UP)
