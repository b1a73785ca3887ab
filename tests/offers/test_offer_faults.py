"""Faults of a weekly run: last week's offers stay, the message says what to do, and the next run is right.

Faults of the store alone are in tests/store/test_store_faults.py, killed runs in test_killed_offer_runs.py.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from refi_assets.store import connections
from tests.fakes.sagemaker_endpoints import sagemaker_endpoints
from tests.offers.attempts import Attempt, Result, copied_attempt
from tests.offers.faults import FAULTS, NOBODY_KNOWS, NOT_SERVED, UNCHANGED, Fault, use_models
from tests.support.served_offers import PROGRAM, published_file

USUAL = (
    "the champion is gone",
    "an endpoint throttles",
    "columns are absent",
    "a folder has the name of a file",
    "the store is locked",
)


@pytest.fixture
def attempt(offer_runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Attempt:
    """A run of the next week; it waits only shortly for a locked store."""
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.1)
    return copied_attempt(offer_runs, tmp_path)


@pytest.fixture(scope="module")
def undisturbed(offer_runs, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """What the run gives if nothing goes wrong."""
    attempt = copied_attempt(offer_runs, tmp_path_factory.mktemp("undisturbed"))
    return attempt.result_of(attempt.run())


def require_harmless(attempt: Attempt, fault: Fault) -> None:
    """Run with a fault: it fails in words, and what is served does not change."""
    latest, *week = attempt.served()
    with fault.apply(attempt):
        done = attempt.run()
    attempt.environment, attempt.options = {}, ()
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    message = " ".join(done.json["error"].split())
    assert fault.message in message
    assert message.endswith(fault.ending)
    assert message in " ".join(done.stderr.split())
    latest_now, *week_now = attempt.served()
    assert week_now == week
    assert (latest_now == latest) == (fault.ending != NOT_SERVED)


def test_after_the_usual_faults_one_by_one_the_next_run_is_right(attempt, undisturbed):
    for name in USUAL:
        require_harmless(attempt, FAULTS[name])
    assert attempt.result_of(attempt.run()) == undisturbed


@pytest.mark.long
@pytest.mark.parametrize("name", FAULTS)
def test_after_a_fault_the_next_run_is_right(attempt, undisturbed, name: str):
    require_harmless(attempt, FAULTS[name])
    assert attempt.result_of(attempt.run()) == undisturbed


def test_a_program_whose_models_are_endpoints_gives_the_offers_of_the_same_scores(attempt, undisturbed):
    """The rows are sent in the order of the features: credit score and income first."""

    def approval(row: list[str]) -> float:
        odds = (3 if float(row[0]) > 700 else 1) * (3 if float(row[1]) > 30_000 else 1)
        return odds / (odds + 1)

    use_models(attempt, loan_approval="sagemaker://loan-approval", default_risk="sagemaker://default-risk")
    with sagemaker_endpoints({"loan-approval": approval, "default-risk": lambda _: 0.02}) as environment:
        attempt.environment |= environment
        done = attempt.run()

    assert done.returncode == 0, done.stderr
    assert published_file(attempt.runs.lake, done.json["run_id"]) == undisturbed[0]
    assert [(model["endpoint"], model["version"], model["sha256"]) for model in done.json["models"]] == [
        ("sagemaker://loan-approval", None, None),
        ("sagemaker://default-risk", None, None),
    ]


@pytest.mark.long
def test_a_damaged_week_in_the_store_is_replaced(attempt, undisturbed):
    run_id = attempt.served()[1]
    (attempt.program_store / f"{run_id}.sqlite").write_bytes(b"not a database" * 1_000)
    assert attempt.result_of(attempt.run()) == undisturbed


@pytest.mark.long
def test_without_preferences_there_is_no_first_run(attempt, undisturbed):
    """Without them, nobody could be reached; the message names the file that is expected."""
    shutil.rmtree(attempt.runs.lake)
    shutil.rmtree(attempt.store)
    file = attempt.files / "contact_preferences.csv"
    content = file.read_bytes()
    file.unlink()
    done = attempt.run()
    assert done.returncode == 1
    assert "contact_preferences: no file with a load date on or before 2026-03-09 in" in done.json["error"]
    assert "expected contact_preferences.csv" in done.json["error"]
    assert not (attempt.runs.lake / "output" / PROGRAM / "latest.json").exists()
    file.write_bytes(content)
    assert attempt.result_of(attempt.run()) == undisturbed


ON_A_SMALL_DISK = """
import json, os, pathlib, shutil, subprocess, sys
from tests.offers.attempts import Attempt
from tests.support.offer_runs import OfferRuns
environment, files = json.loads(sys.argv[1]), pathlib.Path(sys.argv[2])
attempt = Attempt(OfferRuns(pathlib.Path(environment["REFI_LAKE_URL"]), environment, ("", "")), files)
disk = attempt.store
before = disk.rename(disk.with_name("before"))
disk.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
shutil.copytree(before, disk, dirs_exist_ok=True)
weeks = [attempt.served()[1:]]
def failing():
    done = attempt.run()
    weeks.append(attempt.served()[1:])
    return [done.returncode, done.json["error"]]
ballast = disk / "ballast"
ballast.write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
full = failing()
ballast.unlink()
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
read_only = failing()
subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
file, offers = attempt.result_of(attempt.run())
print(json.dumps([full, read_only, weeks, file.decode(), offers]))
"""


@pytest.mark.long
def test_a_full_and_a_read_only_disk_leave_last_weeks_offers(attempt, undisturbed):
    mount = ["unshare", "--user", "--map-root-user", "--mount"]
    allowed = subprocess.run([*mount, "true"], capture_output=True, check=False)
    if allowed.returncode != 0:
        pytest.skip(f"mounting a small disk is not allowed here: {allowed.stderr.decode().strip()}")
    environment = json.dumps(dict(attempt.runs.environment))
    done = subprocess.run(
        [*mount, sys.executable, "-c", ON_A_SMALL_DISK, environment, attempt.files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    full, read_only, weeks, file, offers = json.loads(done.stdout.splitlines()[-1])
    # SQLite needs a little room to read events, too: on a full disk, nobody knows who has heard of an offer.
    for (code, message), reason, consequence, advice, ending in (
        (full, "the disk is full", NOBODY_KNOWS, "Free space on it", UNCHANGED),
        (
            *(read_only, "it is read-only for this user or on this disk", "Last week's offers are unchanged."),
            *("Make the folder writable", NOT_SERVED),
        ),
    ):
        assert code == 1
        for part in (f": {reason}", f". {consequence} ", advice, f", then try again. {ending}"):
            assert part in message
    assert weeks[0] == weeks[1] == weeks[2]
    assert (file.encode(), offers) == undisturbed
