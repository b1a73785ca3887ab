"""Each feature by hand, on rows in memory; what is unknown stays unknown, and what is dated later changes nothing."""

import math
from datetime import date, timedelta
from fractions import Fraction
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refi_assets.errors import ModelError
from refi_assets.ml.feature_session import Feature, FeatureSession, declared_features, input_columns

DAY = date(2026, 2, 20)
SESSION = FeatureSession()

Rows = list[dict[str, Any]]


def values(as_of: date = DAY, /, **inputs: Rows) -> dict[str, Any]:
    """The features of customer C1, who has these rows."""
    subject = [{"customer_id": "C1", "as_of": as_of}]
    (row,) = SESSION.compute({"subject": subject, **{name: of_customer(rows) for name, rows in inputs.items()}})
    assert (row.pop("customer_id"), row.pop("as_of")) == ("C1", as_of)
    return row


def of_customer(rows: Rows) -> Rows:
    return [{"customer_id": "C1", **row} for row in rows]


def test_without_any_rows_every_feature_is_unknown() -> None:
    assert values() == dict.fromkeys(declared_features())


def test_every_feature_has_a_unit_a_meaning_and_where_its_definition_comes_from() -> None:
    assert all(feature.unit and feature.description for feature in declared_features().values())
    assert declared_features()["worst_payment_delay_3m"] == Feature(
        "worst_payment_delay_3m",
        "months",
        "rises",
        "Longest delay of the newest 3 months.",
        "ml/features/payment_delay",
    )
    units = {name: (feature.unit, feature.risk) for name, feature in declared_features().items()}
    assert {name: unit for name, unit in units.items() if "payment_delay" not in name} == {
        "debt_to_income": ("ratio", "rises"),
        "loan_to_value": ("percent", "rises"),
        "combined_ltv": ("percent", "rises"),
        "credit_utilization": ("ratio", "rises"),
        "income_variation": ("ratio", "rises"),
        "savings_rate": ("ratio", "falls"),
        "account_age": ("months", "falls"),
        "balance_trend": ("USD a month", "falls"),
        "overdrafts_12m": ("times", "rises"),
        "transactions_90d": ("transactions", None),
        "largest_payout_share_90d": ("ratio", None),
    }


# --- Debt to income ---------------------------------------------------------------------------------------------------


def stated(stated_on: date, income: str | None, debt: str | None) -> dict[str, Any]:
    return {"stated_on": stated_on, "gross_monthly_income": income, "monthly_debt": debt}


@pytest.mark.parametrize(
    ("income", "debt", "ratio"),
    [
        *(("5000", "1400", 0.28), ("5000", "0", 0.0), ("1000.00", "2500.50", 2.5005)),
        *(("0", "1400", None), (None, "1400", None), ("5000", None, None), (None, None, None)),
    ],
)
def test_debt_to_income(income: str | None, debt: str | None, ratio: float | None) -> None:
    assert values(statement=[stated(DAY, income, debt)])["debt_to_income"] == ratio


def test_the_newest_statement_counts_though_it_is_incomplete() -> None:
    older = stated(date(2026, 1, 1), "5000", "1000")
    assert values(statement=[stated(date(2026, 2, 1), "4000", "1000"), older])["debt_to_income"] == 0.25
    assert values(statement=[stated(date(2026, 2, 1), None, "1000"), older])["debt_to_income"] is None
    assert values(statement=[stated(date(2026, 2, 21), "1", "1"), older])["debt_to_income"] == 0.2


def test_of_two_statements_of_a_day_the_worse_one_counts() -> None:
    both = [stated(DAY, "5000", "1000"), stated(DAY, "4000", "2000"), stated(DAY, "2500", "2000")]
    assert values(statement=both)["debt_to_income"] == values(statement=both[::-1])["debt_to_income"] == 0.8


# --- Loan to value ----------------------------------------------------------------------------------------------------


def lien(lien_id: str, position: int, reported_on: date, balance: int | None) -> dict[str, Any]:
    return {"lien_id": lien_id, "lien_position": position, "reported_on": reported_on, "balance": balance}


HOME = [{"valued_on": date(2025, 3, 1), "value": 200_000}]
FIRST = lien("a", 1, date(2025, 6, 1), 150_000)


def ltv(liens: Rows, homes: Rows = HOME) -> tuple[float | None, float | None]:
    row = values(lien=liens, property=homes)
    return row["loan_to_value"], row["combined_ltv"]


def test_loan_to_value_counts_the_first_lien_and_combined_ltv_all_of_them() -> None:
    second = [lien("b", 2, date(2025, 7, 1), 20_000), lien("b", 2, date(2025, 6, 1), 40_000)]
    assert ltv([FIRST]) == (75.0, 75.0)
    assert ltv([FIRST, *second]) == (75.0, 85.0)
    assert ltv([FIRST, lien("a", 1, date(2025, 9, 1), 0)]) == (0.0, 0.0)


def test_a_loan_to_value_with_an_unknown_part_is_unknown() -> None:
    assert ltv([FIRST, lien("b", 2, DAY, None)]) == (75.0, None)
    assert ltv([lien("a", 1, DAY, None)]) == (None, None)
    assert ltv([]) == (None, None)
    assert ltv([FIRST], []) == (None, None)
    assert ltv([FIRST], [{"valued_on": DAY, "value": None}, *HOME]) == (None, None)


# --- Credit utilization -----------------------------------------------------------------------------------------------


def line(line_id: str, balance: int | None, limit: int | None, reported_on: date = DAY) -> dict[str, Any]:
    return {"line_id": line_id, "reported_on": reported_on, "balance": balance, "credit_limit": limit}


@pytest.mark.parametrize(
    ("lines", "utilization"),
    [
        ([line("a", 500, 1000), line("b", 1500, 3000)], 0.5),
        ([line("a", 500, 1000), line("a", 900, 1000, date(2026, 1, 1))], 0.5),
        ([line("a", 1200, 1000)], 1.2),
        ([line("a", 0, 1000)], 0.0),
        ([line("a", 500, 1000), line("b", 10, None)], None),
        ([line("a", 500, 1000), line("b", None, 1000)], None),
        ([line("a", 0, 0)], None),
        ([line("a", 500, 1000, DAY + timedelta(1))], None),
    ],
)
def test_credit_utilization_is_of_all_lines(lines: Rows, utilization: float | None) -> None:
    assert values(credit_line=lines)["credit_utilization"] == utilization


# --- Payment delay ----------------------------------------------------------------------------------------------------


def paid(due_on: date, paid_on: date | None) -> dict[str, Any]:
    return {"due_on": due_on, "paid_on": paid_on}


def told(text: str | None, reported_on: date = DAY) -> dict[str, Any]:
    return {"reported_on": reported_on, "payment_history": text}


def delays(row: dict[str, Any]) -> list[float | None]:
    """Worst of 3, 6 and 12 months, then the means."""
    return [row[f"{kind}_payment_delay_{months}m"] for kind in ("worst", "mean") for months in (3, 6, 12)]


PAYMENTS = [
    paid(date(2026, 2, 5), None),  # 15 days
    paid(date(2026, 1, 5), date(2026, 2, 10)),  # 36 days
    paid(date(2025, 12, 5), date(2025, 12, 1)),
    paid(date(2025, 10, 5), date(2026, 1, 20)),  # 107 days
    paid(date(2025, 3, 5), None),  # 352 days
    paid(date(2025, 2, 5), None),  # before the twelve months
]
DELAYS = [1.0, 3.0, 6.0, 1 / 3, 1.0, 2.0]


def test_payment_delay_from_payments() -> None:
    assert delays(values(payment=PAYMENTS)) == DELAYS


def test_payment_delay_from_a_text_of_the_same_months_is_the_same() -> None:
    assert delays(values(payment_history=[told("010.3......66")])) == DELAYS


def test_of_payments_and_a_text_the_longer_delay_of_each_month_counts() -> None:
    assert delays(values(payment=PAYMENTS, payment_history=[told("2")])) == [2, 3, 6, 1, 1.5, 2.4]


def test_an_older_text_begins_with_its_own_month() -> None:
    assert delays(values(payment_history=[told("01", date(2025, 12, 31))])) == [0, 1, 1, 0, 0.5, 0.5]


def test_the_newest_text_counts() -> None:
    assert delays(values(payment_history=[told("000"), told("666", date(2026, 1, 31))])) == [0] * 6


@pytest.mark.parametrize("text", ["............", ".", "", None, "xyz 9-", "0" * 0, "\uff17", ". .. "])
def test_months_in_which_nothing_was_due_are_not_on_time(text: str | None) -> None:
    assert delays(values(payment_history=[told(text)])) == [None] * 6


@pytest.mark.parametrize(
    ("days", "months"),
    [
        *((0, 0), (29, 0), (30, 1), (59, 1), (60, 2), (89, 2), (90, 3), (119, 3), (120, 4), (149, 4), (150, 5)),
        *((179, 5), (180, 6), (350, 6)),
    ],
)
def test_a_month_late_is_thirty_days(days: int, months: int) -> None:
    due_on = date(2025, 3, 1)
    expected = [None, None, months, None, None, months]
    assert delays(values(payment=[paid(due_on, due_on + timedelta(days))])) == expected


def test_a_payment_is_late_from_the_day_on_which_it_is_due() -> None:
    due_on = date(2026, 1, 5)
    assert [values(day, payment=[paid(due_on, None)])["worst_payment_delay_3m"] for day in (
        *(date(2026, 1, 4), due_on, date(2026, 2, 3), date(2026, 2, 4)),
    )] == [None, 0, 0, 1]  # fmt: skip


# --- Income, savings, accounts ----------------------------------------------------------------------------------------


def months_before(*amounts: int | None) -> Rows:
    """Income of months, the newest first: January 2026, December 2025, …; None is a month without a row."""
    months = [date(2026 - (number + 11) // 12, 12 - (number + 11) % 12, 28) for number in range(len(amounts))]
    return [
        {"received_on": month, "amount": amount}
        for month, amount in zip(months, amounts, strict=True)
        if amount is not None
    ]


@pytest.mark.parametrize(
    ("incomes", "counted"),
    [
        ([1000, 3000] * 6, [1000, 3000] * 6),
        ([1000, 3000] * 12, [1000, 3000] * 6),
        ([2000] * 12, [2000] * 12),
        ([3000, 3000, 1500], [3000, 3000, 1500]),
        ([None, 3000, 3000], [0, 3000, 3000]),  # it stopped
        ([None, None, 4000, None, 4000], [0, 0, 4000, 0, 4000]),
        ([4000, *[None] * 20, 4000], [4000, *[0] * 11]),
    ],
)
def test_income_variation_is_the_deviation_over_the_mean(incomes: list[int | None], counted: list[int]) -> None:
    expected = stdev(counted) / mean(counted)
    assert values(income=months_before(*incomes))["income_variation"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("incomes", [[], [3000], [3000, 1000], [0, 0, 0, 0], [None] * 12 + [3000] * 12])
def test_income_variation_of_too_few_incomes_is_unknown(incomes: list[int | None]) -> None:
    assert values(income=months_before(*incomes))["income_variation"] is None


def test_incomes_of_a_month_are_added_and_the_month_of_the_day_does_not_count() -> None:
    split = [{**row, "amount": row["amount"] / 2} for row in months_before(1000, 3000, 2000)] * 2
    now = {"received_on": DAY, "amount": 99_000}
    assert values(income=[*split, now])["income_variation"] == values(income=months_before(1000, 3000, 2000))[
        "income_variation"
    ] == pytest.approx(0.5)  # fmt: skip


def booked(booked_on: date, amount: int) -> dict[str, Any]:
    return {"booked_on": booked_on, "amount": amount}


@pytest.mark.parametrize(
    ("movements", "rate"),
    [
        ([booked(date(2026, 1, 31), 3000), booked(date(2025, 8, 1), -2400)], 0.2),
        ([booked(date(2026, 1, 31), 3000), booked(date(2025, 7, 31), -2400)], 1.0),
        ([booked(date(2026, 1, 31), 3000), booked(date(2026, 2, 1), -2400)], 1.0),
        ([booked(date(2026, 1, 31), 1000), booked(date(2026, 1, 31), -1500)], -0.5),
        ([booked(date(2026, 1, 31), -1500)], None),
        ([booked(date(2026, 2, 1), 1500)], None),
    ],
)
def test_savings_rate_is_of_the_last_six_whole_months(movements: Rows, rate: float | None) -> None:
    assert values(transaction=movements)["savings_rate"] == rate


@pytest.mark.parametrize(
    ("opened", "months"),
    [
        *(([date(2024, 2, 20)], 24), ([date(2024, 2, 21)], 23), ([date(2026, 2, 20)], 0), ([date(2025, 12, 31)], 1)),
        *(([date(2024, 2, 20), date(2012, 2, 20)], 168), ([date(2026, 2, 21)], None), ([None], None)),
    ],
)
def test_account_age_is_in_whole_months_of_the_oldest_account(opened: list[date], months: int | None) -> None:
    assert values(account=[{"opened_on": day} for day in opened])["account_age"] == months


def balances(*pairs: tuple[date, int]) -> Rows:
    return [{"balance_on": day, "balance": balance} for day, balance in pairs]


ENDS = [date(2025, 9, 30), date(2025, 10, 31), date(2025, 11, 30), date(2025, 12, 31), date(2026, 1, 31), DAY]


@pytest.mark.parametrize("amounts", [[5, 1, 9, 2, 8, 4], [900, 700, -100, 50, 0, 1200], [7] * 6])
def test_balance_trend_is_the_slope_of_the_last_balances_of_six_months(amounts: list[int]) -> None:
    expected = np.polyfit(range(6), amounts, 1)[0]
    rows = balances(*zip(ENDS, amounts, strict=True), (date(2025, 8, 31), 10**6), (date(2026, 1, 30), 10**6))
    assert values(balance=rows)["balance_trend"] == pytest.approx(expected, abs=1e-9)


def test_balance_trend_knows_the_time_between_months_and_needs_three() -> None:
    assert values(balance=balances((ENDS[0], 0), (ENDS[1], 100), (ENDS[5], 500)))["balance_trend"] == 100
    assert values(balance=balances((ENDS[0], 0), (ENDS[5], 500)))["balance_trend"] is None


@pytest.mark.parametrize(
    ("amounts", "overdrafts"),
    [([1, -1, -2, 3, -4, 5], 2), ([-1, -1, 1, 1, 1, 1], 1), ([0, 0, 0, 0, 0, 0], 0), ([-1, 0, -1, 0, -1, 0], 3)],
)
def test_an_overdraft_is_a_fall_below_zero(amounts: list[int], overdrafts: int) -> None:
    assert values(balance=balances(*zip(ENDS, amounts, strict=True)))["overdrafts_12m"] == overdrafts


def test_overdrafts_are_of_twelve_months() -> None:
    fell = balances((date(2025, 2, 28), -1), (date(2025, 3, 31), -1))
    assert values(balance=fell)["overdrafts_12m"] == 0, "it fell before"
    assert values(balance=fell[1:])["overdrafts_12m"] == 1
    assert values(balance=fell[:1])["overdrafts_12m"] is None


def test_transaction_patterns_are_of_ninety_days() -> None:
    recent = [booked(DAY, -60), booked(DAY - timedelta(89), -40), booked(DAY, 500)]
    old = booked(DAY - timedelta(90), -1000)
    patterns = [values(transaction=rows) for rows in ([*recent, old], [old], recent[2:])]
    assert [row["transactions_90d"] for row in patterns] == [3, 0, 1]
    assert [row["largest_payout_share_90d"] for row in patterns] == [0.6, None, None]


# --- The clock --------------------------------------------------------------------------------------------------------

DATES = {
    "statement": "stated_on",
    "credit_line": "reported_on",
    "property": "valued_on",
    "lien": "reported_on",
    "account": "opened_on",
    "payment": "due_on",
    "payment_history": "reported_on",
    "income": "received_on",
    "balance": "balance_on",
    "transaction": "booked_on",
}


def test_every_input_has_a_date() -> None:
    assert DATES.keys() == input_columns().keys() - {"subject"}


def cells(column: str, sql_type: str) -> st.SearchStrategy[Any]:
    if column == "payment_history":
        return st.text(st.sampled_from("0123456. "), max_size=14)
    if column == "lien_position":
        return st.integers(1, 2)
    if sql_type == "DATE":
        return st.dates(date(2024, 12, 1), date(2026, 12, 31))
    if sql_type.startswith("DECIMAL"):
        return st.one_of(st.none(), st.integers(-5, 5000))
    return st.sampled_from(["a", "b"])


def rows_of(name: str) -> st.SearchStrategy[Rows]:
    columns = {c: t for c, t in input_columns()[name].items() if c != "customer_id"}
    row = st.fixed_dictionaries({column: cells(column, sql_type) for column, sql_type in columns.items()})
    return st.lists(row, max_size=8)


@settings(max_examples=25)
@given(
    st.fixed_dictionaries({name: rows_of(name) for name in DATES}),
    st.dates(date(2025, 6, 1), date(2026, 6, 30)),
    st.integers(1, 400),
)
def test_rows_dated_later_move_no_value_of_the_past(inputs: dict[str, Rows], as_of: date, days: int) -> None:
    known = {name: of_customer([row for row in rows if row[DATES[name]] <= as_of]) for name, rows in inputs.items()}
    for payment in known["payment"]:
        payment["paid_on"] = payment["paid_on"] if payment["paid_on"] <= as_of else None
    subject = {"customer_id": "C1", "as_of": as_of}
    later = {**subject, "as_of": as_of + timedelta(days)}
    extended = {name: of_customer(rows) for name, rows in inputs.items()}
    (then,) = SESSION.compute({"subject": [subject], **known})
    now = SESSION.compute({"subject": [subject, later], **extended})
    assert [row for row in now if row["as_of"] == as_of] == [then]


def test_rows_dated_later_count_later() -> None:
    """So that the test above is not about rows that never count."""
    later = date(2026, 5, 20)
    first = {
        "statement": [stated(DAY, "5000", "1000")],
        "property": HOME,
        "lien": [FIRST],
        "credit_line": [line("a", 500, 1000)],
        "payment": [paid(date(2026, 2, 5), date(2026, 2, 5))],
        "income": months_before(1000, 1000, 1000),
        "account": [{"opened_on": date(2025, 5, 1)}],
        "balance": balances((ENDS[3], 1), (ENDS[4], 2), (ENDS[5], 3)),
        "transaction": [booked(date(2026, 1, 5), 1000), booked(DAY, -20)],
    }
    more = {
        "statement": [stated(later, "5000", "2000")],
        "property": [{"valued_on": later, "value": 100_000}],
        "lien": [],
        "credit_line": [line("a", 900, 1000, later)],
        "payment": [paid(date(2026, 4, 1), None), paid(date(2026, 5, 1), None)],
        "income": [],
        "account": [],
        "balance": balances((date(2026, 4, 30), -5), (later, -1)),
        "transaction": [booked(date(2026, 4, 5), -500), booked(later, -5)],
    }
    both = {name: [*rows, *more[name]] for name, rows in first.items()}
    then, now = values(DAY, **both), values(later, **both)
    assert then == values(DAY, **first)
    assert [name for name in declared_features() if then[name] == now[name]] == []


# --- Rows in memory ---------------------------------------------------------------------------------------------------


def test_customers_and_days_do_not_mix() -> None:
    subject = [{"customer_id": who, "as_of": day} for who in ("C1", "C2") for day in (DAY, DAY - timedelta(365))]
    accounts = [{"customer_id": "C1", "opened_on": date(2024, 2, 20)}, {"customer_id": "C3", "opened_on": DAY}]
    rows = SESSION.compute({"subject": subject, "account": accounts})
    assert {(row["customer_id"], row["as_of"]): row["account_age"] for row in rows} == {
        ("C1", DAY): 24,
        ("C1", DAY - timedelta(365)): 12,
        ("C2", DAY): None,
        ("C2", DAY - timedelta(365)): None,
    }


def test_chosen_features_are_computed_alone() -> None:
    row = {"customer_id": "C1", "as_of": DAY}
    session = FeatureSession(["combined_ltv", "account_age"])
    assert session.compute({"subject": [row]}) == [{**row, "account_age": None, "combined_ltv": None}]
    with pytest.raises(ModelError, match=r"^unknown features: age, zip; there are account_age, "):
        FeatureSession(["zip", "age", "account_age"])


def test_an_input_may_be_a_table() -> None:
    arrow = pytest.importorskip("pyarrow")
    accounts = arrow.table({"customer_id": ["C1"], "opened_on": [date(2024, 2, 20)]})
    (row,) = SESSION.compute({"subject": [{"customer_id": "C1", "as_of": DAY}], "account": accounts})
    assert row["account_age"] == 24


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"accounts": []}, r"^input 'accounts' is unknown; there are account, balance, "),
        (
            {"account": [{"opened": DAY}]},
            r"^input account: unknown columns: opened; there are customer_id, opened_on\.$",
        ),
        (
            {"account": [{"opened_on": "Ada's birthday"}]},
            r"^input account: a value does not fit; the columns are opened_on DATE",
        ),
        ({"income": [{"amount": math.nan}]}, r"^input income: a value does not fit; the columns are amount DECIMAL"),
        (
            {"subject": [{"customer_id": "C1", "as_of": DAY}] * 2},
            r"^input subject: .* each customer_id and as_of comes once",
        ),
        ({"subject": [{"customer_id": "C1"}]}, r"^input subject: .* each customer_id and as_of comes once"),
        ({"income": [{"amount": 10**20}]}, r"^input income: a value does not fit; the columns are amount DECIMAL"),
    ],
)
def test_a_mistake_in_the_rows_is_one_message_without_a_value(inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message) as refused:
        SESSION.compute({"subject": [{"customer_id": "C1", "as_of": DAY}], **inputs})
    assert "Ada" not in str(refused.value)
    assert values() == dict.fromkeys(declared_features()), "the next rows are computed as ever"


def test_a_ratio_is_divided_once_and_rounded_nowhere() -> None:
    ratio = values(statement=[stated(DAY, "3333.33", "1111.11")])["debt_to_income"]
    assert ratio == float(Fraction("1111.11") / Fraction("3333.33"))
