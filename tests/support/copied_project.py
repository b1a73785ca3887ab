"""A copy of the project, which a test changes and runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from refi_assets.settings import PROJECT_DIR


def copy_project(folder: Path) -> Path:
    """Every file under version control, in a new folder."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT_DIR, check=True, capture_output=True, text=True)
    for name in listed.stdout.split("\0"):
        if (PROJECT_DIR / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT_DIR / name, folder / name)
    return folder


def run_python(project: Path, *arguments: str, check: int = 0) -> subprocess.CompletedProcess[str]:
    """Run this Python in a copy; `check` is the exit code it must have."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), "DAGSTER_HOME": str(project / ".dagster"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == check, done.stderr + done.stdout
    return done


def make_golden_and_docs(project: Path) -> None:
    """Rewrite the files of a copy that `make golden` and `make docs` write."""
    run_python(project, "-m", "tests.engines.golden_sql")
    for module, page in (("specs.contract_reference", "contracts"), ("cli.rules", "rules")):
        text = run_python(project, "-m", f"refi_assets.{module}").stdout
        (project / "docs" / f"{page}.md").write_text(text, "utf-8")


def run_tests_without_servers(project: Path) -> None:
    """Run the tests of a copy, except those that start a server, a browser or another copy, and minutes of programs."""
    rooms = [path.name for path in sorted((project / "tests").iterdir()) if (path / "__init__.py").is_file()]
    without = {"acceptance", "bench", "engines", "fakes", "infra", "support", "observability", "offers", "store"}
    paths = [f"tests/{room}" for room in rooms if room not in without]
    run_python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/engines/test_golden_sql.py", *paths)
