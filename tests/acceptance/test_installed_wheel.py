"""The wheel, installed outside the repository, with a new project."""

import csv
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml

from refi_assets.settings import PROJECT_DIR

AS_OF = "2026-02-20"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel, which takes other packages from this environment."""
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=PROJECT_DIR, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / "bin"
    install = [str(programs / "pip"), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    (packages,) = (folder / "venv" / "lib").glob("*/site-packages")
    # .pth files in these folders are not read, so that this environment's editable package is not imported.
    (packages / "needed.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    return programs


def call(installed: Path, folder: Path, *command: str, check: bool = True, **environment: str) -> str:
    """The output of a program of that environment in a folder; without `check`, its stderr."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("REFI_", "DAGSTER_", "PYTHON"))}
    done = subprocess.run(
        [installed / command[0], *command[1:]],
        cwd=folder,
        env=ours | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is check, done.stderr + done.stdout
    return done.stdout if check else done.stderr


@pytest.fixture(scope="module")
def project(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lender")
    call(installed, folder, "refi", "init", "my_project")
    return folder / "my_project"


def test_a_new_project_has_the_repositorys_files(project: Path):
    for name in ("contracts", "policies", "sql", "data/sample", "workspace.yaml", ".dagster"):
        tracked = ["git", "ls-files", name]
        files = subprocess.run(tracked, cwd=PROJECT_DIR, check=True, capture_output=True, text=True).stdout.split()
        assert files
        for file in files:
            assert (project / file).read_bytes() == (PROJECT_DIR / file).read_bytes()


def test_a_folder_that_is_not_empty_is_not_changed(installed: Path, project: Path):
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    printed = call(installed, project.parent, "refi", "init", "my_project", check=False)
    assert printed.strip() == "refi: my_project is not an empty folder. Name a new one; nothing was written."
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == before


def test_a_run_follows_the_policy_of_its_project(installed: Path, project: Path, tmp_path: Path):
    project = shutil.copytree(project, tmp_path / "stricter")
    policy = project / "policies" / "refi" / "refi.yaml"
    text = policy.read_text()
    policy.write_text(text.replace("max_ltv_pct: 80 ", "max_ltv_pct: 60 "))
    assert policy.read_text() != text
    printed = call(installed, project, "refi", "run", "--source", "data/sample", "--as-of", AS_OF, "--json")
    published = json.loads(printed.splitlines()[-1])
    assert published["audience"] == str(project / "lake" / "output" / f"{published['run_id']}.csv")
    with Path(published["audience"]).open(newline="") as file:
        ltv_ratios = [float(row["ltv_ratio"]) for row in csv.DictReader(file)]
    assert ltv_ratios
    assert max(ltv_ratios) <= 60  # by the shipped policy, some are up to 80
    manifest = json.loads(Path(published["manifest"]).read_text())
    assert float(manifest["policy"]["values"]["eligibility"]["max_ltv_pct"]) == 60
    assert (project / ".dagster" / "history").is_dir()


def test_dagster_loads_the_workspace_of_a_project(installed: Path, project: Path):
    (location,) = yaml.safe_load((project / "workspace.yaml").read_text())["load_from"]
    loads = (
        f"from {location['python_module']['module_name']} import defs\n"
        "from refi_assets.settings import PROJECT_DIR\n"
        "print(PROJECT_DIR, [job.name for job in defs().jobs])\n"
    )
    printed = call(installed, project, "python", "-c", loads)
    assert printed.split(maxsplit=1)[0] == str(project)
    assert "'refi'" in printed


def test_without_a_project_the_wheels_own_files_are_read_and_the_lake_is_in_the_working_directory(
    installed: Path, tmp_path: Path
):
    where = (
        "from refi_assets.settings import PROJECT_DIR, settings_of\n"
        "from refi_assets.lake.settings import LakeSettings\n"
        "print(PROJECT_DIR.parent.name, PROJECT_DIR.name, settings_of(LakeSettings).lake_url)\n"
    )
    printed = call(installed, tmp_path, "python", "-c", where)
    assert printed.split() == ["refi_assets", "project_files", str(tmp_path / "lake")]


def test_the_project_is_found_from_a_folder_below_it_or_by_name(installed: Path, project: Path, tmp_path: Path):
    where = "from refi_assets.settings import PROJECT_DIR\nprint(PROJECT_DIR)\n"
    below = call(installed, project / "data" / "sample", "python", "-c", where)
    by_name = call(installed, tmp_path, "python", "-c", where, REFI_PROJECT_DIR=str(project))
    assert below.split() == by_name.split() == [str(project)]


def test_an_invalid_project_dir_is_one_message(installed: Path, tmp_path: Path):
    printed = call(installed, tmp_path, "refi", "runs", check=False, REFI_PROJECT_DIR=str(tmp_path))
    assert printed.startswith(f"refi: REFI_PROJECT_DIR: '{tmp_path}' is not a project: a project has the folders")
