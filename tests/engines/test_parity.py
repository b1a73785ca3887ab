"""The same files give the same audience, byte for byte, on every engine and in every lake."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from refi_assets.sample.generate import generate_files
from refi_assets.settings import PROJECT_DIR
from tests.engines.deployments import ENGINES, Deployment, Outcome, on_s3, outcome, run_whole_job
from tests.fakes.aws import Aws
from tests.support.running import DAY, SHARED_DATA, SHARED_TOOLS

SAMPLE = PROJECT_DIR / "data" / "sample"
REAL_DAY = date(2010, 10, 14)
NO_SETTINGS: Mapping[str, str] = {}
SPLINK = {"REFI_IDENTITY_ENGINE": "splink"}


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two thousand borrowers, with a fixed share of every defect."""
    folder = tmp_path_factory.mktemp("messy")
    generate_files(2000, 7, folder)
    return folder


@pytest.fixture(scope="module")
def mortgages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """41,429 real mortgages as of a day."""
    if not (SHARED_DATA / "mortgage").is_dir():
        pytest.skip("the real mortgages are missing: put shared/data next to the project")
    folder = tmp_path_factory.mktemp("mortgages")
    subprocess.run(
        [sys.executable, SHARED_TOOLS / "real_refi_case.py", folder, "--as-of", REAL_DAY.isoformat()],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def in_a_folder() -> dict[Path, Outcome]:
    """The outcome of DuckDB on a lake in a folder, by source folder; each runs once."""
    return {}


def expected(
    outcomes: dict[Path, Outcome], source: Path, day: date, tmp_path: Path, settings: Mapping[str, str] = NO_SETTINGS
) -> Outcome:
    if source not in outcomes:
        here = Deployment(str(tmp_path / "lake"), {"REFI_ENGINE": "duckdb", **settings})
        assert run_whole_job(here, source, day).success
        outcomes[source] = outcome(here)
    return outcomes[source]


def deployment_of(request: pytest.FixtureRequest, engine: str) -> tuple[Aws, Deployment]:
    """A new deployment on the shared servers."""
    aws: Aws = request.getfixturevalue("aws" if engine == "duckdb" else engine)
    return aws, on_s3(aws, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_messy_files_give_the_same_audience(
    request: pytest.FixtureRequest, engine: str, messy: Path, in_a_folder: dict[Path, Outcome], tmp_path: Path
) -> None:
    """test_commands_on_s3.py compares the sample's audience."""
    aws, deployment = deployment_of(request, engine)
    require_same(deployment, messy, DAY, expected(in_a_folder, messy, DAY, tmp_path))
    if engine == "athena":
        queries = [request for request in aws.requests() if request["action"] == "athena:StartQueryExecution"]
        assert len(queries) == 15, "as many as for the sample, which has a fortieth of the rows"


@pytest.mark.long
@pytest.mark.parametrize("engine", ENGINES)
def test_matched_persons_are_the_same_on_every_engine(
    request: pytest.FixtureRequest, engine: str, in_a_folder: dict[Path, Outcome], tmp_path: Path
) -> None:
    """The sample, with Splink."""
    _, deployment = deployment_of(request, engine)
    deployment = replace(deployment, env={**deployment.env, **SPLINK})
    require_same(deployment, SAMPLE, DAY, expected(in_a_folder, SAMPLE, DAY, tmp_path, SPLINK))


@pytest.mark.long
@pytest.mark.parametrize("engine", ENGINES)
def test_real_mortgages_give_the_same_audience(
    request: pytest.FixtureRequest, engine: str, mortgages: Path, in_a_folder: dict[Path, Outcome], tmp_path: Path
) -> None:
    _, deployment = deployment_of(request, engine)
    require_same(deployment, mortgages, REAL_DAY, expected(in_a_folder, mortgages, REAL_DAY, tmp_path))


def require_same(deployment: Deployment, source: Path, day: date, expected: Outcome) -> None:
    ran = run_whole_job(deployment, source, day)
    assert ran.success, ran.failure
    actual = outcome(deployment)
    assert actual.engine == deployment.env["REFI_ENGINE"]
    assert replace(actual, engine="") == replace(expected, engine="")
    assert actual.audience.count(b"\n") > 10, "there is an audience"
