"""The README is true: its commands run, and its output is the output that they print."""

import os
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from refi_assets.definitions import defs
from refi_assets.settings import PROJECT_DIR
from tests.engines.deployments import on_s3
from tests.fakes.aws import Aws
from tests.support.api_process import api_process
from tests.support.commands import refi_here
from tests.support.serving import wait_for

README = (PROJECT_DIR / "README.md").read_text()
BLOCKS = [
    [line.split("#")[0].strip() for line in block.splitlines()]
    for block in re.findall(r"```sh\n(.*?)```", README, re.S)
]
(ON_S3,) = [block for block in BLOCKS if any(line.startswith("export ") for line in block)]
(MODELS,) = [block for block in BLOCKS if "make ml" in block]
(OFFERS,) = [block for block in BLOCKS if any("refi offers run" in line for line in block)]
(SERVING,) = [block for block in BLOCKS if "make serve" in block]
(BANKING,) = [block for block in BLOCKS if any("refi banking run" in line for line in block)]
(RISK,) = [block for block in BLOCKS if "make stream" in block]
APART = (ON_S3, MODELS, OFFERS, SERVING, BANKING, RISK)
COMMANDS = [command for block in BLOCKS if block not in APART for command in block]
RUN_ELSEWHERE = {"make test": "these tests", "make dev": "test_ui.py", "make watch": "test_watch.py"}


def execute(command: str, folder: Path) -> str:
    """Run a command as a user would: make in the project's folder, refi (in this process) beside the user's files."""
    (folder / ".venv").symlink_to(PROJECT_DIR / ".venv")
    environment = {**os.environ, "REFI_LAKE_URL": str(folder / "lake"), "DAGSTER_HOME": str(folder)}
    (folder / "dagster.yaml").write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
    arguments = command.split()
    if arguments[0] == "make":
        ran: Any = subprocess.run(
            arguments, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False
        )
    else:
        assert (folder / arguments[0]).resolve() == (PROJECT_DIR / ".venv/bin/refi").resolve()
        ran = refi_here(*arguments[1:], environment=environment, folder=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_readme_begins_with_the_two_commands_that_set_everything_up():
    assert COMMANDS[:2] == ["make run", "make test"]


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in RUN_ELSEWHERE])
def test_a_command_of_the_readme_runs(command, tmp_path):
    shutil.copytree(PROJECT_DIR / "data" / "sample", tmp_path / "my_files")

    printed = execute(command, tmp_path)

    assert len(list(tmp_path.glob("*/output/latest.json"))) == 1
    if command == "make run":
        shown = re.search(r"```text\n(.*?)```", README, re.S)
        assert shown is not None
        for line in shown[1].splitlines():
            assert timeless(line) in [timeless(printed_line) for printed_line in printed.splitlines()]


def test_the_commands_on_s3_run(athena: Aws, tmp_path):
    deployment = on_s3(athena, "athena")
    exported = [line.removeprefix("export ").split("=")[0] for line in ON_S3 if line.startswith("export ")]
    assert exported == ["REFI_LAKE_URL", "REFI_ENGINE"]
    assert set(exported) <= deployment.env.keys()
    (tmp_path / "dagster.yaml").write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
    environment = {**os.environ, **deployment.env, "DAGSTER_HOME": str(tmp_path)}
    for command in (line for line in ON_S3 if not line.startswith("export ")):
        arguments = command.replace("make ", "make --dry-run ").split()  # this test's environment has the packages
        ran = subprocess.run(arguments, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"


def run_in_order(commands: list[str], folder: Path) -> list[str]:
    """Run commands of refi one after the other on one lake and one registry; returns what they printed."""
    environment = {
        **os.environ,
        "REFI_LAKE_URL": str(folder / "lake"),
        "REFI_MLFLOW_URI": f"sqlite:///{folder}/registry/mlflow.db",
        "DAGSTER_HOME": str(folder),
    }
    (folder / "dagster.yaml").write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
    printed = []
    for command in commands:
        ran = refi_here(*command.split()[1:], environment=environment, folder=folder)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        printed.append(ran.stdout)
    return printed


@pytest.mark.long
def test_the_commands_on_models_run(tmp_path):
    draws = random.Random(1)
    amounts = [draws.randrange(1000) for _ in range(1000)]
    rows = [f"{amount},{int(draws.random() < amount / 2000)}" for amount in amounts]
    (tmp_path / "loans.csv").write_text("\n".join(["amount,defaulted", *rows]))
    commands = [command for command in MODELS if not command.endswith(("make ml", "refi serve"))]
    assert len(commands) == len(MODELS) - 2  # these packages are there, and tests/api/ serves
    assert "It is the champion." in run_in_order(commands, tmp_path)[-1]


@pytest.mark.long
def test_the_commands_on_loan_offers_run(tmp_path):
    *_, ran, explained, funnel = run_in_order(OFFERS, tmp_path)
    assert re.search(r"^Offers +[1-9]", ran, re.M)
    assert "C1 has " in explained
    assert "regulatory-compliance" in funnel


@pytest.mark.long
def test_the_commands_on_a_bank_run(tmp_path):
    _, ran, _ = run_in_order(BANKING, tmp_path)
    assert re.search(r"^gold/customer_360 +[1-9]", ran, re.M)
    assert "<html" in (tmp_path / "build" / "bank.html").read_text("utf-8")


def test_the_commands_on_serving_run(tmp_path):
    serve, create, ask = SERVING
    dry = subprocess.run([*serve.split(), "--dry-run"], cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    assert ".venv/bin/refi serve" in dry.stdout.splitlines()
    registry = {"REFI_MLFLOW_URI": f"sqlite:///{tmp_path}/registry/mlflow.db"}
    with api_process(tmp_path, registry) as server:
        lake = {**os.environ, "REFI_LAKE_URL": str(tmp_path / "lake")}
        key = refi_here(*create.split()[1:], environment=lake).stdout.strip()
        ask = ask.replace("localhost:8080", server.url.removeprefix("http://"))

        def offers() -> str:
            return subprocess.run(
                ["bash", "-c", ask], env={**os.environ, "KEY": key}, capture_output=True, text=True, check=True
            ).stdout

        wait_for(lambda: offers() == '{"offers":[]}', 20)  # a new key counts within a second


def timeless(line: str) -> str:
    """A printed line without the parts that differ between runs: the date, the seconds, the file's name."""
    line = re.sub(r"\d{4}-\d{2}-\d{2}", "DATE", line.rstrip())
    return re.sub(r"^(Seconds|File) .*", r"\1", line)


def test_the_readme_does_not_promise_more_asset_checks_than_there_are():
    assert "More than fifty asset checks" in README
    assert len(list(defs().resolve_asset_graph().asset_check_keys)) > 50


def test_the_readmes_links_have_targets():
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert targets
    assert [target for target in targets if not (PROJECT_DIR / target).exists()] == []
