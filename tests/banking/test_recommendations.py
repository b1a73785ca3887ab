"""Recommendations: what is held, what is recommended and why, and what they would have been worth in past months."""

from datetime import date

import pytest

from refi_assets.specs.sql_models import Parameter
from tests.banking.small_bank import SmallBank, joined, owned, transactions

LIMITS = {
    "evaluated_months": Parameter(2, "BIGINT"),
    "least_exposure_days": Parameter(1, "BIGINT"),
    "least_support_count": Parameter(2, "BIGINT"),
    "least_lift_pct": Parameter(120, "DECIMAL(12,6)"),
    "least_confidence_pct": Parameter(1, "DECIMAL(9,6)"),
}


def customer(name, **held):
    """A customer with an account above zero since January, and products held since days in 2024: card='02-03'."""
    account = f"A-{name}"
    bank = owned(account, client=name)
    payments = {held[name]: code for name, code in (("household", "sipo"), ("insurance", "pojistne")) if name in held}
    bank["transaction"] = transactions(account, ("01-05", "100"), *((paid_on, "-1") for paid_on in payments))
    for row, purpose in zip(bank["transaction"][1:], payments.values(), strict=True):
        row["purpose"] = purpose
    if "card" in held:
        bank["card"] = [{"card_id": f"K-{name}", "disposition_id": f"{account}-owner", "issued_on": day(held["card"])}]
    if "loan" in held:
        bank["loan"] = [{"loan_id": f"L-{name}", "account_id": account, "granted_on": day(held["loan"])}]
    return bank


def day(text):
    return date.fromisoformat(f"2024-{text}")


def bank_of(*customers, **values):
    """The bank, whose last transaction is in June: the next month is July."""
    last = joined(owned("Z", client="Z"), {"transaction": transactions("Z", ("06-30", "1"))})
    return SmallBank(joined(last, *customers), **(LIMITS | values))


def best(bank, *columns):
    """The first recommendation of each customer but Z."""
    rows = bank.rows("gold/product_recommendation", "client_id", "product", "source", *columns)
    return [row for row in rows if row[0] != "Z"]


def test_a_product_is_held_since_its_first_card_loan_or_payment():
    anna = customer("anna", card="02-03", loan="03-04", household="04-05", insurance="05-06")
    anna["transaction"].append({**anna["transaction"][1], "transaction_id": "again", "booked_on": day("04-25")})
    assert bank_of(anna).rows("gold/held_product", "client_id", "product", "held_since") == [
        ("anna", "card", day("02-03")),
        ("anna", "household", day("04-05")),
        ("anna", "insurance", day("05-06")),
        ("anna", "loan", day("03-04")),
    ]


def test_a_product_of_two_accounts_is_held_once():
    anna = customer("anna", household="04-05")
    second = owned("B", client="anna")
    second.pop("client")
    second["transaction"] = transactions("B", ("03-01", "-5"), purpose="sipo")
    assert bank_of(joined(anna, second)).rows("gold/held_product", "product", "held_since") == [
        ("household", day("03-01"))
    ]


def holders_of_household_buy_insurance():
    """Six customers, of whom the three with household bills have bought insurance a week later."""
    return [
        *(customer(f"h{n}", household="02-01", insurance="02-08") for n in range(3)),
        *(customer(f"c{n}", card="02-01") for n in range(3)),
    ]


def test_a_product_that_is_bought_after_another_is_recommended_to_its_holders():
    new = customer("new", household="06-15")
    rows = best(bank_of(*holders_of_household_buy_insurance(), new), "held_product")
    assert ("new", "insurance", "association", "household") in rows
    assert not [row for row in rows if row[0] == "h0" and row[1] in ("household", "insurance")]


def test_what_the_holders_of_a_product_do_not_buy_comes_last():
    """Cards are as popular as bills, but no holder of one has ever bought the other."""
    new = customer("new", household="06-15")
    bank = bank_of(*holders_of_household_buy_insurance(), new, recommendations_count=Parameter(3, "BIGINT"))
    ranked = bank.rows("gold/product_recommendation", "client_id", "recommendation_rank", "product")
    assert [product for client, _, product in ranked if client == "new"] == ["insurance", "card"]


@pytest.mark.parametrize(
    "limit", [{"least_support_count": 4}, {"least_lift_pct": 100_000}, {"least_exposure_days": 10**6}]
)
def test_an_association_needs_support_lift_and_time(limit):
    types = {name: parameter.sql_type for name, parameter in LIMITS.items()}
    ((name, value),) = limit.items()
    bank = bank_of(
        *holders_of_household_buy_insurance(),
        customer("new", household="06-15"),
        **{name: Parameter(value, types[name])},
    )
    assert "association" not in {row[2] for row in best(bank)}


def test_a_steady_customer_is_recommended_a_card_by_the_rule():
    rows = best(bank_of(customer("anna"), customer("owner", card="02-01")))
    assert rows == [("anna", "card", "rule")]


def test_no_product_that_a_customer_holds_is_recommended():
    everything = customer("anna", card="02-03", loan="03-04", household="04-05", insurance="05-06")
    bank = bank_of(everything, *holders_of_household_buy_insurance())
    candidate, held = bank.table("gold/product_candidate"), bank.table("gold/held_product")
    assert bank.query(f"FROM {candidate} JOIN {held} USING (client_id, product) WHERE held_since < month") == []
    assert {row[0] for row in best(bank)} == {"h0", "h1", "h2", "c0", "c1", "c2"}


def arrears(name):
    """A customer whose account has been below zero since May."""
    bank = customer(name)
    (overdraft,) = transactions(f"A-{name}", ("05-20", "-500"), balance="100")
    bank["transaction"].append({**overdraft, "transaction_id": f"T-{name}"})
    return bank


def in_default(name):
    bank = customer(name, loan="02-01")
    bank["loan"][0]["status"] = "d"
    return bank


@pytest.mark.parametrize("bad", [arrears, in_default])
def test_a_customer_in_arrears_is_offered_no_credit(bad):
    others = [customer("one", card="02-01"), customer("two", loan="02-01"), customer("three", household="02-01")]
    bank = bank_of(*others, bad("bad"), customer("good"), recommendations_count=Parameter(4, "BIGINT"))
    products = {name: {row[1] for row in best(bank) if row[0] == name} for name in ("bad", "good")}
    assert products == {"bad": {"household"}, "good": {"card", "household", "loan"}}


def test_a_purchase_is_a_hit_if_its_product_was_the_first_recommendation():
    """In May, anna buys the insurance that holders of household bills buy; the most popular product is the card."""
    customers = [*holders_of_household_buy_insurance(), customer("anna", household="04-15", insurance="05-20")]
    quality = bank_of(*customers, customer("c3", card="02-01")).rows("gold/recommendation_quality")
    assert quality == [
        (date(2024, 5, 1), 1, 1, 0, 100.0, 0.0),
        (date(2024, 6, 1), 0, 0, 0, None, None),
    ]


def test_what_happens_in_a_month_does_not_change_its_recommendations():
    """In June, holders of cards buy loans for the first time: that shows in July."""
    household = [customer(f"h{n}", household="02-01", insurance="02-08") for n in range(3)]
    before = bank_of(*household, *(customer(f"c{n}", card="02-01") for n in range(4)))
    after = bank_of(
        *household, *(customer(f"c{n}", card="02-01", loan="06-01") for n in range(3)), customer("c3", card="02-01")
    )
    june, july = (
        [
            bank.query(f"FROM {bank.table('gold/product_candidate')} WHERE month = DATE '2024-{month}-01' ORDER BY ALL")
            for bank in (before, after)
        ]
        for month in ("06", "07")
    )
    assert june[0] == june[1] != []
    assert ("c3", "loan", "association") in best(after)
    assert july[0] != july[1]
