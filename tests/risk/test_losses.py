"""Expected loss and concentration, against computations by hand."""

from decimal import Decimal

import pytest

from refi_assets.errors import SettingError
from refi_assets.risk.losses import cents, expected_loss, exposure_at_default, herfindahl_index, loss_of, percent_of
from refi_assets.risk.policy import Loss

D = Decimal
MORTGAGE, CARD = Loss(lgd_pct=D(25), ead_pct=D(100)), Loss(lgd_pct=D(80), ead_pct=D(110))


def test_expected_loss_is_pd_times_lgd_times_ead():
    # 200,000 at 2 %, of which a quarter is lost; and 1,000 at 50 %, of which 110 % is owed and 80 % of that is lost.
    assert expected_loss(D("200000.00") * D("0.020000"), MORTGAGE) == 1000
    assert expected_loss(D("1000.00") * D("0.500000"), CARD) == 440
    assert exposure_at_default(D("1000.00"), CARD) == 1100


def test_expected_loss_is_not_rounded_however_large_the_portfolio_is():
    whole = D("99999999999999999999.99999999")  # 28 digits, the most that Decimal keeps by default
    third = Loss(lgd_pct=D("33.333333"), ead_pct=D("100"))
    assert expected_loss(whole, third) == D("33333332999999999999.9999999966666667")


def test_an_amount_is_rounded_half_up_to_the_cent():
    assert [cents(D(amount)) for amount in ("0.005", "0.0149999", "2.675")] == [D("0.01"), D("0.01"), D("2.68")]


def test_a_share_of_nothing_is_unknown():
    assert percent_of(D(1), D(3)) == D("33.333333")
    assert percent_of(D(0), D(0)) is None


@pytest.mark.parametrize(
    ("amounts", "index"),
    [(["7"], 10_000), (["50", "50"], 5_000), (["60", "30", "10"], 4_600), (["1"] * 100, 100)],
)
def test_the_herfindahl_hirschman_index_is_that_of_textbooks(amounts: list[str], index: int):
    assert herfindahl_index(map(D, amounts)) == index


def test_the_index_of_an_empty_portfolio_is_unknown():
    assert herfindahl_index([]) is None
    assert herfindahl_index([D(0)]) is None


def test_a_product_without_losses_in_the_policy_is_named_with_the_remedy():
    with pytest.raises(SettingError, match=r"losses has no product boat_loan, .* Add its lgd_pct and ead_pct"):
        loss_of("boat_loan", {"mortgage": MORTGAGE})
