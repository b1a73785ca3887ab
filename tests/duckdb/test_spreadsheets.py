"""No file that people open runs anything: what CSV writers do to text, and that they leave numbers alone."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBEngine, DuckDBSession
from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.engines.spreadsheets import inert
from refi_assets.lake import FolderStore

# The characters with which spreadsheets begin a formula, as OWASP's "CSV Injection" lists them.
STARTS = "=+-@\t\r"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBSession]:
    with DuckDBEngine(FolderStore(str(tmp_path_factory.mktemp("lake")))).session() as opened:
        yield opened


def written(session: DuckDBSession, sql: str) -> list[dict[str, str]]:
    path = session.scratch / "written.csv"
    statement = sqlglot.parse_one(sql, read="duckdb")
    assert isinstance(statement, exp.Query)
    session.write_csv(statement, path)
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("start", STARTS)
def test_a_formula_in_a_column_that_nobody_thought_of_gets_an_apostrophe(session: DuckDBSession, start: str) -> None:
    """Each column had a CASE of its own in audience_file.sql, and one without it carried the formula into the file."""
    session.execute(f"CREATE OR REPLACE TABLE offers AS SELECT {text_literal(start + '1+1')} AS brand_new, 'x' AS id")
    assert written(session, "SELECT brand_new, id FROM offers") == [{"brand_new": f"'{start}1+1", "id": "x"}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
def test_a_text_is_prefixed_for_these_first_characters_and_no_others(session: DuckDBSession, first: str) -> None:
    text = f"{first}1"
    expected = f"'{text}" if first in STARTS else text
    assert inert(text) == expected
    (row,) = written(session, f"SELECT {text_literal(text)} AS said")
    assert row["said"] == expected


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("CAST('-5' AS DECIMAL(18,2))", "-5.00"),
        ("CAST(-5 AS BIGINT)", "-5"),
        ("CAST(-0.5 AS DOUBLE)", "-0.5"),
        ("CAST(NULL AS VARCHAR)", ""),
        ("DATE '2026-02-20'", "2026-02-20"),
        ("'-5'", "'-5"),
        ("''", ""),
        ("'a=1'", "a=1"),
        ("' =1'", " =1"),
        ("'''=1'", "'=1"),
        ("CAST('=1' AS BLOB)", "'=1"),
        ("CAST('=1' AS ENUM('=1', 'x'))", "'=1"),
        ("['=1']", "['=1']"),  # DuckDB's own way to show a list
    ],
)
def test_text_of_any_type_is_made_harmless_and_numbers_stay_numbers(
    session: DuckDBSession, value: str, shown: str
) -> None:
    assert written(session, f"SELECT {value} AS shown, 1 AS id") == [{"shown": shown, "id": "1"}]


def test_the_name_of_a_column_is_no_formula_either(session: DuckDBSession) -> None:
    assert written(session, 'SELECT 1 AS "=cmd()", 2 AS "say ""hi"""') == [{"'=cmd()": "1", 'say "hi"': "2"}]


def test_the_rows_keep_the_order_of_the_query(session: DuckDBSession) -> None:
    """DuckDB makes a join of an IN with six items, and a join has no order: seen from some 100,000 rows on."""
    rows = written(session, "SELECT i, '=' || i AS said FROM range(300000) AS r(i) ORDER BY i % 7, i DESC")
    found = [int(row["i"]) for row in rows]
    assert found == sorted(range(300000), key=lambda i: (i % 7, -i))
    assert rows[0]["said"] == f"'={found[0]}"


def test_nothing_is_nothing() -> None:
    assert (inert(None), inert("")) == (None, "")


def test_only_the_one_writer_writes_csv_files() -> None:
    """Who writes a CSV elsewhere must make it harmless, too; these do, or write what only this program reads."""
    package = Path(__file__).parents[2] / "refi_assets"
    writers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(word in path.read_text("utf-8") for word in ("FORMAT csv", "csv.writer", "csv.DictWriter", ".to_csv"))
    }
    assert writers == {
        "refi/diff.py",  # by inert
        "engines/duckdb.py",
        "sample/generate.py",  # sources with every defect
        "identity/decisions.py",  # read again by the next run
        "identity/resolved_files.py",  # by inert_rows
        "ingestion/files.py",  # read again by staging
    }
