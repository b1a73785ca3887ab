"""What a published run answers, from records written by hand: those of today's lakes and of older ones.

Records used to hold SQL with bare names of relations (`FROM loan_information`); their inputs were keys, as now.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import EngineError
from refi_assets.lake import FolderStore, RunFolder
from refi_assets.publishing.published import PublishedRun
from refi_assets.refi.audience import AUDIENCE, PublishedAudience
from refi_assets.refi.diff import audience_changes
from refi_assets.refi.explain import explain
from refi_assets.specs.names import table_of

LOAN = "'B1' AS borrower_id, 'L1' AS loan_id"
JUDGED = (
    "loan.borrower_id, loan.loan_id, loan.rate AS current_interest_rate, CAST(5 AS DECIMAL(9,6)) AS market_rate_offer, "
    "loan.rate - CAST(5 AS DECIMAL(9,6)) AS rate_spread, CAST(70 AS DECIMAL(10,6)) AS ltv_ratio, "
    "'Hot Lead' AS marketing_category, loan.rate >= 6 AS is_eligible, "
    "ARRAY['spread_below_min'] AS ineligibility_reasons"
)
Views = dict[str, tuple[str, list[str]]]  # key -> SQL, and the keys that it reads
POLICY = {"eligibility": {"max_ltv_pct": "80", "min_rate_spread": "1"}}


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


def publish(lake: FolderStore, run_id: str, views: Views) -> PublishedAudience:
    """A run of views without rows of their own."""
    for key, (sql, inputs) in views.items():
        record: dict[str, Any] = {
            "key": key,
            "run_id": run_id,
            "as_of": "2026-02-20",
            "kind": "view",
            "columns": {"borrower_id": "VARCHAR"},
            "sql": sql,
            "inputs": dict.fromkeys(inputs, run_id),
        }
        lake.put_json(f"runs/{run_id}/{key}.json", record)
    manifest = {
        "run_id": run_id,
        "as_of": "2026-02-20",
        "relations": {key: {"run_id": run_id, "rows": 1} for key in views},
        "policy": {"overridden": False, "sha256": "0", "values": POLICY},
    }
    lake.put_json(AUDIENCE.manifest_key(run_id), manifest)
    return PublishedAudience.find(AUDIENCE, lake, DuckDBEngine(lake), run_id)


def old_run(lake: FolderStore, run_id: str, rate: str) -> PublishedAudience:
    """One borrower with one loan, in records as they were."""
    source = f"SELECT {LOAN}, 'P1' AS property_id, CAST({rate} AS DECIMAL(9,6)) AS rate"
    run = publish(
        lake,
        run_id,
        {
            "staging/loan_information": (source, []),
            "staging/borrower_information": (source, []),
            "staging/quarantine": (
                "SELECT '' AS source, '' AS file, 1 AS record_number, '' AS reason, '' AS column_name, '' AS problem, "
                "'' AS original_cells, '' AS original_bytes FROM loan_information WHERE FALSE",
                ["staging/loan_information"],
            ),
            "identity/resolved_borrower": (
                "SELECT borrower.borrower_id, 'person-1' AS person_id FROM borrower_information AS borrower",
                ["staging/borrower_information"],
            ),
            "refi/unmatched_borrowers": (
                "SELECT loan_information.borrower_id, '' AS reason FROM loan_information WHERE FALSE",
                ["staging/loan_information"],
            ),
            "refi/refi_eligibility": (f"SELECT {JUDGED} FROM loan_information AS loan", ["staging/loan_information"]),
            "refi/refi_audience": (
                "WITH loan_information AS (SELECT judged.borrower_id, judged.loan_id, judged.marketing_category "
                "FROM refi_eligibility AS judged WHERE judged.is_eligible) SELECT * FROM loan_information",
                ["refi/refi_eligibility", "staging/loan_information"],
            ),
        },
    )
    for relation in run.relations:
        if relation.key in ("refi/refi_eligibility", "refi/refi_audience"):  # these had their rows beside their SQL
            with run.engine.session(run.relations) as session:
                table = relation.model_copy(update={"kind": "table"})
                rows = session.create(table, exp.select("*").from_(table_of(relation.key)))
            RunFolder(lake, run_id).save(rows.model_copy(update={"kind": "view"}))
    return PublishedAudience.find(AUDIENCE, lake, run.engine, run_id)


def test_an_old_run_is_queried(lake: FolderStore) -> None:
    run = old_run(lake, "old", "6.5")
    for name in ("refi_eligibility", "refi.refi_eligibility"):
        query = f"SELECT loan_id, rate_spread, person_id FROM {name} JOIN resolved_borrower USING (borrower_id)"
        assert run.query(query)[1] == [("L1", Decimal("1.5"), "person-1")]


def test_an_old_run_explains(lake: FolderStore) -> None:
    explanation = explain(old_run(lake, "old", "6.5"), "B1")
    assert (explanation.in_audience, explanation.person_id, explanation.in_audience_as) == (True, "person-1", "B1")
    assert [(loan.loan_id, loan.is_chosen) for loan in explanation.loans] == [("L1", True)]


def test_old_runs_are_compared(lake: FolderStore) -> None:
    changes = audience_changes(old_run(lake, "before", "6.5"), old_run(lake, "after", "5.5"))
    assert [(row["borrower_id"], row["change"], row["moved_by"]) for row in changes] == [("B1", "left", "rate")]


def two_customers(lake: FolderStore) -> PublishedRun:
    views: Views = {f"{group}/customer": (f"SELECT '{group}' AS borrower_id", []) for group in ("silver", "bronze")}
    return publish(lake, "r1", views | {"gold/totals": ("SELECT 1 AS borrower_id FROM silver.customer", [])})


@pytest.mark.parametrize("query", ["SELECT 1 FROM customer", "SELECT 1 FROM silver.customer, customer AS c"])
def test_a_bare_name_that_two_relations_have_is_refused(lake: FolderStore, query: str) -> None:
    with pytest.raises(EngineError) as refused:
        two_customers(lake).query(query)
    assert str(refused.value) == "customer may be bronze.customer or silver.customer; write which."


def test_relations_of_one_name_are_told_apart_by_their_groups(lake: FolderStore) -> None:
    query = "SELECT b.borrower_id AS b, silver.customer.borrower_id AS s FROM bronze.customer AS b, silver.customer"
    assert two_customers(lake).query(query)[1] == [("bronze", "silver")]


@pytest.mark.parametrize("name", ["nothing", "gold.customer", "lake.gold.totals", "information_schema.tables"])
def test_the_error_for_an_unknown_relation_lists_what_there_is(lake: FolderStore, name: str) -> None:
    with pytest.raises(EngineError) as refused:
        two_customers(lake).query(f"SELECT 1 FROM {name}")
    assert str(refused.value) == (
        f"There is no relation {name}; a query may read bronze.customer, silver.customer, totals."
    )


def test_a_file_is_not_read_under_the_name_of_a_key(lake: FolderStore, tmp_path: Path, monkeypatch: Any) -> None:
    """DuckDB reads a table that it does not have as a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "a.csv").write_text("word\nhidden\n")
    run = publish(lake, "r1", {"gold/a.csv": ("SELECT 1 AS borrower_id", [])})
    with pytest.raises(EngineError, match=r'There is no relation "gold/a\.csv"'):
        run.query('SELECT * FROM "gold/a.csv"')
