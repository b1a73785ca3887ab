"""Every command on a lake on S3, with every engine: the same answers as in a folder."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from refi_assets.cli.commands import app
from refi_assets.settings import PROJECT_DIR
from tests.engines.aws import Aws
from tests.engines.deployments import ENGINES, Deployment, in_force, on_s3

SAMPLE = PROJECT_DIR / "data" / "sample"
RUN = ["run", "--source", str(SAMPLE), "--as-of", "2026-02-20", "--json"]


@pytest.fixture(params=ENGINES)
def deployment(request: pytest.FixtureRequest) -> Deployment:
    engine = request.param
    aws: Aws = request.getfixturevalue("aws" if engine == "duckdb" else engine)
    return on_s3(aws, engine)


def refi(*words: str) -> str:
    said = CliRunner().invoke(app, words, catch_exceptions=False)
    assert said.exit_code == 0, said.output
    return said.stdout


def read(*words: str) -> list[Any]:
    return [json.loads(line) for line in refi(*words, "--json").splitlines()]


@pytest.fixture
def dagster_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    return home


def test_every_command_answers_as_in_a_folder(deployment: Deployment, tmp_path: Path, dagster_home: Path) -> None:
    here = Deployment(str(tmp_path / "lake"), {"REFI_LAKE_URL": str(tmp_path / "lake"), "REFI_ENGINE": "duckdb"})
    answers = {}
    for one in (here, deployment):
        with in_force(one):
            made = json.loads(refi(*RUN))
            assert made["audience"] == one.lake.url(f"output/{made['run_id']}.csv")
            everybody = "SELECT borrower_id, marketing_category FROM refi_eligibility ORDER BY borrower_id, loan_id"
            other = tmp_path / "policy.yaml"
            other.write_text((PROJECT_DIR / "policies" / "refi" / "refi.yaml").read_text().replace("80 ", "70 ", 1))
            replayed = json.loads(refi("replay", made["run_id"], "--json"))
            assert replayed["sha256"] == replayed["published_sha256"]
            said = {
                "counts": made["counts"],
                "quarantine": read("quarantine", "--limit", "100"),
                "query": read("query", everybody),
                "explain": read("explain", read("query", everybody)[0]["borrower_id"]),
                "diff-policy": read("diff-policy", str(other)),
                "runs": read("runs"),
            }
            answers[one.lake_url] = json.loads(json.dumps(said).replace(made["run_id"], "RUN"))
            assert refi("clean-up").endswith("objects deleted.\n")
    assert answers[deployment.lake_url] == answers[here.lake_url]
