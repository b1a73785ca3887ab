"""The offer taken for a loan and the borrowers who may get it, on staged rows; each verdict written by hand."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.judging import Refi, Row
from tests.support.sources import Sources


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path)


# Offers nobody should get.


@pytest.mark.parametrize(
    ("loan", "reasons"),
    [
        ({"remaining_balance_state": "paid_off"}, ["loan_paid_off"]),
        ({"loan_type_state": "paid_off"}, ["loan_paid_off"]),
        ({"loan_status_state": "paid_off"}, ["loan_paid_off"]),
        ({"loan_status_state": "another_state"}, []),
        ({"loan_type_state": "another_state", "loan_status_state": "paid_off"}, ["loan_paid_off"]),
        ({"lien_position": 2}, ["not_first_lien"]),
        ({"lien_position": 1}, []),
        ({"lien_position": None}, []),
        ({"late_payments_12m": 9}, []),
        ({"lien_position": 2, "loan_type_state": "paid_off"}, ["loan_paid_off", "not_first_lien"]),
    ],
)
def test_a_loan_that_is_paid_off_or_not_first_in_rank_gets_no_offer(loan: Row, reasons: list[str]) -> None:
    assert Refi(loan_information=[loan]).reasons == reasons


@pytest.mark.parametrize(
    ("cells", "reasons"),
    [
        ({"remaining_balance": "0"}, ["loan_paid_off"]),
        ({"remaining_balance": "-0.01"}, ["loan_paid_off"]),
        ({"remaining_balance": " Paid In Full "}, ["loan_paid_off"]),
        ({"remaining_balance": "0.01"}, []),
        ({"remaining_balance": "none of it is paid off"}, []),
        ({"loan_type": "CLOSED"}, ["loan_paid_off"]),
        ({"loan_status": "paid off"}, ["loan_paid_off"]),
        ({"loan_status": "Closed-end"}, []),
    ],
)
def test_the_state_of_a_loan_is_read_from_the_cells_of_the_file(
    sources: Sources, cells: Row, reasons: list[str]
) -> None:
    """Such a balance became null and was ignored: borrowers without a debt got an offer."""
    staged = sources.stage_rows("loan_information", cells)
    assert Refi(loan_information=staged.accepted).reasons == reasons


@pytest.mark.parametrize(
    ("minimum", "saving", "reasons"),
    [
        ("0", "-0.01", ["savings_below_min"]),
        ("0", "0", []),
        ("0", None, []),
        ("50", "49.99", ["savings_below_min"]),
        ("50", "50", []),
        ("-20", "-20", []),
    ],
)
def test_a_borrower_who_would_save_less_than_the_minimum_gets_no_offer(
    minimum: str, saving: str | None, reasons: list[str]
) -> None:
    refi = Refi(policy={"min_monthly_savings_usd": minimum}, market_equity=[{"monthly_savings_est": saving}])
    assert refi.reasons == reasons


@pytest.mark.parametrize(
    ("score", "reasons"),
    [(619, ["credit_score_below_min"]), (620, []), (None, ["credit_score_missing"])],
)
def test_a_credit_score_matters_if_the_policy_limits_it(score: int | None, reasons: list[str]) -> None:
    borrower = [{"credit_score": score}]
    assert Refi(policy={"min_credit_score": 620}, borrower_information=borrower).reasons == reasons
    assert Refi(borrower_information=borrower).reasons == []


@pytest.mark.parametrize(
    ("late", "reasons"),
    [(2, ["late_payments_above_max"]), (1, []), (None, ["late_payments_missing"])],
)
def test_late_payments_matter_if_the_policy_limits_them(late: int | None, reasons: list[str]) -> None:
    loan = [{"late_payments_12m": late}]
    assert Refi(policy={"max_late_payments_12m": 1}, loan_information=loan).reasons == reasons
    assert Refi(loan_information=loan).reasons == []


# Several offers for a home.


def taken(*offers: Row, **more: Any) -> list[Any]:
    """The product of the taken offer."""
    return Refi(market_equity=list(offers), **more).rows("refi_eligibility", "product")


def test_of_two_offers_the_one_under_which_the_borrower_is_eligible_is_taken() -> None:
    """30Y saves more, but its rate is only 0.75 below the borrower's."""
    refi = Refi(
        market_equity=[
            {"product": "30Y", "market_rate_offer": "5.75", "monthly_savings_est": "300"},
            {"product": "15Y", "market_rate_offer": "5.25", "monthly_savings_est": "20"},
        ]
    )
    assert refi.rows("refi_eligibility", "product, rate_spread, is_eligible") == [("15Y", Decimal("1.25"), True)]
    assert refi.rows("judged_offer", "product, is_taken, ineligibility_reasons") == [
        ("15Y", True, []),
        ("30Y", False, ["spread_below_min"]),
    ]
    assert refi.rows("unified_refi_dataset", "product, market_rate_offer") == [("15Y", Decimal("5.25"))]


def test_the_taken_offer_saves_most_then_has_the_lowest_rate_the_longest_term_and_the_first_product() -> None:
    assert taken({"product": "A", "monthly_savings_est": "99.99"}, {"product": "B"}) == ["B"]
    assert taken({"product": "A"}, {"product": "B", "market_rate_offer": "4.999"}) == ["B"]
    assert taken({"product": "A", "term_months": 180}, {"product": "B", "term_months": 360}) == ["B"]
    assert taken({"product": "b"}, {"product": "B"}, {"product": "a"}) == ["B"], "by bytes"


def test_an_offer_with_an_unknown_value_is_taken_last() -> None:
    assert taken({"product": "A", "monthly_savings_est": None}, {"product": "B", "monthly_savings_est": "0"}) == ["B"]
    assert taken({"product": "A", "term_months": None}, {"product": "B", "term_months": 1}) == ["B"]
    assert taken({"product": None}, {"product": "Z"}) == ["Z"]


def test_without_an_eligible_offer_the_best_one_gives_the_reasons() -> None:
    refi = Refi(
        market_equity=[
            {"product": "A", "market_rate_offer": "6", "monthly_savings_est": "30"},
            {"product": "B", "market_rate_offer": "5.9", "monthly_savings_est": "-5"},
        ]
    )
    assert refi.reasons == ["spread_below_min"]
    assert refi.rows("refi_eligibility", "product") == ["A"]


def test_each_loan_is_judged_against_each_offer_of_its_home() -> None:
    refi = Refi(
        loan_information=[{}, {"loan_id": "L2", "current_interest_rate": "5.5"}],
        market_equity=[{"product": "A"}, {"product": "B", "market_rate_offer": "4.5", "monthly_savings_est": "50"}],
    )
    assert refi.rows("judged_offer", "loan_id, product, is_eligible, is_taken") == [
        ("L1", "A", True, True),
        ("L1", "B", True, False),
        ("L2", "A", False, False),
        ("L2", "B", True, True),
    ]


@pytest.mark.parametrize("own", ["own", "Own", "OWN"])
@pytest.mark.parametrize("other", ["Rival Bank", None, "owner"])
def test_only_own_offers_are_taken_even_if_other_lenders_offer_more(own: str, other: str | None) -> None:
    better = {"offered_by": other, "market_rate_offer": "4", "monthly_savings_est": "900"}
    refi = Refi(market_equity=[{"offered_by": own}, better])
    assert refi.rows("refi_eligibility", "market_rate_offer") == [Decimal(5)]
    assert refi.rows("judged_offer", "is_own, is_taken, is_eligible") == [(False, False, True), (True, True, True)]


def test_a_borrower_whose_home_has_only_other_lenders_offers_is_unmatched() -> None:
    refi = Refi(
        borrower_information=[{}, {"borrower_id": "B2", "property_id": "P2"}, {"borrower_id": "B3"}],
        loan_information=[{}, {"loan_id": "L2", "borrower_id": "B2"}],
        market_equity=[{"offered_by": "Rival Bank"}, {"offered_by": None, "product": "15Y"}],
    )
    assert refi.rows("unmatched_borrowers", "borrower_id, reason") == [
        ("B1", "no_own_offer"),
        ("B2", "no_market_data"),
        ("B3", "no_loan"),
    ]
    assert refi.rows("unified_refi_dataset", "borrower_id") == []


def test_without_the_column_offered_by_every_offer_is_own_and_an_empty_cell_in_it_is_not(sources: Sources) -> None:
    absent = sources.stage_rows("market_equity", {})
    assert Refi(market_equity=absent.accepted).audience == ["B1"]
    empty = sources.stage_rows("market_equity", {"offered_by": ""})
    assert empty.accepted[0]["offered_by"] is None
    assert Refi(market_equity=empty.accepted).rows("unmatched_borrowers", "reason") == ["no_own_offer"]


def test_a_file_without_the_column_has_own_offers_beside_one_that_has_it(sources: Sources) -> None:
    header = "property_id,market_rate_offer,ltv_ratio,monthly_savings_est"
    files = {
        "a.csv": f"{header}\nP1,5,70,1\nP2,5,70,1\n",
        "b.csv": f"{header},offered_by\nP1,4,70,1,own\nP2,4,70,1,Rival Bank\n",
    }
    staged = sources.stage("market_equity", {name: text.encode() for name, text in files.items()})
    assert [(row["property_id"], row["offered_by"]) for row in staged.accepted] == [("P2", "own"), ("P2", "Rival Bank")]
    assert {reason for _, reason, _ in staged.reasons} == {"conflicting_key"}, "P1 has two own offers at two rates"


# Joint loans.


def joint(*loans: Row, home: str | None = "P1", **more: Any) -> Refi:
    """Loan L1, owed by B1, B2 and so on, whose own homes are P1, P2 and so on; the market has an offer for each."""
    homes = [{"property_id": f"P{n}"} for n in range(1, len(loans) + 1)]
    return Refi(
        borrower_information=[{"borrower_id": f"B{n}", "property_id": f"P{n}"} for n in range(1, len(loans) + 1)],
        loan_information=[{"borrower_id": f"B{n}", "property_id": home, **loan} for n, loan in enumerate(loans, 1)],
        **{"market_equity": homes, "borrower_engagement": []} | more,
    )


def test_each_borrower_of_a_joint_loan_is_judged_and_one_gets_the_letter() -> None:
    refi = joint({}, {})
    assert refi.rows("refi_eligibility", "borrower_id, is_eligible, letter_to") == [
        ("B1", True, None),
        ("B2", True, "B1"),
    ]
    assert refi.audience == ["B1"]
    assert refi.measured("refi_eligibility")["eligible"] == 2
    assert refi.measured("refi_eligibility")["letter to another"] == 1


def test_the_primary_gets_the_letter() -> None:
    refi = joint({"borrower_role": "co"}, {"borrower_role": "primary"})
    assert refi.audience == ["B2"]
    assert refi.rows("refi_eligibility", "borrower_id, letter_to") == [("B1", "B2"), ("B2", None)]


def test_a_primary_who_is_not_eligible_leaves_the_letter_to_another() -> None:
    refi = Refi(
        policy={"min_credit_score": 620},
        borrower_information=[{"credit_score": 600}, {"borrower_id": "B2", "credit_score": 700}],
        loan_information=[{"borrower_role": "primary"}, {"borrower_id": "B2", "borrower_role": "co"}],
    )
    assert refi.audience == ["B2"]
    assert refi.rows("refi_eligibility", "borrower_id, is_eligible, letter_to") == [
        ("B1", False, None),
        ("B2", True, None),
    ]


def test_the_smallest_id_is_that_by_bytes() -> None:
    refi = Refi(
        borrower_information=[{"borrower_id": "b1"}, {"borrower_id": "B9"}, {"borrower_id": "B10"}],
        loan_information=[{"borrower_id": "b1"}, {"borrower_id": "B9"}, {"borrower_id": "B10"}],
    )
    assert refi.audience == ["B10"]


def test_the_policy_may_send_each_borrower_a_letter() -> None:
    refi = joint({}, {}, policy={"letters_per_loan": "each"})
    assert refi.audience == ["B1", "B2"]
    assert refi.rows("refi_eligibility", "letter_to") == [None, None]


def test_a_borrower_without_the_letter_of_one_loan_may_get_that_of_another() -> None:
    refi = Refi(
        borrower_information=[{}, {"borrower_id": "B2"}],
        loan_information=[
            *({}, {"borrower_id": "B2"}),
            {"loan_id": "L2", "borrower_id": "B2", "current_interest_rate": "6.25"},
        ],
    )
    assert refi.rows("refi_audience", "borrower_id, loan_id") == [("B1", "L1"), ("B2", "L2")]


def test_loans_without_an_id_are_not_one_joint_loan() -> None:
    loans: list[Row] = [{"loan_id": None}, {"loan_id": None, "borrower_id": "B2"}]
    refi = Refi(borrower_information=[{}, {"borrower_id": "B2"}], loan_information=loans)
    assert refi.audience == ["B1", "B2"]


@pytest.mark.parametrize(
    ("roles", "home"),
    [
        ((None, None), "P1"),
        (("co", "primary"), "P2"),
        (("co", "co"), "P1"),
        (("primary", "co"), "P1"),
        ((None, None, "primary"), "P3"),
    ],
)
def test_a_joint_loan_that_names_no_home_is_secured_on_the_primarys(roles: tuple[str | None, ...], home: str) -> None:
    refi = joint(*({"borrower_role": role} for role in roles), home=None)
    assert refi.rows("unified_refi_dataset", "property_id") == [home] * len(roles)


def test_a_primary_who_was_not_accepted_does_not_decide_the_home() -> None:
    refi = Refi(
        borrower_information=[{"borrower_id": "B2", "property_id": "P2"}, {"borrower_id": "B3", "property_id": "P3"}],
        loan_information=[
            {"borrower_id": "B1", "borrower_role": "primary"},
            *({"borrower_id": "B3"}, {"borrower_id": "B2"}),
        ],
        market_equity=[{"property_id": f"P{n}"} for n in (1, 2, 3)],
    )
    assert refi.rows("unified_refi_dataset", "borrower_id, property_id") == [("B2", "P2"), ("B3", "P2")]
    assert refi.audience == ["B2"]


def test_a_primary_without_a_known_home_leaves_the_loan_without_one() -> None:
    refi = Refi(
        borrower_information=[{"property_id": None}, {"borrower_id": "B2", "property_id": "P1"}],
        loan_information=[{"borrower_role": "primary"}, {"borrower_id": "B2"}],
    )
    assert refi.rows("unmatched_borrowers", "reason") == ["no_market_data"] * 2


# Consent.


@pytest.mark.parametrize(
    ("engagement", "opt_in", "because"),
    [
        ([{}], True, None),
        ([{"sms_opt_in": False}], False, "said_no"),
        ([{"sms_opt_in": None}], False, "no_answer"),
        ([], False, "no_engagement"),
        ([{"borrower_id": "B2"}], False, "no_engagement"),
    ],
)
def test_a_borrower_without_an_opt_in_gets_no_text_messages(
    engagement: list[Row], opt_in: bool, because: str | None
) -> None:
    """An empty sms_opt_in was published, and readers interpreted it as they liked."""
    refi = Refi(borrower_engagement=engagement)
    assert refi.rows("refi_audience", "sms_opt_in, no_sms_because") == [(opt_in, because)]
    assert refi.measured("refi_audience") == {"tier: Immediate Action": 1, f"sms: {because or 'yes'}": 1}


def test_a_quarantined_engagement_row_is_not_an_opt_in(sources: Sources) -> None:
    staged = sources.stage_rows("borrower_engagement", {"sms_opt_in": "true", "paperless_billing": "maybe"})
    assert staged.reasons == [(1, "not_a_boolean", "paperless_billing")]
    assert Refi(borrower_engagement=staged.accepted).rows("refi_audience", "sms_opt_in") == [False]


@pytest.mark.parametrize(
    ("answers", "opt_in", "because"),
    [
        ({"B1": True, "B2": True, "B3": True}, True, None),
        ({"B1": True, "B2": True}, False, "no_engagement"),
        ({"B1": True, "B2": None}, False, "no_answer"),
        ({"B1": True, "B2": None, "B3": False}, False, "said_no"),
    ],
)
def test_every_record_of_a_person_must_opt_in(
    answers: dict[str, bool | None], opt_in: bool, because: str | None
) -> None:
    """B3 has no loan, and still counts."""
    refi = Refi(
        persons={"B1": "Ada", "B2": "Ada", "B3": "Ada"},
        borrower_information=[{}, {"borrower_id": "B2"}, {"borrower_id": "B3"}],
        borrower_engagement=[{"borrower_id": borrower, "sms_opt_in": answer} for borrower, answer in answers.items()],
    )
    assert refi.rows("refi_audience", "person_id, sms_opt_in, no_sms_because") == [("Ada", opt_in, because)]


def test_the_other_flags_stay_as_they_are() -> None:
    refi = Refi(borrower_engagement=[{"paperless_billing": None, "email_open_last_30d": True, "sms_opt_in": None}])
    assert refi.rows("refi_audience", "paperless_billing, email_open_last_30d, mobile_app_login_last_30d") == [
        (None, True, None)
    ]
