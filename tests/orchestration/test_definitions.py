"""The definitions as Dagster loads them: names, owners, kinds, freshness, schemas, lineage."""

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from refi_assets.lineage.graph import lineage_graph
from refi_assets.settings import PROJECT_DIR
from tests.support.policy_files import changed_policy
from tests.support.running import definitions

BIN = Path(sys.executable).parent
SOURCES = ("borrower_engagement", "borrower_information", "loan_information", "market_equity")
ASSETS = {
    *(f"{group}/{source}" for group in ("raw", "catalog", "staging") for source in SOURCES),
    "staging/quarantine",
    "identity/matched_pairs",
    "identity/resolved_borrower",
    "identity/review_queue",
    "identity/person_history",
    "refi/judged_offer",
    "refi/unified_refi_dataset",
    "refi/unmatched_borrowers",
    "refi/refi_eligibility",
    "refi/refi_audience",
    "activation/audience_file",
    "activation/shown_tables",
    "activation/run_numbers",
}
AFTER_PUBLICATION = ("activation/shown_tables", "activation/run_numbers")  # they have no rows
# On clean files.
EMPTY = (
    *("refi/unmatched_borrowers", "staging/quarantine"),
    *("identity/matched_pairs", "identity/review_queue", "identity/person_history"),
)


@pytest.fixture(scope="module")
def graph():
    return definitions("splink").resolve_asset_graph()


@pytest.fixture(scope="module")
def of_refi(graph):
    """The assets of refi's job."""
    keys = definitions("splink").resolve_job_def("refi").asset_layer.executable_asset_keys
    return [graph.get(key) for key in keys]


@pytest.fixture(scope="module")
def materialized(matched):
    """Metadata of every asset after a run, by key."""
    events = matched.ran.result.get_asset_materialization_events()
    return {
        materialization.asset_key.to_user_string(): materialization.metadata
        for materialization in (event.step_materialization_data.materialization for event in events)
    }


@pytest.fixture(scope="module")
def loaded_elsewhere(tmp_path_factory):
    """The definitions loaded by a process with another policy and another lake: code versions, lake, modules."""
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = {
        "REFI_POLICY_FILE": str(changed_policy(folder, ("max_ltv_pct: 80", "max_ltv_pct: 81"))),
        "REFI_LAKE_URL": str(folder / "lake"),
        "REFI_IDENTITY_ENGINE": "splink",
    }
    command = [sys.executable, "-c", _LOAD]
    printed = subprocess.run(command, check=True, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True)
    return json.loads(printed.stdout) | {"lake": folder / "lake"}


_LOAD = """
import json, sys
import refi_assets.cli
from refi_assets.definitions import defs
nodes = defs().resolve_asset_graph().asset_nodes
versions = {node.key.to_user_string(): node.code_version for node in nodes}
print(json.dumps({"code_versions": versions, "modules": sorted(sys.modules)}))
"""


def test_the_assets_are_these_and_no_others(of_refi):
    assert {node.key.to_user_string() for node in of_refi} == ASSETS


def test_each_asset_is_in_the_group_of_its_key_with_an_owner_a_kind_and_a_description(of_refi):
    for node in of_refi:
        assert node.group_name == node.key.path[0]
        assert node.owners
        assert node.kinds
        assert len(node.description or "") > 20
        assert node.code_version
        assert isinstance(node.partitions_def, dg.DailyPartitionsDefinition)


def test_data_flows_from_the_sources_to_the_audience_file(graph):
    def upstream(key: str) -> set[str]:
        return {parent.to_user_string() for parent in graph.get(dg.AssetKey(key.split("/"))).parent_keys}

    for source in SOURCES:
        assert upstream(f"raw/{source}") == set()
        assert upstream(f"catalog/{source}") == {f"raw/{source}"}
        assert upstream(f"staging/{source}") == {f"catalog/{source}"}
    assert upstream("refi/judged_offer") == {
        "staging/borrower_information", "staging/loan_information", "staging/market_equity"
    }  # fmt: skip
    assert upstream("refi/unified_refi_dataset") == {
        "refi/judged_offer", "staging/borrower_information", "staging/borrower_engagement"
    }  # fmt: skip
    assert upstream("refi/refi_eligibility") == {"refi/unified_refi_dataset"}
    assert upstream("identity/matched_pairs") == {"staging/borrower_information"}
    assert upstream("identity/resolved_borrower") == {"staging/borrower_information", "identity/matched_pairs"}
    assert upstream("identity/review_queue") == {"identity/matched_pairs"}
    assert upstream("identity/person_history") == {"identity/resolved_borrower"}
    assert upstream("refi/refi_audience") == {
        "refi/refi_eligibility", "identity/resolved_borrower", "staging/borrower_information",
        "staging/borrower_engagement"
    }  # fmt: skip
    assert "refi/refi_audience" in upstream("activation/audience_file")


def test_with_matching_off_the_identity_group_is_not_in_the_run(published):
    ran = {event.asset_key.to_user_string() for event in published.ran.result.get_asset_materialization_events()}
    assert ran == {key for key in ASSETS if not key.startswith("identity/")}
    assert not [check for check in published.ran.checks if check.startswith("identity/")]
    graph_without = definitions().resolve_asset_graph()
    assert not [key for key in graph_without.get_all_asset_keys() if key.path[0] == "identity"]
    audience = graph_without.get(dg.AssetKey(["refi", "refi_audience"]))
    assert {key.path[0] for key in audience.parent_keys} == {"refi", "staging"}


def test_every_blocking_check_is_upstream_of_the_audience_file(graph, of_refi):
    before = graph.get(dg.AssetKey(["activation", "audience_file"])).parent_keys
    queue, ancestors = set(before), set()
    while queue:
        key = queue.pop()
        ancestors.add(key)
        queue |= graph.get(key).parent_keys - ancestors
    keys = {node.key for node in of_refi}
    checks = [key for key in graph.asset_check_keys if key.asset_key in keys]
    blocking = {key.asset_key for key in checks if graph.get_check_spec(key).blocking}
    assert len(blocking) > 10
    assert blocking <= ancestors


def test_freshness_is_daily_for_feeds_and_audience_and_weekly_for_the_market(of_refi):
    days = {
        node.key.to_user_string(): node.freshness_policy.fail_window.to_timedelta().days
        for node in of_refi
        if node.freshness_policy is not None
    }
    assert days == {
        "raw/borrower_engagement": 1,
        "raw/borrower_information": 1,
        "raw/loan_information": 1,
        "raw/market_equity": 7,
        "activation/audience_file": 1,
    }


def test_every_asset_shows_its_schema_its_rows_and_its_duration(materialized):
    assert materialized.keys() == ASSETS
    for key, metadata in materialized.items():
        assert metadata["dagster/row_count"].value > 0 or key in (*EMPTY, *AFTER_PUBLICATION)
        assert metadata["seconds"].value >= 0
        if not key.startswith("raw/") and key not in AFTER_PUBLICATION:
            assert metadata["dagster/column_schema"].value.columns


def test_the_catalog_shows_contract_and_inferred_types_side_by_side(materialized):
    table = [record.data for record in materialized["catalog/loan_information"]["schemas"].records]
    by_column = {record["column"]: record for record in table}
    assert by_column["current_interest_rate"] == {
        "column": "current_interest_rate", "contract": "DECIMAL(9,6)", "inferred": "double"
    }  # fmt: skip
    assert by_column["origination_year"]["inferred"] == "-", "it is in the contract and not in the file"


def test_column_lineage_is_read_from_the_sql(materialized):
    def sources(asset: str, column: str) -> set[str]:
        lineage = materialized[asset]["dagster/column_lineage"].value.deps_by_column
        return {f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in lineage[column]}

    assert sources("refi/refi_audience", "name") == {
        "staging/borrower_information.first_name", "staging/borrower_information.last_name"
    }  # fmt: skip
    assert sources("refi/refi_eligibility", "rate_spread") == {"refi/unified_refi_dataset.rate_spread"}
    assert sources("refi/judged_offer", "rate_spread") == {
        "staging/loan_information.current_interest_rate", "staging/market_equity.market_rate_offer"
    }  # fmt: skip
    assert sources("staging/market_equity", "ltv_ratio") == {"catalog/market_equity.ltv_ratio"}


def test_lineage_without_a_run_equals_the_lineage_in_dagster_after_one(materialized):
    """Edges and types: `refi lineage` reads them from sql/ and contracts/ alone."""
    relations = [relation for relation in lineage_graph().values() if relation.reads and relation.asset in ASSETS]
    with_lineage = {key for key, metadata in materialized.items() if "dagster/column_lineage" in metadata}
    assert {relation.asset for relation in relations} == with_lineage
    for relation in relations:
        metadata = materialized[relation.asset]
        edges = metadata["dagster/column_lineage"].value.deps_by_column
        assert {
            name: {(source.asset, source.column) for source in column.made_from}
            for name, column in relation.columns.items()
        } == {name: {(dep.asset_key.to_user_string(), dep.column_name) for dep in deps} for name, deps in edges.items()}
        assert [(column.column, column.sql_type, column.description) for column in relation.columns.values()] == [
            (column.name, column.type, column.description) for column in metadata["dagster/column_schema"].value.columns
        ]


def test_sql_assets_show_their_sql(of_refi):
    for node in of_refi:
        if node.key.path[0] == "refi":
            assert "SELECT" in node.metadata["sql"].value


def test_the_code_version_follows_the_policy(loaded_elsewhere, of_refi):
    changed = loaded_elsewhere["code_versions"]
    now = {node.key.to_user_string(): node.code_version for node in of_refi}

    assert {key for key in now if now[key] != changed[key]} == {"refi/judged_offer"}, "no other asset binds the number"


def test_loading_the_definitions_opens_no_lake_and_does_not_wait_for_the_openlineage_client(loaded_elsewhere):
    assert not loaded_elsewhere["lake"].exists()
    assert "refi_assets.orchestration.jobs" in loaded_elsewhere["modules"]
    assert "openlineage" not in loaded_elsewhere["modules"]


def test_loading_the_definitions_imports_no_package_of_models(loaded_elsewhere):
    assert "ml/default_12m" in loaded_elsewhere["code_versions"]
    assert not {"sklearn", "mlflow", "shap", "skops", "scipy"} & set(loaded_elsewhere["modules"])


def test_dg_and_the_workspace_file_load_the_same_definitions():
    listed = json.loads(
        subprocess.run(
            [BIN / "dg", "list", "defs", "--json"], cwd=PROJECT_DIR, check=True, capture_output=True, text=True
        ).stdout
    )
    (location,) = yaml.safe_load((PROJECT_DIR / "workspace.yaml").read_text())["load_from"]
    module = __import__(location["python_module"]["module_name"], fromlist=["defs"])
    from_workspace = {key.to_user_string() for key in module.defs().resolve_asset_graph().get_all_asset_keys()}

    assert {asset["asset_key"] for asset in listed["assets"]} == from_workspace
    assert from_workspace >= {key for key in ASSETS if not key.startswith("identity/")}


def test_dg_finds_nothing_wrong_with_the_definitions():
    done = subprocess.run([BIN / "dg", "check", "defs"], cwd=PROJECT_DIR, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
