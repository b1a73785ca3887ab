"""Rows without a partner: how their ids differ from a partner's, worked out by hand."""

import duckdb
import pytest

from refi_assets.engines.duckdb_sql import to_duckdb
from refi_assets.specs.sql_models import load_sql_models

MODEL = load_sql_models()["refi/answers/ids_without_partner"]
RELATIONS = {
    "borrower_information": ("borrower_id", "property_id"),
    "loan_information": ("borrower_id", "property_id"),
    "borrower_engagement": ("borrower_id",),
    "market_equity": ("property_id",),
}


Rows = list[tuple[str | None, ...]]


def differences(source: str, **rows: Rows) -> list[tuple[str | None, int, str | None]]:
    """What the model says of staged relations with these rows."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA staging")
        for relation, columns in RELATIONS.items():
            connection.execute(f"CREATE TABLE staging.{relation} ({', '.join(f'{name} VARCHAR' for name in columns)})")
            if rows.get(relation):
                places = ", ".join("?" * len(columns))
                connection.executemany(f"INSERT INTO staging.{relation} VALUES ({places})", rows[relation])
        return connection.execute(to_duckdb(MODEL.bind({"source": source}))).fetchall()


@pytest.mark.parametrize(
    ("borrowers", "loans", "expected"),
    [
        (["001", "002", "003"], ["1", "2", "2", "003"], [("leading zeros", 3, None)]),
        (["1", "2"], ["001", "2"], [("leading zeros", 1, None)]),
        (["b1"], ["B1"], [("capital letters", 1, None)]),
        (["1001"], ["1001.0", "1001.00"], [("a .0 at the end", 2, "1001.0 and 1001.00")]),
        (["10 01"], ["10\u00a001"], [("spaces or invisible characters", 1, None)]),
        (["B1", "B2"], ['="B1"', "'B2"], [("quotes or an equals sign around them", 2, None)]),
        (["00B1"], ["b1"], [("several of zeros, capitals, a .0, spaces and quotes", 1, None)]),
        (["B1", "b1", "B2"], ["b1", "b2"], [("capital letters", 1, "B1 and b1")]),
        (["123456789012"], ["1.23457E+11", "9e5"], [("digits that the exponent form lost", 2, None)]),
        (["1"], ["2", "2"], [(None, 2, None)]),
        (["007", "07", "8"], ["7"], [("leading zeros", 1, "007 and 07")]),
        (["7"], ["007", "07", "7"], [("leading zeros", 2, "007 and 07")]),
        (["1"], ["1"], []),
        ([], ["1"], [(None, 1, None)]),
    ],
)
def test_loans_whose_borrower_is_written_otherwise(
    borrowers: list[str], loans: list[str], expected: list[tuple[str | None, int, str | None]]
) -> None:
    rows: dict[str, Rows] = {
        "borrower_information": [(borrower, None) for borrower in borrowers],
        "loan_information": [(loan, None) for loan in loans],
    }
    assert differences("loan_information", **rows) == expected


def test_an_offer_needs_a_home_that_a_loan_or_a_borrower_names() -> None:
    rows: dict[str, Rows] = {
        "borrower_information": [("B1", "P1")],
        "loan_information": [("B1", "002"), ("B2", None)],
        "market_equity": [("P1",), ("002",), ("2",), ("P3",)],
    }
    assert differences("market_equity", **rows) == [("leading zeros", 1, None), (None, 1, None)]


def test_a_home_that_a_loan_names_needs_an_offer() -> None:
    rows: dict[str, Rows] = {
        "loan_information": [("B1", "1001.0"), ("B2", "1002"), ("B3", None)],
        "market_equity": [("1001",), ("1002",)],
    }
    assert differences("home_of_loan", **rows) == [("a .0 at the end", 1, None)]


def test_engagement_needs_a_borrower() -> None:
    rows: dict[str, Rows] = {"borrower_information": [("B1", None)], "borrower_engagement": [("b1",), ("B1",), ("B2",)]}
    assert differences("borrower_engagement", **rows) == [("capital letters", 1, None), (None, 1, None)]
