"""Lineage from sql/ and contracts/: known answers, written down by reading the SQL."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from refi_assets.cli.lineage import show_lineage
from refi_assets.errors import RefiError
from refi_assets.lineage.columns import (
    LineageColumn,
    LineageRelation,
    find_column,
    lineage_graph,
    lineage_page,
)
from refi_assets.specs.python_relations import python_relations

AUDIENCE_FILE = (
    *("borrower_id", "name", "rate_spread", "monthly_savings_est", "marketing_category", "person_id"),
    *("loan_id", "current_interest_rate", "market_rate_offer", "ltv_ratio", "paperless_billing"),
    *("email_open_last_30d", "mobile_app_login_last_30d", "sms_opt_in"),
)
# By these the contract lets records be compared, and so tell who is one person; people decide, too.
PERSON = {
    *(f"borrower_information.csv.{name}" for name in ("borrower_id", "first_name", "last_name", "email", "phone")),
    *(f"borrower_information.csv.{name}" for name in ("street", "city", "state", "postcode", "date_of_birth")),
    "matched_pairs.decision",
}
# A column of the audience file -> the source files' columns that its value comes from.
SOURCES = {
    "borrower_id": {"borrower_information.csv.borrower_id"},
    "name": {"borrower_information.csv.first_name", "borrower_information.csv.last_name"},
    "rate_spread": {"loan_information.csv.current_interest_rate", "market_equity.csv.market_rate_offer"},
    "monthly_savings_est": {"market_equity.csv.monthly_savings_est"},
    "marketing_category": {"loan_information.csv.current_interest_rate", "market_equity.csv.market_rate_offer"},
    "person_id": PERSON,
    "loan_id": {"loan_information.csv.loan_id"},
    "current_interest_rate": {"loan_information.csv.current_interest_rate"},
    "market_rate_offer": {"market_equity.csv.market_rate_offer"},
    "ltv_ratio": {"market_equity.csv.ltv_ratio"},
    "paperless_billing": {"borrower_engagement.csv.paperless_billing"},
    "email_open_last_30d": {"borrower_engagement.csv.email_open_last_30d"},
    "mobile_app_login_last_30d": {"borrower_engagement.csv.mobile_app_login_last_30d"},
    # A record without a row has not said yes; of a person with several records, each must.
    "sms_opt_in": {"borrower_engagement.csv.sms_opt_in", "borrower_engagement.csv.borrower_id", *PERSON},
}
SPREAD = "(loan.current_interest_rate - market.market_rate_offer)"  # each is read more than once


@pytest.fixture(scope="module")
def graph() -> dict[str, LineageRelation]:
    return lineage_graph()


def leaves(column: LineageColumn) -> Iterator[str]:
    """The ids of the columns that are made of nothing else."""
    if not column.made_from:
        yield column.id
    for source in column.made_from:
        yield from leaves(source)


def test_every_column_of_the_audience_file_comes_from_these_columns_of_the_source_files(graph):
    assert tuple(graph["audience_file"].columns) == AUDIENCE_FILE
    found = {name: set(leaves(column)) for name, column in graph["audience_file"].columns.items()}
    assert found == SOURCES


@pytest.mark.parametrize(
    ("column", "expression"),
    [
        ("audience_file.rate_spread", "refi_audience.rate_spread"),
        ("audience_file.name", "refi_audience.name"),
        (
            "refi_audience.name",
            "CASE WHEN borrower_information.first_name IS NOT NULL AND borrower_information.last_name IS NOT NULL "
            "THEN borrower_information.first_name || ' ' || borrower_information.last_name "
            "ELSE COALESCE(borrower_information.first_name, borrower_information.last_name) END",
        ),
        ("judged_offer.rate_spread", SPREAD[1:-1]),
        (
            "judged_offer.marketing_category",
            f"CASE WHEN {SPREAD} > :immediate_action_above THEN 'Immediate Action' "
            f"WHEN {SPREAD} > :hot_lead_above THEN 'Hot Lead' "
            f"WHEN {SPREAD} > :watchlist_above THEN 'Watchlist' ELSE 'Ineligible' END",
        ),
        (
            "unmatched_borrowers.reason",
            "CASE WHEN loan_information.borrower_id IS NULL THEN 'no_loan' "
            "WHEN judged_offer.borrower_id IS NOT NULL THEN 'no_own_offer' ELSE 'no_market_data' END",
        ),
    ],
)
def test_the_expression_of_a_step_is_what_the_file_says_in_terms_of_the_relations_before_it(graph, column, expression):
    assert find_column(graph, column).expression == expression


def test_a_relation_that_python_makes_says_what_it_is_made_from_and_shows_no_sql(graph):
    """Lineage was read from SQL that does not run when matching is on: the probability came from nothing."""
    likely = find_column(graph, "matched_pairs.match_probability")
    assert {one.id for one in likely.made_from} == {
        f"borrower_information.{name}"
        for name in (
            "first_name",
            "last_name",
            "email",
            "phone",
            "street",
            "city",
            "state",
            "postcode",
            "date_of_birth",
        )
    }
    assert (likely.expression, likely.rule) == (None, "matching compares the two records")
    assert {one.id for one in find_column(graph, "matched_pairs.borrower_id_1").made_from} == {
        "borrower_information.borrower_id"
    }
    assert {one.id for one in find_column(graph, "person_history.event").made_from} == {
        "resolved_borrower.borrower_id",
        "resolved_borrower.person_id",
    }
    assert graph["matched_pairs"].sql is graph["resolved_borrower"].sql is graph["person_history"].sql is None
    assert graph["review_queue"].sql is not None


def test_every_declared_source_exists_and_is_read(graph):
    by_key = {relation.asset: relation for relation in graph.values()}
    assert len(python_relations()) == 3
    for key, declared in python_relations().items():
        assert key in by_key
        for sources in declared.sources.values():
            for source, column in sources:
                assert column in by_key[source].columns


def test_a_coalesced_column_comes_from_both_tables(graph):
    name = find_column(graph, "refi_audience.name")
    assert [one.id for one in name.made_from] == ["borrower_information.first_name", "borrower_information.last_name"]
    assert set(leaves(name)) == {"borrower_information.csv.first_name", "borrower_information.csv.last_name"}


def test_a_copied_column_takes_seven_steps_from_the_source_file_to_the_audience_file(graph):
    steps = [find_column(graph, "ltv_ratio")]
    while steps[-1].made_from:
        (source,) = steps[-1].made_from
        steps.append(source)
    assert [(step.relation, step.asset, step.sql_type) for step in steps] == [
        ("audience_file", "activation/audience_file", "DECIMAL(10,6)"),
        ("refi_audience", "refi/refi_audience", "DECIMAL(10,6)"),
        ("refi_eligibility", "refi/refi_eligibility", "DECIMAL(10,6)"),
        ("unified_refi_dataset", "refi/unified_refi_dataset", "DECIMAL(10,6)"),
        ("judged_offer", "refi/judged_offer", "DECIMAL(10,6)"),
        ("market_equity", "staging/market_equity", "DECIMAL(10,6)"),
        ("market_equity.csv", "catalog/market_equity", "DECIMAL(10,6)"),
    ]
    assert (
        steps[-2].rule
        == "number, at least 0, at most 1000, plausible from 0.5 to 200 or 0; a bad one sends the row to quarantine"
    )
    assert (steps[-1].unit, steps[-1].expression, steps[-1].rule) == ("percent", None, None)
    assert {step.description for step in steps} == {
        "Loan to value: the outstanding principal, in percent of the home's value."
    }


def test_a_description_stands_where_it_was_written_last_on_the_way(graph):
    spread = find_column(graph, "rate_spread")
    assert spread.description == "Current rate less the market's offer, in percentage points."
    assert find_column(graph, "unified_refi_dataset.property_id").description == "The home the loan is secured on."
    assert find_column(graph, "loan_information.property_id").description.startswith("The home the loan is secured on;")


def test_a_column_may_be_named_with_the_group_of_its_relation(graph):
    for short, whole in (
        ("refi_audience.rate_spread", "refi.refi_audience.rate_spread"),
        ("loan_information.loan_id", "staging.loan_information.loan_id"),
        ("rate_spread", "activation.audience_file.rate_spread"),
    ):
        assert find_column(graph, whole) is find_column(graph, short)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "rate_spred",
            ["audience_file has no column 'rate_spred'", "rate_spread, monthly_savings_est", "RELATION.COLUMN"],
        ),
        ("credit_score", ["audience_file has no column", "unified_refi_dataset"]),
        ("refi.homes.property_id", ["There is no relation 'refi.homes'"]),
        ("refi_audience.credit_score", ["refi_audience has no column 'credit_score'; it has borrower_id, name"]),
        ("homes.property_id", ["There is no relation 'homes'", "loan_information.csv", "refi_audience"]),
        ("", ["audience_file has no column ''"]),
        (".", ["audience_file has no column ''"]),
    ],
)
def test_an_unknown_column_is_an_error_that_lists_what_there_is(graph, text, words):
    with pytest.raises(RefiError) as error:
        find_column(graph, text)
    for word in words:
        assert word in str(error.value)


def test_a_lineage_is_printed_one_line_a_step(capsys):
    show_lineage("rate_spread", as_json=False)
    rule = find_column(lineage_graph(), "market_equity.market_rate_offer").rule
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "audience_file.rate_spread = refi_audience.rate_spread",
        "└── refi_audience.rate_spread = refi_eligibility.rate_spread",
        "    └── refi_eligibility.rate_spread = unified.rate_spread",
        "        └── unified_refi_dataset.rate_spread = judged_offer.rate_spread",
        f"            └── judged_offer.rate_spread = {SPREAD[1:-1]}",
        f"                ├── loan_information.current_interest_rate: {rule}",
        "                │   └── loan_information.csv column current_interest_rate (DECIMAL(9,6), percent)",
        f"                └── market_equity.market_rate_offer: {rule}",
        "                    └── market_equity.csv column market_rate_offer (DECIMAL(9,6), percent)",
    ]


def test_brackets_in_an_expression_are_text_and_no_markup(capsys):
    show_lineage("judged_offer.ineligibility_reasons", as_json=False)
    assert "FILTER(ARRAY[CASE WHEN" in capsys.readouterr().out


def test_as_json_the_sources_are_nested(capsys):
    show_lineage("loan_information.loan_amount", as_json=True)
    shared = {
        "column": "loan_amount",
        "sql_type": "DECIMAL(18,2)",
        "unit": "USD",
        "description": "Loan amount at origination.",
        "expression": None,
    }
    assert json.loads(capsys.readouterr().out) == {
        **shared,
        "relation": "loan_information",
        "asset": "staging/loan_information",
        "rule": "number, above 0; a bad one becomes null",
        "made_from": [
            {
                **shared,
                "relation": "loan_information.csv",
                "asset": "catalog/loan_information",
                "rule": None,
                "made_from": [],
            }
        ],
    }


def test_the_same_lineage_gives_the_same_page(graph):
    assert lineage_page(graph.values()) == lineage_page(lineage_graph().values())


def test_no_description_ends_the_script_that_holds_it(graph):
    evil = "</script><script>alert(1)</script><!-- LINEAGE_DATA"
    page = lineage_page([replace(graph["market_equity.csv"], description=evil)])
    plain = lineage_page([graph["market_equity.csv"]])
    assert page.count("<script") == plain.count("<script")
    assert page.count("</script") == plain.count("</script")
    assert page.count("<!--") == plain.count("<!--")
