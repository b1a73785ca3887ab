"""The same files give the same audience, byte for byte, whatever engine runs the models and wherever the lake is."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from refi_assets.sample.generate import generate
from refi_assets.settings import PROJECT_DIR
from tests.engines.aws import Aws
from tests.engines.deployments import Deployment, Outcome, on_s3, outcome, run_whole_job
from tests.running import DAY, SHARED_DATA, SHARED_TOOLS

REAL_DAY = date(2010, 10, 14)


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two thousand borrowers, with a set share of every defect."""
    folder = tmp_path_factory.mktemp("messy")
    generate(2000, 7, folder)
    return folder


@pytest.fixture(scope="module")
def mortgages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """41,429 real mortgages as of a day."""
    if not (SHARED_DATA / "mortgage").is_dir():
        pytest.skip("the real mortgages are not here: put shared/data beside the project")
    folder = tmp_path_factory.mktemp("mortgages")
    subprocess.run(
        [sys.executable, SHARED_TOOLS / "real_refi_case.py", folder, "--as-of", REAL_DAY.isoformat()],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def in_a_folder(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Outcome]:
    """What DuckDB makes of the same files in a folder, by source folder."""
    return {}


def expected(known: dict[Path, Outcome], source: Path, day: date, tmp_path: Path) -> Outcome:
    if source not in known:
        here = Deployment(str(tmp_path / "lake"), {"REFI_ENGINE": "duckdb", **identity(source)})
        assert run_whole_job(here, source, day).success
        known[source] = outcome(here)
    return known[source]


def identity(source: Path) -> dict[str, str]:
    """Where people stand in the files twice, as in the sample, they are found."""
    return {"REFI_IDENTITY_ENGINE": "splink" if (source / "persons.csv").is_file() else "off"}


def require_same(deployment: Deployment, source: Path, day: date, wanted: Outcome) -> None:
    deployment = replace(deployment, env={**deployment.env, **identity(source)})
    ran = run_whole_job(deployment, source, day)
    assert ran.success, ran.failure
    made = outcome(deployment)
    assert made.engine == deployment.env["REFI_ENGINE"]
    assert made.audience == wanted.audience
    assert made.counts == wanted.counts
    assert made.judged == wanted.judged
    assert made.columns == wanted.columns
    assert made.audience.count(b"\n") > 10, "there is an audience"


SOURCES = [("sample", DAY), ("messy", DAY), ("mortgages", REAL_DAY)]


@pytest.fixture
def source(request: pytest.FixtureRequest) -> Path:
    if request.param == "sample":
        return PROJECT_DIR / "data" / "sample"
    folder: Path = request.getfixturevalue(request.param)
    return folder


@pytest.mark.parametrize(("source", "day"), SOURCES, indirect=["source"], ids=[name for name, _ in SOURCES])
def test_duckdb_on_s3(aws: Aws, source: Path, day: date, in_a_folder: dict[Path, Outcome], tmp_path: Path) -> None:
    require_same(on_s3(aws, "duckdb"), source, day, expected(in_a_folder, source, day, tmp_path))


@pytest.mark.parametrize(("source", "day"), SOURCES, indirect=["source"], ids=[name for name, _ in SOURCES])
def test_athena(athena: Aws, source: Path, day: date, in_a_folder: dict[Path, Outcome], tmp_path: Path) -> None:
    require_same(on_s3(athena, "athena"), source, day, expected(in_a_folder, source, day, tmp_path))


@pytest.mark.parametrize(("source", "day"), SOURCES, indirect=["source"], ids=[name for name, _ in SOURCES])
def test_trino(trino: Aws, source: Path, day: date, in_a_folder: dict[Path, Outcome], tmp_path: Path) -> None:
    require_same(on_s3(trino, "trino"), source, day, expected(in_a_folder, source, day, tmp_path))
