"""Pruned views: the same rows, without the joins that the statement does not need."""

from itertools import combinations
from typing import cast

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from refi_assets.engines.views import columns_read, prune_query

GRAINS = {"staging/borrower": ("borrower_id",), "staging/offer": ("home", "term")}


def parsed(sql: str) -> exp.Query:
    return cast(exp.Query, sqlglot.parse_one(sql, read="athena"))


def pruned(sql: str, *columns: str) -> str:
    return prune_query(parsed(sql), columns, GRAINS).sql()


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT a.x FROM g.one AS a WHERE a.y > 1", {"g/one": {"x", "y"}}),
        ("SELECT A.X FROM g.one AS a WHERE a.Y > 1", {"g/one": {"x", "y"}}),
        ("SELECT X FROM g.one AS a JOIN g.two AS B ON b.K = A.k", {"g/one": {"x", "k"}, "g/two": {"x", "k"}}),
        ("SELECT COUNT(*) AS n FROM g.one AS a", {"g/one": set()}),
        ("SELECT * FROM g.one AS a", {"g/one": None}),
        ("SELECT a.*, b.x FROM g.one AS a JOIN g.two AS b ON b.k = a.k", {"g/one": None, "g/two": {"x", "k"}}),
        ("SELECT x FROM g.one AS a JOIN g.two AS b USING (k)", {"g/one": None, "g/two": None}),
        ("SELECT a.x FROM g.one AS a NATURAL JOIN g.two AS b", {"g/one": None, "g/two": None}),
        ("SELECT MAX(a) AS row FROM g.one AS a", {"g/one": None}),
        ("WITH c AS (SELECT a.x FROM g.one AS a) SELECT c.x FROM c", {"g/one": {"x"}}),
        ("SELECT a.x FROM g.one AS a UNION ALL SELECT a.y FROM g.one AS a", {"g/one": {"x", "y"}}),
        ("SELECT a.x FROM g.one AS a UNION ALL SELECT a.z FROM g.two AS a", {"g/one": {"x", "z"}, "g/two": {"x", "z"}}),
    ],
)
def test_a_statement_reads_these_columns(sql: str, columns: dict[str, set[str] | None]) -> None:
    assert columns_read(parsed(sql)) == columns


LOANS = (
    "SELECT loan.loan_id, borrower.name, offer.rate FROM staging.loan AS loan "
    "LEFT JOIN staging.borrower AS borrower ON borrower.borrower_id = loan.borrower_id "
    "LEFT JOIN staging.offer AS offer ON offer.home = loan.home AND offer.term = loan.term"
)
BORROWER = "LEFT JOIN staging.borrower AS borrower ON borrower.borrower_id = loan.borrower_id"
OFFER = "LEFT JOIN staging.offer AS offer ON offer.home = loan.home AND offer.term = loan.term"


@pytest.mark.parametrize(
    ("columns", "sql"),
    [
        ((), "SELECT loan.loan_id FROM staging.loan AS loan"),
        (("loan_id",), "SELECT loan.loan_id FROM staging.loan AS loan"),
        (("name",), f"SELECT borrower.name FROM staging.loan AS loan {BORROWER}"),
        (("rate", "loan_id"), f"SELECT loan.loan_id, offer.rate FROM staging.loan AS loan {OFFER}"),
        (("loan_id", "name", "rate"), LOANS),
    ],
)
def test_a_view_keeps_only_the_joins_that_its_columns_need(columns: tuple[str, ...], sql: str) -> None:
    assert pruned(LOANS, *columns) == sql


@pytest.mark.parametrize(
    "join",
    [
        "INNER JOIN staging.borrower AS b ON b.borrower_id = loan.borrower_id",  # may drop a row
        "LEFT JOIN staging.letter AS b ON b.borrower_id = loan.borrower_id",  # may match several rows
        "LEFT JOIN staging.offer AS b ON b.home = loan.home",  # only part of the key
        "LEFT JOIN staging.borrower AS b ON b.borrower_id > loan.borrower_id",
        "LEFT JOIN staging.borrower AS b ON b.borrower_id = loan.borrower_id OR loan.is_open",
        "LEFT JOIN staging.borrower AS b ON b.borrower_id = loan.borrower_id WHERE b.score > 1",
        "LEFT JOIN staging.borrower AS b ON b.borrower_id = b.other_id",
        "FULL JOIN staging.borrower AS b ON b.borrower_id = loan.borrower_id",
    ],
)
def test_a_join_that_may_change_the_rows_stays(join: str) -> None:
    sql = f"SELECT loan.loan_id, b.name FROM staging.loan AS loan {join}"
    assert (
        pruned(sql, "loan_id").partition(" FROM ")[2]
        == prune_query(parsed(sql), ("loan_id", "name"), {}).sql().partition(" FROM ")[2]
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT DISTINCT a.x, a.y FROM g.one AS a",
        "SELECT a.x, a.y FROM g.one AS a ORDER BY a.y",
        "SELECT a.x, COUNT(*) AS y FROM g.one AS a GROUP BY 1",
        "SELECT a.x, a.y FROM g.one AS a LIMIT 3",
        "SELECT 1 AS x, MAX(a.y) AS y FROM g.one AS a",
        "SELECT a.x, a.y FROM g.one AS a UNION SELECT b.x, b.y FROM g.two AS b",
        "SELECT a.x, a.y FROM g.one AS a UNION ALL SELECT b.x, b.y FROM g.two AS b LIMIT 1",
        "SELECT a.x, a.y FROM g.one AS a UNION ALL SELECT DISTINCT b.x, b.y FROM g.two AS b",
        "SELECT a.x, a.y FROM g.one AS a UNION ALL SELECT 1, COUNT(*) FROM g.two AS b",
        "SELECT a.x, a.y FROM g.one AS a UNION ALL SELECT * FROM g.two AS b",
        "SELECT a.x, a.y FROM g.one AS a EXCEPT SELECT b.x, b.y FROM g.two AS b",
        "SELECT a.x, a.y FROM g.one AS a UNION ALL (SELECT b.x, b.y FROM g.two AS b LIMIT 1)",
    ],
)
def test_a_view_whose_rows_depend_on_all_columns_is_not_pruned(sql: str) -> None:
    assert prune_query(parsed(sql), ("x",), GRAINS) == parsed(sql)


def test_every_side_of_a_union_is_pruned_by_position() -> None:
    sql = "SELECT a.x, a.y FROM g.one AS a UNION ALL SELECT b.y, ROW_NUMBER() OVER (ORDER BY b.x) FROM g.two AS b"
    both = f"{sql} UNION ALL SELECT 1, 2"
    assert pruned(both, "x") == "SELECT a.x FROM g.one AS a UNION ALL SELECT b.y FROM g.two AS b UNION ALL SELECT 1"
    assert pruned(both, "y", "x") == parsed(both).sql()
    assert pruned(sql, "z") == "SELECT a.x FROM g.one AS a UNION ALL SELECT b.y FROM g.two AS b"


def test_a_grouped_cte_is_removed_with_its_join() -> None:
    sql = (
        "WITH joint AS (SELECT loan.home AS home, COUNT(*) AS n FROM staging.loan AS loan GROUP BY loan.home) "
        "SELECT loan.loan_id, joint.n FROM staging.loan AS loan LEFT JOIN joint ON joint.home = loan.home"
    )
    assert pruned(sql, "loan_id") == "SELECT loan.loan_id FROM staging.loan AS loan"
    assert pruned(sql, "n").startswith("WITH joint AS")


def test_names_ignore_case() -> None:
    assert pruned("SELECT loan.LOAN_ID, loan.other FROM staging.loan AS loan", "loan_id") == (
        "SELECT loan.LOAN_ID FROM staging.loan AS loan"
    )


def test_any_choice_of_columns_gives_the_rows_of_the_whole_view() -> None:
    """With rows that match no row or several, and with nulls in the columns of the joins."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE SCHEMA staging; "
            "CREATE TABLE staging.loan AS SELECT * FROM (VALUES ('L1', 'B1', 'H1', 15), ('L2', 'B1', 'H1', 30), "
            "('L3', NULL, 'H2', NULL), ('L4', 'B9', NULL, 15), ('L4', 'B2', 'H3', 15)) "
            "AS loan (loan_id, borrower_id, home, term); "
            "CREATE TABLE staging.borrower AS SELECT * FROM (VALUES ('B1', 'Ada'), ('B2', NULL), ('B3', 'Bo')) "
            "AS borrower (borrower_id, name); "
            "CREATE TABLE staging.offer AS SELECT * FROM (VALUES ('H1', 15, 5.5), ('H1', 30, 6), ('H3', 15, 7)) "
            "AS offer (home, term, rate)"
        )
        names = ("loan_id", "name", "rate")
        for size in range(1, len(names) + 1):
            for columns in combinations(names, size):
                listed = ", ".join(columns)
                whole = f"SELECT {listed} FROM ({LOANS}) ORDER BY ALL"
                narrow = f"SELECT {listed} FROM ({pruned(LOANS, *columns)}) ORDER BY ALL"
                assert connection.execute(narrow).fetchall() == connection.execute(whole).fetchall()
