"""Customers in one row each: accounts, money in one currency, products and loans, counted by hand."""

from datetime import date
from decimal import Decimal

from tests.banking.small_bank import SmallBank, joined, owned, transactions

MONEY = ("currencies", "currency", "closing_balance", "mean_inflow", "mean_outflow", "days_below_zero")


def user_of(account, client):
    return {"disposition_id": f"{account}-{client}", "client_id": client, "account_id": account, "role": "disponent"}


def test_a_client_of_two_accounts_is_one_customer_with_both_balances():
    booked = [
        *transactions("A", ("01-10", "100"), ("02-10", "-40")),
        *transactions("B", ("02-01", "-5"), ("02-03", "15")),
    ]
    rows = SmallBank(joined(owned("A", "B"), {"transaction": booked})).rows("gold/customer_360", *MONEY)
    # January: 100 in; February: 15 in, 45 out. The balance is 60 + 10; B was below zero on 1 and 2 February.
    assert rows == [(1, "CZK", Decimal(70), Decimal("57.50"), Decimal("22.50"), 2)]


def test_sums_are_in_the_currency_of_the_oldest_account():
    bank = joined(
        owned("A", currency="EUR", opened_on=date(2024, 1, 1)),
        {
            "account": [{"account_id": "B", "opened_on": date(2023, 12, 1)}],
            "disposition": [{"disposition_id": "B-owner", "client_id": "C1", "account_id": "B"}],
            "transaction": [
                *transactions("A", ("01-10", "7"), currency="EUR"),
                *transactions("B", ("01-10", "100")),
            ],
        },
    )
    assert SmallBank(bank).rows("gold/customer_360", *MONEY) == [(2, "CZK", 100, 100, 0, 0)]


def test_only_the_last_months_count():
    booked = transactions("A", ("01-10", "1200"), ("06-10", "12"))
    (row,) = SmallBank(joined(owned("A"), {"transaction": booked})).rows("gold/customer_360", "mean_inflow")
    assert row == (Decimal(202),)  # 1,212 in six months
    year = [{**booked[0], "booked_on": date(2025, 3, 10), "transaction_id": "later", "balance": "2412.00"}]
    (row,) = SmallBank(joined(owned("A"), {"transaction": [*booked, *year]})).rows("gold/customer_360", "mean_inflow")
    assert row == (Decimal(101),)  # 12 + 1,200 in the twelve months from April 2024


def test_a_user_of_an_account_is_a_customer_without_its_money_and_loans():
    bank = joined(
        owned("A"),
        {
            "client": [{"client_id": "C2", "birth_number": "450204"}, {"client_id": "stranger"}],
            "disposition": [user_of("A", "C2")],
            "transaction": transactions("A", ("01-10", "100")),
            "loan": [{"loan_id": "L", "account_id": "A", "status": "b"}],
            "card": [{"card_id": "K", "disposition_id": "A-C2"}],
            "order": [{"order_id": "O", "account_id": "A"}],
        },
    )
    columns = (
        "client_id",
        "sex",
        "owned_accounts",
        "used_accounts",
        "cards",
        "loans",
        "has_default",
        "standing_orders",
    )
    assert SmallBank(bank).rows("gold/customer_360", *columns) == [
        ("C1", "female", 1, 0, 0, 1, True, 1),
        ("C2", "male", 0, 1, 1, 0, False, 0),
    ]
    assert SmallBank(bank).rows("gold/customer_360", *MONEY)[1] == (1, "CZK", 100, 100, 0, 0)
    assert (0, None, None, None, None, None) in SmallBank(bank).rows("gold/customer_360", *MONEY)


def test_the_next_product_is_the_first_recommendation():
    bank = joined(owned("A"), owned("B", client="C2"), {"transaction": transactions("A", ("03-10", "100"))})
    bank["card"] = [{"card_id": "K", "disposition_id": "B-owner"}]
    assert SmallBank(bank).rows("gold/customer_360", "client_id", "next_product") == [("C1", "card"), ("C2", None)]


def test_the_published_rows_are_the_customers_in_order():
    bank = SmallBank(joined(owned("A", client="C2"), owned("B", client="C10"), owned("C", client="C1")))
    assert bank.rows("banking/customer_file", "client_id", order="1") == [("C1",), ("C10",), ("C2",)]
    assert set(bank.rows("banking/customer_file")) == set(bank.rows("gold/customer_360"))
