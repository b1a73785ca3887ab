"""Proofs that a query returns nothing: given only if it does not, and given whenever a form of check has no row."""

from datetime import date
from typing import cast

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.engines.proofs import balance_of_groups, hashes_of_groups, opposites_of_groups
from refi_assets.errors import EngineError
from refi_assets.lake import FolderStore, Relation
from refi_assets.specs.sql_models import load_sql_models

REPEATED = "SELECT MIN(item.n) AS n FROM item WHERE item.n >= 0 GROUP BY item.a, item.b HAVING COUNT(*) > 1"
UNBALANCED = (
    "WITH counted AS (SELECT item.a, 1 AS weight FROM item WHERE item.n >= 0 UNION ALL "
    "SELECT other.a, -1 AS weight FROM other) "
    "SELECT counted.a FROM counted GROUP BY counted.a HAVING SUM(counted.weight) <> 0"
)
DISTINCT = UNBALANCED.replace("SELECT other.a", "SELECT DISTINCT other.a").replace("FROM other", "FROM main.other")
Rows = list[tuple[str | None, str | None]]
cells = st.sampled_from(["", "x", "y", "xy", None])
rows = st.lists(st.tuples(cells, cells), max_size=6)


def parsed(sql: str) -> exp.Query:
    return cast(exp.Query, sqlglot.parse_one(sql, read="athena"))


def values(table: Rows) -> str:
    quoted = [tuple("NULL" if cell is None else f"'{cell}'" for cell in row) for row in table]
    listed = ", ".join(f"({number}, {a}, {b})" for number, (a, b) in enumerate(quoted))
    return f"SELECT * FROM (VALUES {listed or '(0, NULL, NULL)'}) AS t (n, a, b){'' if listed else ' LIMIT 0'}"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> DuckDBEngine:
    return DuckDBEngine(FolderStore(str(tmp_path_factory.mktemp("lake"))))


@given(row=rows, other=rows)
@pytest.mark.parametrize("sql", [REPEATED, UNBALANCED, DISTINCT])
def test_a_query_is_proven_empty_exactly_if_it_is(engine: DuckDBEngine, sql: str, row: Rows, other: Rows) -> None:
    with engine.session() as session:
        session.execute(f"CREATE TABLE item AS {values(row)}; CREATE TABLE other AS {values(other)}")
        assert session.proves_empty(parsed(sql)) == (session.query(parsed(sql)) == [])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT item.a FROM item WHERE item.a IS NULL",
        "SELECT item.a FROM item GROUP BY item.a HAVING COUNT(*) > 2",
        "SELECT item.a FROM item GROUP BY item.a HAVING COUNT(item.b) > 1",
        "SELECT item.a FROM item GROUP BY item.a HAVING COUNT(*) > 1 LIMIT 0",
        "SELECT item.a FROM item JOIN other ON other.a = item.a GROUP BY item.a HAVING COUNT(*) > 1",
        "SELECT item.a FROM item GROUP BY item.a HAVING SUM(item.n) > 0",
        "SELECT item.a FROM item GROUP BY item.a HAVING SUM(item.n) <> 1",
        "SELECT item.a FROM item WHERE item.n > 1 GROUP BY item.a HAVING SUM(item.n) <> 0",
    ],
)
def test_of_any_other_query_nothing_is_proven(sql: str) -> None:
    assert hashes_of_groups(parsed(sql)) is None
    assert balance_of_groups(parsed(sql)) is None


def test_the_checks_that_read_every_row_have_a_proof() -> None:
    proven = {
        key
        for key, model in load_sql_models().items()
        if "/checks/" in key and (hashes_of_groups(model.tree) or balance_of_groups(model.tree))
    }
    assert proven >= {
        "identity/checks/resolved_borrower/one_person_each",
        "refi/checks/refi_audience/keys_unique",
        "refi/checks/refi_audience/one_row_a_person",
        "refi/checks/refi_eligibility/every_unified_row_judged",
        "refi/checks/unified_refi_dataset/keys_unique",
        "refi/checks/unmatched_borrowers/every_borrower_accounted_for",
    }


def test_one_repeated_row_among_many_is_no_proof(engine: DuckDBEngine) -> None:
    with engine.session() as session:
        session.execute("CREATE TABLE item AS SELECT range AS n, range::VARCHAR AS a, NULL AS b FROM range(300000)")
        assert session.proves_empty(parsed(REPEATED))
        session.execute("INSERT INTO item VALUES (-1, '7', NULL)")
        assert session.proves_empty(parsed(REPEATED)), "the check leaves it out"
        session.execute("INSERT INTO item VALUES (300001, '8', NULL)")
        assert not session.proves_empty(parsed(REPEATED))


AGAINST = (
    "WITH counted AS (SELECT item.a, 1 AS weight FROM part.item AS item UNION ALL "
    "SELECT seen.a, -1 AS weight FROM part.seen AS seen) "
    "SELECT counted.a FROM counted GROUP BY counted.a HAVING SUM(counted.weight) <> 0"
)


def relation(key: str, sql: str | None) -> Relation:
    """A view of this SQL; without any, a table whose file is not there, so that it cannot be read."""
    where: dict[str, str] = {"kind": "view", "sql": sql} if sql else {"kind": "table", "parquet": "runs/none.parquet"}
    return Relation.model_validate({"key": key, "run_id": "run", "as_of": date(2026, 2, 20), **where})


def reads_nothing(engine: DuckDBEngine, sql: str, **views: str) -> bool:
    """Whether a query is proven empty without a file being read."""
    relations = [relation("part/item", None), *(relation(f"part/{name}", view) for name, view in views.items())]
    with engine.session(relations) as session:
        try:
            return session.proves_empty(parsed(sql))
        except EngineError as error:
            return "none.parquet" not in str(error)


@pytest.mark.parametrize(
    "seen",
    [
        "SELECT item.a FROM part.item AS item",
        "SELECT item.a AS b, item.a, item.n + 1 AS m FROM part.item AS item",
        "SELECT first.b AS a FROM part.first AS first",
    ],
)
def test_a_view_that_only_names_columns_has_the_rows_of_what_it_names(engine: DuckDBEngine, seen: str) -> None:
    first = "SELECT item.A AS b, item.n AS m FROM part.item AS item"
    assert reads_nothing(engine, AGAINST, seen=seen, first=first)


@pytest.mark.parametrize(
    "seen",
    [
        "SELECT item.b AS a FROM part.item AS item",
        "SELECT other.a FROM part.other AS other",
        "SELECT CONCAT(item.a, '') AS a FROM part.item AS item",
        "SELECT item.a FROM part.item AS item WHERE item.a <> 'x'",
        "SELECT DISTINCT item.a FROM part.item AS item",
        "SELECT item.a FROM part.item AS item LIMIT 1",
        "SELECT item.a FROM part.item AS item GROUP BY item.a",
        "SELECT item.a FROM part.item AS item, part.other AS other",
        "SELECT item.a FROM part.item AS item LEFT JOIN part.other AS other ON other.a = item.a",
        "SELECT item.a FROM part.item AS item UNION ALL SELECT item.a FROM part.item AS item",
        "SELECT UNNEST(item.list) AS a FROM part.item AS item",
        "SELECT MAX(item.a) AS a FROM part.item AS item",
    ],
)
def test_of_any_other_view_the_rows_are_looked_at(engine: DuckDBEngine, seen: str) -> None:
    other = "SELECT 'z' AS a FROM part.item AS item"
    assert not reads_nothing(engine, AGAINST, seen=seen, other=other)


@pytest.mark.parametrize(
    ("was", "instead"),
    [
        ("UNION ALL", "UNION"),
        ("-1 AS weight", "1 AS weight"),
        ("-1 AS weight", "-2 AS weight"),
        ("1 AS weight FROM part.item", "item.n AS weight FROM part.item"),
        ("FROM part.item AS item", "FROM part.item AS item WHERE item.n > 1"),
        ("WITH counted AS", "WITH counted (weight, a) AS"),
        ("GROUP BY counted.a", "GROUP BY RANDOM()"),
        ("GROUP BY counted.a", "GROUP BY counted.a, counted.WEIGHT"),
        ("SELECT seen.a, -1 AS weight FROM", "SELECT * FROM"),
        ("FROM counted GROUP", "FROM part.item AS counted GROUP"),
    ],
)
def test_of_another_form_of_check_the_rows_are_looked_at(was: str, instead: str) -> None:
    assert opposites_of_groups(parsed(AGAINST)) == (("part/item", ("a",)), ("part/seen", ("a",)))
    assert was in AGAINST
    assert opposites_of_groups(parsed(AGAINST.replace(was, instead))) is None
