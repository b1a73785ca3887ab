"""Which columns are personal: known answers, written down by reading the contracts and the SQL."""

import pytest

from refi_assets.lineage.graph import LineageColumn, LineageRelation, lineage_graph
from refi_assets.lineage.personal_columns import personal_kinds
from refi_assets.specs.sql_models import SqlModel

NAMES = {"first_name": "given_name", "last_name": "surname"}
CONTACTS = {"email": "email", "phone": "phone"}


@pytest.fixture(scope="module")
def personal() -> dict[str, dict[str, str]]:
    """Relation -> personal column -> its kind."""
    return personal_only(personal_kinds(lineage_graph()))


@pytest.mark.parametrize(
    ("relation", "columns"),
    [
        (
            "staging/borrower_information",
            NAMES | CONTACTS | {"date_of_birth": "date_of_birth", "street": "street", "postcode": "postcode"},
        ),
        (
            "staging/customer_credit_profiles",
            NAMES | CONTACTS | {"postcode": "postcode", "transaction_history": "transaction_history"},
        ),
        ("staging/customer_group", {"age_band": "age_band", "sex": "sex"}),
        ("staging/loan_information", {}),
        ("refi/unified_refi_dataset", NAMES | CONTACTS),
        ("refi/refi_audience", {"name": "given_name+surname"}),
        ("activation/audience_file", {"name": "given_name+surname"}),
        ("refi/judged_offer", {}),
        ("identity/resolved_borrower", {}),
        ("loan_offer_targeting/offers", {}),
        ("ml/customer_features", {}),
        ("silver/client", {"birth_date": "birth_number"}),
        ("silver/order", {"to_account": "to_account"}),
        ("silver/transaction", {"partner_account": "partner_account"}),
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
    found = personal_only(personal_kinds(graph))
    assert (found["toy/upper"], found["toy/again"]) == ({"address": "email"}, {"contact": "email"})


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT LOWER(c.email) || '!' AS word FROM staging.client AS c",
        "SELECT CASE WHEN c.email LIKE 'a%' THEN 1 END AS word FROM staging.client AS c",
        "SELECT word FROM staging.client AS c CROSS JOIN UNNEST(SPLIT(c.email, '@')) AS t(word)",
        "SELECT (SELECT MAX(c.email) FROM staging.client AS c) AS word FROM staging.letter AS letter",
        "SELECT letter.id IN (SELECT c.email FROM staging.client AS c) AS word FROM staging.letter AS letter",
        "SELECT RANK() OVER (ORDER BY c.email) AS word FROM staging.client AS c",
        "SELECT MAX_BY(c.id, c.email) AS word FROM staging.client AS c",
        "SELECT ARRAY_AGG(c.id ORDER BY c.email) AS word FROM staging.client AS c",
        "SELECT COUNT(*) FILTER (WHERE c.email IS NOT NULL) AS word FROM staging.client AS c",
        "SELECT c.id AS word FROM staging.client AS c UNION ALL SELECT c.email FROM staging.client AS c",
        "WITH client AS (SELECT * FROM staging.client AS c) SELECT client.email AS word FROM client",
        "WITH RECURSIVE a(w, k) AS (SELECT c.email, 1 FROM staging.client AS c UNION ALL SELECT a.w, 2 FROM a) "
        "SELECT a.w AS word FROM a",
        "SELECT l.word FROM staging.client AS c CROSS JOIN LATERAL (SELECT c.email AS word) AS l",
        "SELECT TRANSFORM(ARRAY[c.id], x -> c.email) AS word FROM staging.client AS c",
    ],
)
def test_lineage_finds_a_personal_column_in_whatever_form_sql_reads_it(sql):
    schema = {"staging/client": {"id": "VARCHAR", "email": "VARCHAR"}, "staging/letter": {"id": "VARCHAR"}}
    assert ("staging/client", "email") in SqlModel("toy/words", sql).column_lineage(schema)["word"]


def test_gold_shows_no_personal_column(personal):
    gold = {relation: columns for relation, columns in personal.items() if relation.startswith("gold/")}
    assert len(gold) > 9
    assert set().union(*gold.values()) == set()


def test_every_relation_of_the_project_is_judged(personal):
    assert personal.keys() == {relation.asset for relation in lineage_graph().values()}


def personal_only(kinds):
    return {key: {name: kind for name, kind in columns.items() if kind} for key, columns in kinds.items()}


def _relation(asset: str, columns: dict[str, tuple[LineageColumn, ...]]) -> LineageRelation:
    made = {
        name: LineageColumn(
            relation=asset, asset=asset, column=name, sql_type="VARCHAR", description="", made_from=sources
        )
        for name, sources in columns.items()
    }
    return LineageRelation(asset, asset, "toy", "", (), None, made)
