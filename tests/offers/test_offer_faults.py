"""Faults of a weekly run: last week's offers stay, the message says what to do, and the next run is right.

Faults of the store alone are in tests/store/test_store_faults.py, killed runs in test_killed_offer_runs.py.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from refi_assets.store import connections
from tests.fakes.sagemaker_endpoints import sagemaker_endpoints
from tests.offers.faults import FAULTS, Attempt, Fault, use_endpoints
from tests.support.commands import Answer, refi_here
from tests.support.offer_runs import WEEK, OfferRuns
from tests.support.served_offers import (
    latest_publication,
    published_file,
    require_served_whole,
    served_week,
)

NEXT_WEEK = "2026-03-09"


@pytest.fixture
def make_attempt(offer_runs: OfferRuns, tmp_path: Path) -> Callable[[], Attempt]:
    """Prepare a run of the next week on a copy of the lake and the store of two weeks; the registry is the same."""

    def make_attempt(folder: Path = tmp_path) -> Attempt:
        return copied_attempt(offer_runs, folder)

    return make_attempt


def copied_attempt(offer_runs: OfferRuns, folder: Path) -> Attempt:
    own = {}
    for name in ("DAGSTER_HOME", "REFI_LAKE_URL", "REFI_STORE_DIR"):
        before = Path(offer_runs.environment[name])
        own[name] = str(shutil.copytree(before, folder / before.name))
    shutil.copytree(offer_runs.lake.parent / WEEK, folder / "files")
    runs = OfferRuns(Path(own["REFI_LAKE_URL"]), {**offer_runs.environment, **own}, offer_runs.run_ids)
    return Attempt(runs, folder / "files")


def run(attempt: Attempt) -> Answer:
    """Run the program on the files of the next week."""
    command = ("offers", "run", "--as-of", NEXT_WEEK, "--source", attempt.files, "--replace", "--json")
    environment = {**attempt.runs.environment, **attempt.environment}
    return refi_here(*command, *attempt.options, environment=environment)


@pytest.fixture(scope="module")
def undisturbed(offer_runs: OfferRuns, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Mapping[str, str]]:
    """The file and the stored offers of the next week, if nothing goes wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENLINEAGE_DISABLED", "true")
        attempt = copied_attempt(offer_runs, tmp_path_factory.mktemp("undisturbed"))
        return published_by(attempt, run(attempt))


def published_by(attempt: Attempt, done: Answer) -> tuple[bytes, Mapping[str, str]]:
    """The file and the stored offers of a run that succeeded, and is served."""
    assert done.returncode == 0, done.stderr
    run_id, lake = done.json["run_id"], attempt.runs.lake
    assert latest_publication(lake)["run_id"] == require_served_whole(lake, attempt.store.parent) == run_id
    return published_file(lake, run_id), served_week(attempt.store.parent)[1]


def served(attempt: Attempt) -> tuple[Any, ...]:
    """The latest publication, the week that is served, and its offers."""
    return (latest_publication(attempt.runs.lake), *served_week(attempt.store.parent))


def require_harmless(attempt: Attempt, fault: Fault) -> None:
    """Run with a fault: it fails in words, and what is served does not change."""
    latest, *week = served(attempt)
    with fault.apply(attempt):
        done = run(attempt)
    attempt.environment, attempt.options = {}, ()
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    message = " ".join(done.json["error"].split())
    assert fault.message in message
    assert message.endswith(fault.ending)
    assert message in " ".join(done.stderr.split())
    latest_now, *week_now = served(attempt)
    assert week_now == week
    assert (latest_now == latest) == ("The offers are published" not in fault.ending)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.1)


def test_after_all_faults_one_by_one_the_next_run_is_right(make_attempt, undisturbed):
    attempt = make_attempt()
    for fault in FAULTS.values():
        require_harmless(attempt, fault)
    assert published_by(attempt, run(attempt)) == undisturbed


@pytest.mark.long
@pytest.mark.parametrize("name", FAULTS)
def test_after_a_fault_the_next_run_is_right(make_attempt, undisturbed, name: str):
    attempt = make_attempt()
    require_harmless(attempt, FAULTS[name])
    assert published_by(attempt, run(attempt)) == undisturbed
