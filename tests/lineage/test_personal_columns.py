"""Which columns are personal: known answers, written down by reading the contracts and the SQL."""

import pytest

from refi_assets.lineage.graph import LineageColumn, LineageRelation, lineage_graph
from refi_assets.lineage.personal_columns import PersonalColumns, personal_columns

NAMES = {"first_name": "given_name", "last_name": "surname"}
CONTACTS = {"email": "email", "phone": "phone"}


@pytest.fixture(scope="module")
def personal() -> PersonalColumns:
    return personal_columns(lineage_graph())


@pytest.mark.parametrize(
    ("relation", "columns"),
    [
        (
            "staging/borrower_information",
            NAMES | CONTACTS | {"date_of_birth": "date_of_birth", "street": "street", "postcode": "postcode"},
        ),
        ("staging/customer_credit_profiles", NAMES | CONTACTS | {"postcode": "postcode"}),
        ("staging/customer_group", {"age_band": "age_band", "sex": "sex"}),
        ("staging/loan_information", {}),
        ("refi/unified_refi_dataset", NAMES | CONTACTS),
        ("refi/refi_audience", {"name": "given_name+surname"}),
        ("activation/audience_file", {"name": "given_name+surname"}),
        ("refi/judged_offer", {}),
        ("identity/resolved_borrower", {}),
        ("loan_offer_targeting/offers", {}),
        ("ml/customer_features", {}),
    ],
)
def test_personal_columns_are_those_that_show_a_persons_data(personal, relation, columns):
    assert personal[relation] == columns


def test_a_column_is_personal_through_any_number_of_steps(personal):
    source = _relation("catalog/borrower_information", {"email": ()})
    text = _relation("toy/upper", {"address": (source.columns["email"],), "id": ()})
    again = _relation(
        "toy/again", {"contact": (text.columns["address"], text.columns["id"]), "id": (text.columns["id"],)}
    )
    graph = {relation.name: relation for relation in (source, text, again)}
    found = personal_columns(graph)
    assert (found["toy/upper"], found["toy/again"]) == ({"address": "email"}, {"contact": "email"})


def test_every_relation_of_the_project_is_judged(personal):
    assert personal.keys() == {relation.asset for relation in lineage_graph().values()}


def _relation(asset: str, columns: dict[str, tuple[LineageColumn, ...]]) -> LineageRelation:
    made = {
        name: LineageColumn(
            relation=asset, asset=asset, column=name, sql_type="VARCHAR", description="", made_from=sources
        )
        for name, sources in columns.items()
    }
    return LineageRelation(asset, asset, "toy", "", (), None, made)
