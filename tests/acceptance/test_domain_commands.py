"""`refi <domain> …`: a domain has commands by its files alone. Here it is a made-up one, made anew each week."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from refi_assets.settings import PROJECT_DIR
from tests.infra.deployment import make_app

FILES = {
    "contracts/toy/branch.yaml": """
        apiVersion: v3.1.0
        kind: DataContract
        id: toy.branch
        name: branch
        domain: toy
        version: 1.0.0
        status: active
        schema:
          - name: branch
            logicalType: object
            physicalType: csv
            properties:
              - name: branch_id
                logicalType: string
                physicalType: VARCHAR
                primaryKey: true
                primaryKeyPosition: 1
                required: true
                customProperties:
                  - {property: columnPresence, value: required}
              - name: desks
                logicalType: integer
                physicalType: INTEGER
                logicalTypeOptions: {minimum: 0}
                required: true
                customProperties:
                  - {property: columnPresence, value: required}
        slaProperties:
          - {property: frequency, value: 7, unit: d}
        """,
    "policies/toy/toy.yaml": """
        least_desks_count: 3
        checks:
          quarantine_ratio_pct: {warn_above: 50, block_above: 100}
        """,
    "sql/toy/large_branch.sql": """
        -- Branches with many desks.
        -- grain: branch_id
        SELECT
            branch.branch_id,
            branch.desks
        FROM branch
        WHERE
            branch.desks >= :least_desks_count
        """,
    "sql/toy/measures/large_branch.sql": """
        -- Desks in large branches.
        SELECT
            'desks' AS measure,
            COALESCE(CAST(SUM(large_branch.desks) AS BIGINT), 0) AS amount
        FROM large_branch
        """,
    "sql/toy/branch_file.sql": """
        -- Large branches, by name.
        -- grain: branch_id
        SELECT
            large_branch.branch_id,
            large_branch.desks
        FROM large_branch
        ORDER BY
            large_branch.branch_id ASC
        """,
    "refi_assets/defs/toy/__init__.py": """
        from refi_assets.orchestration.domain import Domain

        TOY = Domain("toy", cadence="weekly")
        """,
    "refi_assets/defs/toy/assets.py": """
        import dagster as dg

        from refi_assets.defs.toy import TOY
        from refi_assets.lake.relations import with_inputs
        from refi_assets.orchestration.partitions import partitions
        from refi_assets.orchestration.resources import (
            EngineResource, LakeResource, PoliciesResource, PublishingResource,
        )
        from refi_assets.orchestration.sources import source_definitions
        from refi_assets.orchestration.sql_assets import sql_asset
        from refi_assets.orchestration.steps import asset_step
        from refi_assets.publishing.publication import Publication
        from refi_assets.publishing.publish import publish
        from refi_assets.specs.sql_models import load_sql_models

        INPUTS = ("toy/large_branch", "staging/toy_quarantine")


        @dg.asset(
            key=["toy", "branch_file"],
            group_name="toy",
            deps=[key.split("/") for key in INPUTS],
            partitions_def=partitions(TOY.cadence),
        )
        def branch_file(
            context: dg.AssetExecutionContext,
            lake: LakeResource,
            engine: EngineResource,
            policies: PoliciesResource,
            publishing: PublishingResource,
        ):
            with asset_step(context, lake) as step:
                made_from = {key: step.input(key) for key in INPUTS}
                relations = with_inputs(step.lake, list(made_from.values()))
                published = publish(
                    Publication("toy"), load_sql_models()["toy/branch_file"], step.lake, engine.duckdb(step.lake),
                    step.folder.run_id, step.as_of, relations, policies.of(TOY),
                    policy_overridden=policies.is_overridden(TOY), force_latest=publishing.force_latest,
                )
                relation = step.draft("toy/branch_file", made_from=made_from, kind="files", rows=published.rows)
                return step.materialized(step.save(relation))


        @dg.definitions
        def toy() -> dg.Definitions:
            large = sql_asset(TOY, "toy/large_branch", kind="table", parameters=("least_desks_count",))
            return dg.Definitions.merge(source_definitions(TOY), dg.Definitions(assets=[large, branch_file]))
        """,
    "refi_assets/defs/toy/automation.py": """
        import dagster as dg

        from refi_assets.defs.toy import TOY
        from refi_assets.orchestration.automation import automation


        @dg.definitions
        def toy_automation() -> dg.Definitions:
            return automation(TOY, ("toy",), sensor="toys", schedule="every_monday", cron_schedule="0 6 * * 1")
        """,
}
SUNDAY = "2026-02-22"  # of the week that holds Wednesday the 18th


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project that has the domain, and a folder with its source file."""
    app = tmp_path_factory.mktemp("app") / "app"
    make_app(app)
    for name, text in FILES.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(dedent(text).lstrip())
    (app / "files").mkdir()
    (app / "files" / "branch.csv").write_text("branch_id,desks\nnorth,2\nsouth,5\neast,7\nwest,none\n")
    (app / "home").mkdir()
    shutil.copy(PROJECT_DIR / ".dagster" / "dagster.yaml", app / "home")
    return app


@pytest.fixture(scope="module")
def refi(app: Path):
    """Call `refi …` of the copy: what it prints, or with `check`, what it says on stderr, as one line."""

    def call(*words: str, check: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from refi_assets.cli import main; main()", *words],
            cwd=app,
            env={"PYTHONPATH": str(app), "DAGSTER_HOME": str(app / "home"), "OPENLINEAGE_DISABLED": "true"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == check, done.stderr + done.stdout
        return " ".join(done.stderr.split()) if check else done.stdout

    return call


@pytest.fixture(scope="module")
def published(refi) -> dict[str, Any]:
    """What `refi toy run --json` prints, of the week of a Wednesday."""
    run: dict[str, Any] = json.loads(refi("toy", "run", "--source", "files", "--as-of", "2026-02-18", "--json"))
    return run


def test_a_domain_is_in_the_help_and_refi_is_not_there_twice(refi):
    text = refi("--help")
    assert "The domain toy" in text
    assert "The domain refi" not in text


def test_a_run_is_of_the_partition_that_holds_the_day(published: dict[str, Any], app: Path):
    assert published["as_of"] == SUNDAY
    assert published["file"] == str(app / "lake" / "output" / "toy" / f"{published['run_id']}.csv")
    assert Path(published["file"]).read_text().splitlines() == ["branch_id,desks", "east,7", "south,5"]
    assert published["latest_moved"] is True
    assert published["counts"]["relations"] == {"toy/large_branch": 2, "toy/branch_file": 2}
    ((source, counts),) = published["counts"]["sources"].items()
    assert (source, counts["rows"], counts["accepted"], sum(counts["quarantined"].values())) == ("branch", 4, 3, 1)
    assert json.loads((app / "lake" / "output" / "toy" / "latest.json").read_text())["run_id"] == published["run_id"]
    assert not (app / "lake" / "output" / "latest.json").exists()


def test_its_answers_are_of_its_own_publication(published: dict[str, Any], refi):
    (run,) = map(json.loads, refi("toy", "runs", "--json").splitlines())
    assert (run["run_id"], run["as_of"], run["file"]["rows"]) == (published["run_id"], SUNDAY, 2)
    select = "SELECT branch_id FROM large_branch ORDER BY desks DESC"
    rows = [json.loads(row) for row in refi("toy", "query", select, "--json").splitlines()]
    assert rows == [{"branch_id": "east"}, {"branch_id": "south"}]
    (row,) = map(json.loads, refi("toy", "quarantine", "--json").splitlines())
    assert (row["source"], row["record_number"], row["column_name"]) == ("branch", 4, "desks")
    assert refi("runs", "--json") == ""


def test_another_policy_is_for_that_run_only(published: dict[str, Any], refi, app: Path):
    (app / "strict.yaml").write_text((app / "policies" / "toy" / "toy.yaml").read_text().replace("3", "6", 1))
    said = refi("toy", "run", "--as-of", "2026-02-16", "--policy", "strict.yaml")
    assert "toy/large_branch 1\n" in said
    assert "latest.json was not moved" in said


def test_a_domain_that_published_nothing_says_how_to_begin(refi):
    assert "Start with: refi toy run --source DIR" in refi("toy", "query", "SELECT 1", "--lake", "files", check=1)


def test_files_of_another_domain_are_not_taken(refi, tmp_path: Path):
    (tmp_path / "market_equity.csv").write_text("property_id\n")
    said = refi("toy", "ingest", "--source", str(tmp_path), check=1)
    assert "no source file; found: market_equity.csv" in said
