"""Silver: a staged row is in its relation, or in quarantine by the first rule that it breaks; codes have meanings."""

from datetime import date

import pytest

from refi_assets.specs.contracts import contracts_of
from refi_assets.specs.policies import policy_of
from tests.banking.small_bank import SmallBank, joined, owned

CODE_LISTS = {  # column of a contract -> its list in silver/code
    ("account", "frequency"): "statement_frequency",
    ("disposition", "role"): "role",
    ("loan", "status"): "loan_status",
    ("order", "purpose"): "purpose",
    ("transaction", "direction"): "direction",
    ("transaction", "operation"): "operation",
    ("transaction", "purpose"): "purpose",
}


def refused(*banks):
    return SmallBank(joined(*banks)).rows("silver/quarantine")


@pytest.mark.parametrize(
    ("source", "row", "reason", "column"),
    [
        ("client", {"client_id": "X", "birth_number": "701313"}, "birth_number_invalid", "birth_number"),
        ("client", {"client_id": "X", "district_id": "9"}, "without_district", "district_id"),
        ("account", {"account_id": "X", "district_id": "9"}, "without_district", "district_id"),
        ("account", {"account_id": "X", "currency": "XYZ"}, "currency_unknown", "currency"),
        ("account", {"account_id": "X", "currency": None}, "currency_unknown", "currency"),
        ("disposition", {"disposition_id": "X", "client_id": "9", "account_id": "A"}, "without_client", "client_id"),
        ("disposition", {"disposition_id": "X", "client_id": "C1", "account_id": "9"}, "without_account", "account_id"),
        ("disposition", {"disposition_id": "X", "client_id": "C1", "account_id": "A"}, "second_owner", "role"),
        ("card", {"card_id": "X", "disposition_id": "9"}, "without_disposition", "disposition_id"),
        ("loan", {"loan_id": "X", "account_id": "9"}, "without_account", "account_id"),
        ("loan", {"loan_id": "X", "granted_on": date(2023, 12, 31)}, "loan_before_account", "granted_on"),
        ("loan", {"loan_id": "X", "amount": None}, "amount_missing", "amount"),
        ("loan", {"loan_id": "X", "duration_months": None}, "terms_missing", "duration_months"),
        ("loan", {"loan_id": "X", "monthly_payment": None}, "terms_missing", "duration_months"),
        ("loan", {"loan_id": "X", "currency": "XYZ"}, "currency_unknown", "currency"),
        ("order", {"order_id": "X", "account_id": "9"}, "without_account", "account_id"),
        ("order", {"order_id": "X", "amount": None}, "amount_missing", "amount"),
        ("order", {"order_id": "X", "currency": None}, "currency_unknown", "currency"),
        ("transaction", {"transaction_id": "X", "account_id": "9"}, "without_account", "account_id"),
        (
            "transaction",
            {"transaction_id": "X", "booked_on": date(2023, 12, 31)},
            "transaction_before_account",
            "booked_on",
        ),
        ("transaction", {"transaction_id": "X", "amount": None}, "amount_missing", "amount"),
        ("transaction", {"transaction_id": "X", "balance": None}, "balance_missing", "balance"),
        ("transaction", {"transaction_id": "X", "currency": "XYZ"}, "currency_unknown", "currency"),
    ],
)
def test_a_row_that_breaks_a_rule_is_in_quarantine(source, row, reason, column):
    of_account = {"account_id": "A"} if source in ("loan", "order", "transaction") else {}
    bank = SmallBank(joined(owned("A"), {source: [{**of_account, **row}]}))

    assert bank.rows("silver/quarantine") == [(source, "X", reason, column)]
    assert ("X",) not in bank.rows(f"silver/{source}", f"{source}_id")


def test_an_orphan_leaves_its_children_without_a_parent():
    """A client without a district has no disposition, and that disposition no card."""
    bank = joined(
        {"client": [{"client_id": "C9", "district_id": "9"}], "account": [{"account_id": "A"}]},
        {"disposition": [{"disposition_id": "D", "client_id": "C9", "account_id": "A"}]},
        {"card": [{"card_id": "K", "disposition_id": "D"}]},
    )
    assert refused(bank) == [
        ("card", "K", "without_disposition", "disposition_id"),
        ("client", "C9", "without_district", "district_id"),
        ("disposition", "D", "without_client", "client_id"),
    ]


def test_an_account_in_quarantine_leaves_its_transactions_loans_and_orders_without_one():
    rows = {name: [{f"{name}_id": "X", "account_id": "A"}] for name in ("transaction", "loan", "order")}
    reasons = {source: reason for source, _, reason, _ in refused(owned("A", currency="XYZ"), rows)}
    assert reasons == {
        "account": "currency_unknown",
        **dict.fromkeys(("disposition", "transaction", "loan", "order"), "without_account"),
    }


def test_an_orphan_does_not_make_another_client_a_second_owner():
    other = {"disposition_id": "0", "client_id": "nobody", "account_id": "A"}
    assert refused(owned("A"), {"disposition": [other]}) == [("disposition", "0", "without_client", "client_id")]


@pytest.mark.parametrize(
    ("birth_number", "birth_date", "sex"),
    [
        ("706213", date(1970, 12, 13), "female"),
        ("450204", date(1945, 2, 4), "male"),
        ("110101", date(1911, 1, 1), "male"),
        ("105101", date(2010, 1, 1), "female"),
        ("000229", date(2000, 2, 29), "male"),
    ],
)
def test_a_birth_number_is_a_date_and_a_sex(birth_number, birth_date, sex):
    bank = SmallBank({"client": [{"client_id": "C", "birth_number": birth_number}]})
    assert bank.rows("silver/client", "birth_date", "sex") == [(birth_date, sex)]


@pytest.mark.parametrize(
    "birth_number", ["700230", "705013", "706313", "700013", "70621", "7062131", "70-213", "70 213"]
)
def test_a_birth_number_that_is_not_a_date_is_refused(birth_number):
    reasons = [row[2] for row in refused({"client": [{"client_id": "C", "birth_number": birth_number}]})]
    assert reasons == ["birth_number_invalid"]


def test_every_code_that_staging_accepts_has_a_meaning_and_no_other_code_has():
    codes = {(code_list, code) for code_list, code, _ in SmallBank({}).rows("silver/code")}
    accepted = {
        (CODE_LISTS[source, column.name], value)
        for source, contract in contracts_of("banking").items()
        for column in contract.columns
        for value in column.values
        if (source, column.name) != ("card", "card_type")  # the bank's words are ours
    }
    assert codes == accepted


def test_codes_are_translated_and_currencies_in_capitals():
    bank = SmallBank(
        joined(
            owned("A", frequency="poplatek po obratu", currency="eur"),
            {
                "loan": [{"loan_id": "L", "account_id": "A", "status": "d"}],
                "order": [{"order_id": "O", "account_id": "A", "purpose": "sipo"}],
                "transaction": [
                    {
                        **{"transaction_id": "T", "account_id": "A", "direction": "vyber", "operation": "vyber"},
                        **{"purpose": "sankc. urok", "amount": "7.50", "currency": "Eur"},
                    }
                ],
            },
        )
    )
    assert bank.rows("silver/account", "statement_frequency", "currency") == [("after_transaction", "EUR")]
    assert bank.rows("silver/loan", "status", "is_default") == [("in_debt", True)]
    assert bank.rows("silver/order", "purpose") == [("household",)]
    booked = bank.rows(
        "silver/transaction", "direction", "operation", "purpose", "CAST(signed_amount AS VARCHAR)", "currency"
    )
    assert booked == [("out", "cash_withdrawal", "penalty_interest", "-7.50", "EUR")]


def test_the_share_of_masked_columns_counts_columns_that_sql_declares_harmless():
    """Sex is the only one: it is derived from the birth number."""
    parameters = policy_of("banking").parameters
    assert parameters["unmasked_columns_count"].value == 1
    personal = {
        (source, column.name)
        for source, contract in contracts_of("banking").items()
        for column in contract.columns
        if column.personal
    }
    assert personal == {("client", "birth_number"), ("order", "to_account"), ("transaction", "partner_account")}
    assert parameters["masked_columns_count"].value == len(personal)
