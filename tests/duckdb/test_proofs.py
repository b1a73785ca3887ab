"""Proofs that a query returns no row: there is one only if it returns none, and always for the provable forms."""

from typing import cast

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.engines.proofs import balance_of_groups, hashes_of_groups
from refi_assets.lake import FolderStore
from refi_assets.specs.declarations import declared_rules
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
def test_a_query_is_proven_empty_if_and_only_if_it_is_empty(
    engine: DuckDBEngine, sql: str, row: Rows, other: Rows
) -> None:
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
def test_no_other_query_has_a_proof(sql: str) -> None:
    assert hashes_of_groups(parsed(sql)) is None
    assert balance_of_groups(parsed(sql)) is None


RELATIONS = ("refi/judged_offer", "refi/unified_refi_dataset", "refi/refi_eligibility", "refi/refi_audience")


def test_the_checks_that_read_every_row_have_a_proof() -> None:
    models = [*load_sql_models().values(), *(rule for key in RELATIONS for rule in declared_rules(key))]
    proven = {model.key for model in models if hashes_of_groups(model.tree) or balance_of_groups(model.tree)}
    assert proven >= {
        "identity/checks/resolved_borrower/one_person_each",
        "refi/checks/refi_audience/one_row_a_borrower",
        "refi/checks/refi_eligibility/every_unified_row_judged",
        *(f"refi/checks/{key.removeprefix('refi/')}/keys_unique" for key in RELATIONS),
        "refi/checks/unmatched_borrowers/every_borrower_accounted_for",
    }


def test_one_repeated_row_among_many_prevents_the_proof(engine: DuckDBEngine) -> None:
    with engine.session() as session:
        session.execute("CREATE TABLE item AS SELECT range AS n, range::VARCHAR AS a, NULL AS b FROM range(300000)")
        assert session.proves_empty(parsed(REPEATED))
        session.execute("INSERT INTO item VALUES (-1, '7', NULL)")
        assert session.proves_empty(parsed(REPEATED)), "the check excludes this row"
        session.execute("INSERT INTO item VALUES (300001, '8', NULL)")
        assert not session.proves_empty(parsed(REPEATED))
