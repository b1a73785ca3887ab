"""The checks of the domain: each passes on a bank with a bit of everything, and fails by the example in its file."""

import pytest

from refi_assets.orchestration.asset_checks import checking_models, shown_columns
from refi_assets.specs.sql_models import load_sql_models
from tests.banking.small_bank import SmallBank, joined, owned, transactions

OF_MODEL = ("loan_default_features", "loan_score", "loan_risk")  # tested with the model
CHECKS = {
    key: model
    for key, model in load_sql_models().items()
    if key.startswith(("silver/checks/", "gold/checks/")) and key.split("/")[2] not in OF_MODEL
}


def some_bank():
    """Three owners, a user, a card, a loan in debt, and payments for a household and an insurance."""
    household = transactions("A", ("01-10", "1000"), ("03-10", "-50"))
    household[1]["purpose"] = "sipo"
    insurance = transactions("B", ("02-01", "10"), ("02-02", "-1"))
    insurance[1]["purpose"] = "pojistne"
    return SmallBank(
        joined(
            owned("A"),
            owned("B", client="C2"),
            owned("C", client="C3"),
            {
                "disposition": [{"disposition_id": "U", "client_id": "C2", "account_id": "A", "role": "disponent"}],
                "card": [{"card_id": "K", "disposition_id": "U"}],
                "loan": [{"loan_id": "L", "account_id": "A", "status": "d"}],
                "transaction": [*household, *insurance],
            },
        )
    )


@pytest.fixture(scope="module")
def bank():
    return some_bank()


@pytest.mark.parametrize("relation", sorted({key.split("/")[0] + "/" + key.split("/")[2] for key in CHECKS}))
def test_the_checks_of_a_relation_pass(bank, relation):
    assert {model.key: bank.broken(model) for model in checking_models(relation)} == {
        model.key: [] for model in checking_models(relation)
    }


@pytest.mark.parametrize("key", CHECKS)
def test_a_check_fails_by_the_example_in_its_file(key):
    bank, check = some_bank(), CHECKS[key]
    group, _, name, _ = key.split("/")
    assert bank.broken(check) == []
    assert check.broken_by is not None
    column, expression = check.broken_by
    bank.replace_column(f"{group}/{name}", column, expression)
    assert bank.broken(check) != []
    assert shown_columns(f"{group}/{name}", check)
