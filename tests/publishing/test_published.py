"""The names by which a query reads the relations behind a published run, on records written by hand."""

from pathlib import Path
from typing import Any

import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import EngineError
from refi_assets.lake import FolderStore
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun

REFI = Publication("refi")


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


def publish(lake: FolderStore, views: dict[str, str]) -> PublishedRun:
    """A published run of views, each with its SQL."""
    run = {"run_id": "r1", "as_of": "2026-02-20"}
    for key, sql in views.items():
        record = {"key": key, **run, "kind": "view", "columns": {"borrower_id": "VARCHAR"}, "sql": sql}
        lake.put_json(f"runs/r1/{key}.json", record)
    lake.put_json(REFI.manifest_key("r1"), {**run, "relations": {key: {"run_id": "r1", "rows": 1} for key in views}})
    return PublishedRun.find(REFI, lake, DuckDBEngine(lake), "r1")


def two_customers(lake: FolderStore) -> PublishedRun:
    views = {f"{group}/customer": f"SELECT '{group}' AS borrower_id" for group in ("silver", "bronze")}
    return publish(lake, views | {"gold/totals": "SELECT 1 AS borrower_id FROM silver.customer"})


@pytest.mark.parametrize("query", ["SELECT 1 FROM customer", "SELECT 1 FROM silver.customer, customer AS c"])
def test_a_name_that_two_relations_share_is_refused_without_its_group(lake: FolderStore, query: str) -> None:
    with pytest.raises(EngineError) as refused:
        two_customers(lake).query(query)
    assert str(refused.value) == "customer may be bronze.customer or silver.customer; write one of these."


def test_groups_distinguish_relations_of_the_same_name(lake: FolderStore) -> None:
    query = "SELECT b.borrower_id AS b, silver.customer.borrower_id AS s FROM bronze.customer AS b, silver.customer"
    assert two_customers(lake).query(query)[1] == [("bronze", "silver")]


@pytest.mark.parametrize("name", ["nothing", "gold.customer", "lake.gold.totals", "information_schema.tables"])
def test_the_error_for_an_unknown_relation_lists_the_relations(lake: FolderStore, name: str) -> None:
    with pytest.raises(EngineError) as refused:
        two_customers(lake).query(f"SELECT 1 FROM {name}")
    assert str(refused.value) == (
        f"There is no relation {name}; a query may read bronze.customer, silver.customer, totals."
    )


def test_a_file_is_not_read_by_the_name_of_a_relation(lake: FolderStore, tmp_path: Path, monkeypatch: Any) -> None:
    """DuckDB takes the name of an unknown table for the path of a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "a.csv").write_text("word\nhidden\n")
    run = publish(lake, {"gold/a.csv": "SELECT 1 AS borrower_id"})
    with pytest.raises(EngineError, match=r'There is no relation "gold/a\.csv"'):
        run.query('SELECT * FROM "gold/a.csv"')
