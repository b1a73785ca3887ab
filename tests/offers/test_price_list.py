"""The amounts of a price list."""

from decimal import Decimal

import pytest

from refi_assets.offers.price_list import listed_amounts


@pytest.mark.parametrize(
    ("least", "most", "amounts"),
    [
        (1000, 1200, [1000, 1100, 1200]),
        (1000, 1250, [1000, 1100, 1200, 1250]),
        (950, 1100, [1000, 1100]),
        (1000, 1000, [1000]),
        (1020, 1050, [1050]),  # no multiple of 100 between them: 1,100 would be above the largest
        (1, 99, [99]),
    ],
)
def test_the_amounts_are_the_multiples_of_100_up_to_the_largest_and_the_largest(
    least: int, most: int, amounts: list[int]
) -> None:
    assert listed_amounts(Decimal(least), Decimal(most)) == amounts
