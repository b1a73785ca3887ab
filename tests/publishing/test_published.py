"""Queries of a published run, from records written by hand."""

from pathlib import Path
from typing import Any

import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import EngineError
from refi_assets.lake import FolderStore
from refi_assets.publishing.published import PublishedRun
from refi_assets.refi.audience import AUDIENCE, PublishedAudience

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
