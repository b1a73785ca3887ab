"""Loans by customer, by cohort and by month: counted by hand, and beside someone else's aggregate of Berka's bank."""

import csv
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tests.banking.small_bank import SmallBank, joined, owned, transactions


def loan(loan_id, account_id, **more):
    return {"loan_id": loan_id, "account_id": account_id, **more}


def test_loans_of_a_client_of_two_accounts_are_in_one_row_for_each_currency():
    loans = [
        loan("L1", "A", amount="100.00", status="a"),
        loan("L2", "B", amount="200.01", status="b"),
        loan("L3", "B", amount="300.00", status="c"),
        loan("L4", "B", amount="50.00", status="d", currency="EUR"),
    ]
    bank = SmallBank(joined(owned("A", "B"), {"loan": loans}))
    assert bank.rows("gold/customer_loan_summary") == [
        ("C1", "CZK", 3, Decimal("600.01"), Decimal("200.00"), 1, 1, 1, 0),
        ("C1", "EUR", 1, Decimal("50.00"), Decimal("50.00"), 0, 0, 0, 1),
    ]


def test_a_loan_counts_for_the_owner_of_its_account_and_not_for_other_users():
    user = {"disposition_id": "user", "client_id": "C2", "account_id": "A", "role": "disponent"}
    bank = joined(owned("A"), {"client": [{"client_id": "C2"}], "disposition": [user], "loan": [loan("L1", "A")]})
    assert SmallBank(bank).rows("gold/customer_loan_summary", "client_id", "loans") == [("C1", 1)]


@pytest.mark.parametrize(("amounts", "mean"), [(("2.00", "0.01"), "1.01"), (("1.00", "0.01", "0.01"), "0.34")])
def test_a_mean_is_rounded_half_up(amounts, mean):
    """2.01 / 2 = 1.005, which is below that as a double."""
    loans = [loan(f"L{number}", "A", amount=amount) for number, amount in enumerate(amounts)]
    bank = SmallBank(joined(owned("A"), {"loan": loans}))
    assert bank.rows("gold/customer_loan_summary", "mean_amount") == [(Decimal(mean),)]


def test_a_cohort_counts_accounts_that_have_a_loan_each_once():
    bank = joined(
        owned("A", "B", "C", opened_on=date(2024, 1, 31)),
        {"account": [{"account_id": "D", "opened_on": date(2024, 2, 1)}]},
        {
            "loan": [
                loan("L1", "A", status="b"),
                loan("L2", "A", status="a"),
                loan("L3", "B"),
                loan("L4", "D", status="d"),
            ]
        },
    )
    assert SmallBank(bank).rows("gold/loan_cohort") == [
        ("2024-01", 2, 1, Decimal("50.000000")),
        ("2024-02", 1, 1, Decimal("100.000000")),
    ]


@pytest.mark.parametrize(("accounts", "rate"), [(3, "33.333333"), (6, "16.666667"), (512, "0.195313")])
def test_a_default_rate_is_rounded_half_up(accounts, rate):
    """100 / 512 = 0.1953125."""
    names = [f"A{number}" for number in range(accounts)]
    loans = [loan(name, name, status="c" if number else "b") for number, name in enumerate(names)]
    bank = SmallBank(joined(owned(*names), {"loan": loans}))
    assert bank.rows("gold/loan_cohort", "default_rate_pct") == [(Decimal(rate),)]


def test_cohorts_of_berkas_bank_are_those_that_someone_else_published(shared_data):
    folder = shared_data / "bank"
    with (folder / "account.asc").open() as accounts, (folder / "loan.asc").open() as loans:
        sources = {
            "account": [
                {"account_id": row["account_id"], "opened_on": _day(row["date"])}
                for row in csv.DictReader(accounts, delimiter=";")
            ],
            "loan": [
                loan(row["loan_id"], row["account_id"], granted_on=_day(row["date"]), status=row["status"].lower())
                for row in csv.DictReader(loans, delimiter=";")
            ],
        }
    with (folder / "expected_cohort_default_rate.csv").open() as file:
        expected = [
            (row["cohort_month"], int(row["total_accounts"]), int(row["defaulted_accounts"]), row["default_rate_pct"])
            for row in csv.DictReader(file)
        ]
    assert len(expected) == 60
    tenth = Decimal("0.1")
    cohorts = [
        (month, total, bad, str(rate.quantize(tenth, ROUND_HALF_UP)))
        for month, total, bad, rate in SmallBank(sources).rows("gold/loan_cohort")
    ]
    assert cohorts == expected


def _day(yymmdd):
    return date(1900 + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:]))


REPORTED = ("month", "granted", "loans", "exposure", "overdue")
ARREARS = ("arrears_30_days", "arrears_60_days", "arrears_90_days")


def paying(*days, **more):
    """An account with a loan of 12 payments of 100, granted on 10 January, and its payments on these days in 2024."""
    movements = (("01-09", "5000"), *((day, "-100") for day in days), ("06-30", "1"))
    rows = transactions("A", *movements)
    for row in rows[1:-1]:
        row["purpose"] = "uver"
    return joined(owned("A"), {"loan": [loan("L1", "A", granted_on=date(2024, 1, 10), **more)], "transaction": rows})


def test_a_loan_that_is_paid_on_time_is_not_in_arrears():
    bank = SmallBank(paying("02-10", "03-10", "04-10", "05-10", "06-10"))
    assert bank.rows("gold/compliance_report", *REPORTED) == [
        (date(2024, 1, 1), 1, 1, Decimal(1200), Decimal(0)),
        (date(2024, 2, 1), 0, 1, Decimal(1100), Decimal(0)),
        (date(2024, 3, 1), 0, 1, Decimal(1000), Decimal(0)),
        (date(2024, 4, 1), 0, 1, Decimal(900), Decimal(0)),
        (date(2024, 5, 1), 0, 1, Decimal(800), Decimal(0)),
        (date(2024, 6, 1), 0, 1, Decimal(700), Decimal(0)),
    ]
    assert bank.rows("gold/compliance_report", *ARREARS) == [(0, 0, 0)] * 6


def test_arrears_are_as_old_as_the_oldest_payment_that_is_not_made():
    """That of 10 March: 21 days old at the end of March, 51, 82 and 112 days at the ends of April, May and June."""
    bank = SmallBank(paying("02-10"))
    arrears = bank.rows("gold/compliance_report", *ARREARS, order="month")
    assert arrears == [(0, 0, 0), (0, 0, 0), (0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1)]
    overdue = bank.rows("gold/compliance_report", "overdue", order="month")
    assert overdue == [(Decimal(amount),) for amount in (0, 0, 100, 200, 300, 400)]


def test_a_late_payment_ends_arrears():
    bank = SmallBank(paying("02-10", "04-30", "05-01", "05-10", "06-10"))
    assert bank.rows("gold/compliance_report", "overdue", *ARREARS, order="month")[2:] == [
        (Decimal(100), 0, 0, 0),
        (Decimal(100), 0, 0, 0),  # that of 10 April, 20 days old
        (Decimal(0), 0, 0, 0),
        (Decimal(0), 0, 0, 0),
    ]


def test_a_loan_ends_with_its_last_payment_and_its_default_is_reported():
    bank = SmallBank(paying("02-10", "03-10", duration_months=3, status="b"))
    report = bank.rows("gold/compliance_report", "loans", "exposure", "defaults", order="month")
    assert report == [(1, 300, 1), (1, 200, 1), (1, 100, 1), (0, 100, 1), (0, 100, 1), (0, 100, 1)]


def test_loans_in_two_currencies_are_in_rows_of_their_own():
    bank = paying("02-10")
    bank["loan"].append(loan("L2", "A", granted_on=date(2024, 5, 31), currency="EUR"))
    report = SmallBank(bank).rows("gold/compliance_report", "currency", "month", "granted", "exposure")
    assert report[5:] == [
        ("CZK", date(2024, 6, 1), 0, Decimal(1100)),
        ("EUR", date(2024, 5, 1), 1, Decimal(1200)),
        ("EUR", date(2024, 6, 1), 0, Decimal(1200)),
    ]


def test_the_report_counts_the_rows_that_silver_refused_by_reason():
    bank = paying("02-10")
    bank["card"] = [{"card_id": "K", "disposition_id": "nobody"}]
    bank["loan"] += [loan("L2", "nobody"), loan("L3", "A", granted_on=date(2023, 12, 31))]
    report = SmallBank(bank).rows("gold/compliance_report", "quarantined_rows", "quarantined_by_reason")
    assert set(report) == {(3, "loan_before_account: 1, without_account: 1, without_disposition: 1")}
