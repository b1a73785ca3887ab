"""Lineage from sql/ and contracts/: known answers, written down by reading the SQL."""

import json
from collections.abc import Iterator

import pytest

from refi_assets.cli.lineage_views import show_lineage
from refi_assets.errors import RefiError
from refi_assets.lineage.graph import (
    LineageColumn,
    LineageRelation,
    find_column,
    lineage_graph,
    lineage_page,
)
from refi_assets.specs.python_relations import python_relations

# The contract allows records to be compared by these columns, to find who is one person. People decide as well.
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
    # Without a row there is no opt-in; a person with several records needs one on each.
    "sms_opt_in": {"borrower_engagement.csv.sms_opt_in", "borrower_engagement.csv.borrower_id", *PERSON},
}
SPREAD = "(loan.current_interest_rate - market.market_rate_offer)"  # a column that is read more than once


@pytest.fixture(scope="module")
def graph() -> dict[str, LineageRelation]:
    return lineage_graph()


def leaves(column: LineageColumn) -> Iterator[str]:
    """The ids of the columns that are not derived from others."""
    if not column.made_from:
        yield column.id
    for source in column.made_from:
        yield from leaves(source)


def test_every_column_of_the_audience_file_comes_from_these_columns_of_the_source_files(graph):
    columns = graph["audience_file"].columns
    assert {name: set(leaves(columns[name])) for name in columns if name in SOURCES} == SOURCES


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
def test_the_expression_of_a_step_is_the_one_in_the_file_in_terms_of_the_relations_it_reads(graph, column, expression):
    assert find_column(graph, column).expression == expression


def test_a_relation_that_python_makes_has_its_declared_sources_and_no_sql(graph):
    """Lineage was once read from SQL that does not run when matching is on: the probability had no source."""

    def sources(name: str) -> set[str]:
        return {source.id for source in find_column(graph, name).made_from}

    probability = find_column(graph, "matched_pairs.match_probability")
    assert (probability.expression, probability.rule) == (None, "matching compares the two records")
    assert {source.replace(".", ".csv.") for source in sources("matched_pairs.match_probability")} == PERSON - {
        "borrower_information.csv.borrower_id",
        "matched_pairs.decision",
    }
    assert sources("matched_pairs.borrower_id_1") == {"borrower_information.borrower_id"}
    assert sources("person_history.event") == {"resolved_borrower.borrower_id", "resolved_borrower.person_id"}
    assert graph["matched_pairs"].sql is graph["resolved_borrower"].sql is graph["person_history"].sql is None
    assert graph["review_queue"].sql is not None


def test_every_relation_that_python_makes_is_in_the_graph(graph):
    assert python_relations().keys() <= {relation.asset for relation in graph.values()}


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
    valid = "at least 0; at most 1000; plausible: 0.5 to 200 or 0; median: 2 to 150"
    assert steps[-2].rule == f"{valid}; an invalid cell sends the row to quarantine; unit: percent"
    assert (steps[-1].unit, steps[-1].expression, steps[-1].rule) == ("percent", None, None)
    assert {step.description for step in steps} == {
        "Loan to value: the outstanding principal, in percent of the home's value."
    }


def test_a_column_has_the_description_that_was_written_last_on_its_way(graph):
    spread = find_column(graph, "rate_spread")
    assert spread.description == "Current rate less the market's offer, in percentage points."
    assert find_column(graph, "unified_refi_dataset.property_id").description == "The home the loan is secured on."
    assert find_column(graph, "loan_information.property_id").description.startswith("The home the loan is secured on;")


def test_a_column_may_be_named_with_the_group_of_its_relation(graph):
    for short, qualified in (
        ("refi_audience.rate_spread", "refi.refi_audience.rate_spread"),
        ("loan_information.loan_id", "staging.loan_information.loan_id"),
        ("rate_spread", "activation.audience_file.rate_spread"),
    ):
        assert find_column(graph, qualified) is find_column(graph, short)


@pytest.mark.parametrize(
    ("text", "fragments"),
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
def test_an_unknown_column_is_an_error_that_lists_the_possible_names(graph, text, fragments):
    with pytest.raises(RefiError) as error:
        find_column(graph, text)
    for fragment in fragments:
        assert fragment in str(error.value)


def test_lineage_is_printed_one_line_a_step(capsys):
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


def test_brackets_in_an_expression_are_text_not_markup(capsys):
    show_lineage("judged_offer.ineligibility_reasons", as_json=False)
    assert "FILTER(ARRAY[CASE WHEN" in capsys.readouterr().out


def test_in_json_the_sources_are_nested(capsys):
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
        "rule": "above 0; an invalid cell becomes null; unit: USD",
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
