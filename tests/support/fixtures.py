"""Fixtures of tests that run the graph, call `refi`, or open a browser: a plug-in for the conftest of their folders.

Tests of a single room do without them, and so without importing Dagster.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from refi_assets.settings import PROJECT_DIR
from tests.support.commands import Answer, refi_here
from tests.support.lakes import PublishedLake
from tests.support.lender import lender, write
from tests.support.running import SHARED_DATA, ingest, run_job

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module", autouse=True)
def no_openlineage_client() -> Iterator[None]:
    """Remove the environment's OpenLineage variables: tests set their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> PublishedLake:
    """A lake after a run, built once for each worker; read-only."""
    return _published(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def matched(tmp_path_factory: pytest.TempPathFactory) -> PublishedLake:
    """The same with matching on."""
    return _published(tmp_path_factory.mktemp("matched"), identity="splink")


def _published(folder: Path, identity: str | None = None) -> PublishedLake:
    instance = dg.DagsterInstance.ephemeral()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENLINEAGE_DISABLED", "true")
        ingest(folder / "lake", write(lender(), folder / "source"))
        return PublishedLake(folder / "lake", run_job(folder / "lake", instance=instance, identity=identity), instance)


@pytest.fixture
def published_lake(published: PublishedLake, tmp_path: Path) -> Path:
    """A copy of the published lake, for a test that changes it."""
    return published.copy(tmp_path / "lake")


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake with the small lender's files in its raw zone."""
    ingest(tmp_path / "lake", write(lender(), tmp_path / "source"))
    return tmp_path / "lake"


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
    """Call `refi …` in this process. `check` is the exit code it must have, if any; `typed` is its input."""

    def call(*arguments: object, check: int | None = 0, typed: str = "", **more: str) -> Answer:
        done = refi_here(*arguments, environment=environment | more, folder=tmp_path, typed=typed)
        assert check in (None, done.returncode), done.stderr + done.stdout
        return done

    return call


@pytest.fixture
def run(refi, tmp_path: Path):
    """`refi run --json`: the object it prints."""

    def call(source: Path, as_of: str, *arguments: object) -> dict[str, Any]:
        done = refi("run", "--source", source, "--lake", tmp_path / "lake", "--as-of", as_of, "--json", *arguments)
        result: dict[str, Any] = done.json
        return result

    return call
