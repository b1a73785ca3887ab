"""The script of the job of Glue, run for real: a process of its own, with its own Spark, and Pipes over files."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from refi_assets.defs.refi import REFI
from refi_assets.lake import RunFolder, open_lake
from refi_assets.orchestration.glue_runs import on_glue
from refi_assets.orchestration.partitions import partitions
from refi_assets.settings import PROJECT_DIR
from tests.spark.conftest import SETTINGS
from tests.support.lender import ELIGIBLE, lender, write
from tests.support.running import DAY, definitions, ingest

JOB = PROJECT_DIR / "infra" / "glue" / "job.py"


def started_as_glue_does(lake: Path, engine: str, folder: Path) -> dg.AssetsDefinition:
    """The step of the domain's job, which starts the script with its settings as arguments."""
    (step,) = (
        definition
        for definition in on_glue(definitions(), REFI, "a-job").assets or ()
        if isinstance(definition, dg.AssetsDefinition) and definition.op.name == "refi_on_glue"
    )
    settings = {"REFI_LAKE_URL": str(lake), "REFI_ENGINE": engine, **SETTINGS}

    @dg.multi_asset(specs=list(step.specs), check_specs=list(step.check_specs), partitions_def=partitions("daily"))
    def started(context: dg.AssetExecutionContext) -> Iterator[Any]:
        with dg.open_pipes_session(
            context,
            dg.PipesTempFileContextInjector(),
            dg.PipesTempFileMessageReader(),
            extras={"domain": "refi", "verify": False, "force_latest": False},
        ) as session:
            arguments = {f"--{name}": value for name, value in settings.items()}
            arguments |= session.get_bootstrap_cli_arguments()
            command = [sys.executable, str(JOB), *(part for pair in arguments.items() for part in pair)]
            environment = {**os.environ, "PYTHONPATH": str(PROJECT_DIR)}
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        yield from session.get_results(implicit_materializations=False)

    return started


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.long)])
def test_the_script_runs_a_domain_and_reports_it_over_files(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
):
    if engine == "spark":
        request.getfixturevalue("spark")  # skips the test without Java
    lake = tmp_path / "lake"
    ingest(lake, write(lender(), tmp_path / "files"))
    result = dg.materialize([started_as_glue_does(lake, engine, tmp_path)], partition_key=DAY.isoformat())
    metadata = {
        event.materialization.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    assert metadata["refi/refi_audience"]["dagster/row_count"].value == ELIGIBLE
    assert all(check.passed for check in result.get_asset_check_evaluations())
    audience = RunFolder(open_lake(str(lake)), result.run_id).load("refi/refi_audience")
    assert bool(audience.details.queries) == (engine == "spark")
