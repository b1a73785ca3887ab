"""CSV writers escape text that a spreadsheet would run, and leave numbers unchanged."""

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
from refi_assets.engines.spreadsheets import escape_formula
from refi_assets.lake import FolderStore

# First characters of a formula in spreadsheets, from OWASP's "CSV Injection".
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
def test_a_formula_in_any_column_gets_an_apostrophe(session: DuckDBSession, start: str) -> None:
    """Once, audience_file.sql had a CASE for each column, and a column without one put its formula into the file."""
    session.execute(f"CREATE OR REPLACE TABLE offers AS SELECT {text_literal(start + '1+1')} AS brand_new, 'x' AS id")
    assert written(session, "SELECT brand_new, id FROM offers") == [{"brand_new": f"'{start}1+1", "id": "x"}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
def test_a_text_is_escaped_for_exactly_these_first_characters(session: DuckDBSession, first: str) -> None:
    text = f"{first}1"
    expected = f"'{text}" if first in STARTS else text
    assert escape_formula(text) == expected
    (row,) = written(session, f"SELECT {text_literal(text)} AS escaped")
    assert row["escaped"] == expected


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
        ("['=1']", "['=1']"),  # DuckDB's own form of a list
    ],
)
def test_text_of_any_type_is_escaped_and_numbers_stay_numbers(session: DuckDBSession, value: str, shown: str) -> None:
    assert written(session, f"SELECT {value} AS shown, 1 AS id") == [{"shown": shown, "id": "1"}]


def test_the_names_of_columns_are_escaped_as_well(session: DuckDBSession) -> None:
    assert written(session, 'SELECT 1 AS "=cmd()", 2 AS "say ""hi"""') == [{"'=cmd()": "1", 'say "hi"': "2"}]


def test_the_rows_keep_the_order_of_the_query(session: DuckDBSession) -> None:
    """DuckDB turns an IN with six items into a join, which loses the order from some 100,000 rows on."""
    rows = written(session, "SELECT i, '=' || i AS escaped FROM range(300000) AS r(i) ORDER BY i % 7, i DESC")
    numbers = [int(row["i"]) for row in rows]
    assert numbers == sorted(range(300000), key=lambda i: (i % 7, -i))
    assert rows[0]["escaped"] == f"'={numbers[0]}"


def test_null_and_empty_texts_stay_as_they_are() -> None:
    assert (escape_formula(None), escape_formula("")) == (None, "")


def test_csv_files_are_written_by_these_modules_alone() -> None:
    """Every CSV writer must escape formulas; these do, or write files that only this program reads."""
    package = Path(__file__).parents[2] / "refi_assets"
    writers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(word in path.read_text("utf-8") for word in ("FORMAT csv", "csv.writer", "csv.DictWriter", ".to_csv"))
    }
    assert writers == {
        "refi/diff.py",  # by escape_formula
        "ml/model_training.py",  # by escape_formula
        "ml/evaluation.py",  # numbers, and words of its own
        "ml/sagemaker.py",  # the body of a request
        "sample/written_tables.py",  # sources
        "engines/duckdb.py",
        "sample/bank_files.py",  # sources
        "sample/risk.py",  # the same
        "sample/risk_stream.py",  # the same
        "risk/report_tables.py",  # by escape_formula
        "sample/generate.py",  # sources with every defect
        "identity/decisions.py",  # read again by the next run
        "identity/resolved_files.py",  # by escape_formulas
        "ingestion/files.py",  # read again by staging
        "offers/own_log.py",  # the same
    }
