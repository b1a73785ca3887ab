"""Every command on a lake on S3, with every engine: answers and audience equal those of a lake in a folder."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from refi_assets.cli.commands import app
from refi_assets.settings import PROJECT_DIR
from tests.engines.deployments import ENGINES, Deployment, Outcome, in_force, on_s3, outcome
from tests.fakes.aws import Aws

SAMPLE = PROJECT_DIR / "data" / "sample"
RUN = ["run", "--source", str(SAMPLE), "--as-of", "2026-02-20", "--json"]
EVERYBODY = "SELECT borrower_id, marketing_category FROM refi_eligibility ORDER BY borrower_id, loan_id"


@dataclass(frozen=True)
class Answers:
    """The output of commands about a run of the sample, and the run's results."""

    output: dict[str, Any]
    outcome: Outcome


def refi(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def read(*arguments: str) -> list[Any]:
    return [json.loads(line) for line in refi(*arguments, "--json").splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a Dagster instance, and a policy other than the shipped one."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "dagster").mkdir()
    (folder / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    policy = (PROJECT_DIR / "policies" / "refi" / "refi.yaml").read_text()
    (folder / "policy.yaml").write_text(policy.replace("80 ", "70 ", 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(folder / "dagster"))
        yield folder


def answers(deployment: Deployment, policy: Path) -> Answers:
    with in_force(deployment):
        run = json.loads(refi(*RUN))
        assert run["audience"] == deployment.lake.url(f"output/{run['run_id']}.csv")
        replayed = json.loads(refi("replay", run["run_id"], "--json"))
        assert replayed["sha256"] == replayed["published_sha256"]
        output = {
            "counts": run["counts"],
            "quarantine": read("quarantine", "--limit", "100"),
            "query": read("query", EVERYBODY),
            "explain": read("explain", read("query", EVERYBODY)[0]["borrower_id"]),
            "diff-policy": read("diff-policy", str(policy)),
            "runs": read("runs"),
        }
        results = outcome(deployment)
        assert refi("clean-up").endswith("objects deleted.\n")
    return Answers(json.loads(json.dumps(output).replace(run["run_id"], "RUN")), results)


@pytest.fixture(scope="module")
def in_a_folder(folder: Path) -> Answers:
    lake = str(folder / "lake")
    here = Deployment(lake, {"REFI_LAKE_URL": lake, "REFI_ENGINE": "duckdb"})
    return answers(here, folder / "policy.yaml")


@pytest.mark.parametrize("engine", ENGINES)
def test_every_command_gives_the_same_answer_as_in_a_folder(
    request: pytest.FixtureRequest, engine: str, folder: Path, in_a_folder: Answers
) -> None:
    aws: Aws = request.getfixturevalue("aws" if engine == "duckdb" else engine)
    here = answers(on_s3(aws, engine), folder / "policy.yaml")
    assert here.output == in_a_folder.output
    assert here.outcome.engine == engine
    assert replace(here.outcome, engine="") == replace(in_a_folder.outcome, engine="")
    assert here.outcome.audience.count(b"\n") > 10, "there is an audience"
