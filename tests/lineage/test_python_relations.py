"""Relations that Python makes are what they declare, wherever lineage is shown."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from refi_assets.specs.python_relations import python_relations
from tests.support.lender import lender, write
from tests.support.running import DAY, Ran, ingest, run_job

KEYS = ["identity/matched_pairs", "identity/resolved_borrower", "identity/person_history"]
PERSONAL = {"first_name", "last_name", "email", "phone", "street", "city", "state", "postcode", "date_of_birth"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """A lake with two days, since only the second day's run has persons to compare with, and the second run."""
    folder = tmp_path_factory.mktemp("ran")
    source = write(lender(), folder / "source")
    ingest(folder / "lake", source)
    instance = dg.DagsterInstance.ephemeral()
    assert run_job(folder / "lake", identity="splink", instance=instance).success
    again = run_job(folder / "lake", date(2026, 2, 21), identity="splink", instance=instance)
    assert again.success, (DAY, again.failure)
    return folder / "lake", again


@pytest.mark.parametrize("key", KEYS)
def test_the_relation_has_the_declared_columns_and_types(ran, key):
    lake, run = ran
    record = json.loads((lake / "runs" / run.result.run_id / f"{key}.json").read_text())
    described = record["columns"]
    if record["parquet"]:
        path = lake / record["parquet"]
        rows = duckdb.sql(f"DESCRIBE FROM read_parquet('{f'{path}/*.parquet' if path.is_dir() else path}')").fetchall()
        described = {name: kind for name, kind, *_ in rows}
    assert described == python_relations()[key].sql_types
    assert list(described) == list(python_relations()[key].columns)


@pytest.mark.parametrize("key", KEYS)
def test_dagster_and_openlineage_show_the_declared_sources(ran, key):
    """They showed what the SQL without matching says, though Python ran."""
    lake, run = ran
    declared = {column: set(sources) for column, sources in python_relations()[key].sources.items()}
    shown = run.metadata(key)["dagster/column_lineage"].deps_by_column
    assert {
        column: {("/".join(dep.asset_key.path), dep.column_name) for dep in deps} for column, deps in shown.items()
    } == declared
    if key == KEYS[0]:
        assert declared["match_weight"] == {("staging/borrower_information", name) for name in PERSONAL}

    fields = completed(lake, run, key)["outputs"][0]["facets"]["columnLineage"]["fields"]
    sent = {
        column: {("/".join(field["name"].split("/")[-2:]), field["field"]) for field in one["inputFields"]}
        for column, one in fields.items()
    }
    assert sent == declared


def test_openlineage_gives_no_sql_if_python_ran(ran):
    lake, run = ran
    assert "sql" not in completed(lake, run, KEYS[0])["job"]["facets"]


def completed(lake: Path, run: Ran, key: str) -> dict[str, Any]:
    """The event of an asset that was materialized."""
    lines = (lake / "openlineage" / f"{run.result.run_id}.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    (event,) = [one for one in events if one["job"]["name"] == key and one["eventType"] == "COMPLETE"]
    return dict(event)
