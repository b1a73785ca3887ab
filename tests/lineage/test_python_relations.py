"""Relations that Python makes match their declarations, wherever lineage is shown."""

import json
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from refi_assets.specs.python_relations import python_relations
from tests.support.lender import lender, write
from tests.support.openlineage import completed, events_of
from tests.support.running import Ran, ingest, run_job

KEYS = ["identity/matched_pairs", "identity/resolved_borrower", "identity/person_history"]
PERSONAL = {"first_name", "last_name", "email", "phone", "street", "city", "state", "postcode", "date_of_birth"}


@pytest.fixture(scope="module")
def lake_and_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """A lake with two days, and the second run: only that one has earlier persons to compare with."""
    folder = tmp_path_factory.mktemp("python_relations")
    source = write(lender(), folder / "source")
    ingest(folder / "lake", source)
    instance = dg.DagsterInstance.ephemeral()
    assert run_job(folder / "lake", identity="splink", instance=instance).success
    run = run_job(folder / "lake", date(2026, 2, 21), identity="splink", instance=instance)
    assert run.success, run.failure
    return folder / "lake", run


@pytest.mark.parametrize("key", KEYS)
def test_the_relation_has_the_declared_columns_and_types(lake_and_run, key):
    lake, run = lake_and_run
    record = json.loads((lake / "runs" / run.result.run_id / f"{key}.json").read_text())
    columns = record["columns"]
    if record["parquet"]:
        path = lake / record["parquet"]
        rows = duckdb.sql(f"DESCRIBE FROM read_parquet('{f'{path}/*.parquet' if path.is_dir() else path}')").fetchall()
        columns = {name: sql_type for name, sql_type, *_ in rows}
    assert columns == python_relations()[key].sql_types
    assert list(columns) == list(python_relations()[key].columns)


@pytest.mark.parametrize("key", KEYS)
def test_dagster_and_openlineage_show_the_declared_sources(lake_and_run, key):
    """They once showed the sources of the SQL without matching, although Python ran."""
    lake, run = lake_and_run
    declared = {column: set(sources) for column, sources in python_relations()[key].sources.items()}
    shown = run.metadata(key)["dagster/column_lineage"].deps_by_column
    assert {
        column: {("/".join(dep.asset_key.path), dep.column_name) for dep in deps} for column, deps in shown.items()
    } == declared
    if key == KEYS[0]:
        assert declared["match_weight"] == {("staging/borrower_information", name) for name in PERSONAL}

    fields = completed(events_of(lake, run))[key]["outputs"][0]["facets"]["columnLineage"]["fields"]
    assert {
        column: {("/".join(source["name"].split("/")[-2:]), source["field"]) for source in field["inputFields"]}
        for column, field in fields.items()
    } == declared


def test_openlineage_gives_no_sql_if_python_ran(lake_and_run):
    lake, run = lake_and_run
    assert "sql" not in completed(events_of(lake, run))[KEYS[0]]["job"]["facets"]
