"""Where the shared real data is, a real browser, and the command line as a user calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from refi_assets.settings import PROJECT_DIR
from tests.support.running import SHARED_DATA

REFI = Path(sys.executable).with_name("refi")
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the shared real data is not here ({SHARED_DATA.name} beside the project)")
    return SHARED_DATA


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail("CI must have Chromium (Debian's package)")
        pytest.skip("no Chromium at /usr/bin/chromium; install Debian's package to test the UI")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a command, with a Dagster home of its own, in which the tests can be imported."""
    home = tmp_path / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
    return {**os.environ, "DAGSTER_HOME": str(home), "PYTHONPATH": str(PROJECT_DIR)}


@pytest.fixture
def refi(tmp_path: Path, environment: dict[str, str]):
    """Call `refi …` in a process of its own. `check` is the exit code it must have, if any; `typed` is its input."""

    def call(
        *arguments: object, check: int | None = 0, typed: str | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [REFI, *map(str, arguments)],
            capture_output=True,
            text=True,
            input=typed,
            env=environment | more,
            cwd=tmp_path,
            check=False,
        )
        assert check in (None, done.returncode), done.stderr + done.stdout
        return done

    return call


@pytest.fixture
def run(refi, tmp_path: Path):
    """`refi run --json`: the object it prints."""

    def call(source: Path, as_of: str, *arguments: object) -> dict[str, Any]:
        done = refi("run", "--source", source, "--lake", tmp_path / "lake", "--as-of", as_of, "--json", *arguments)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return call
