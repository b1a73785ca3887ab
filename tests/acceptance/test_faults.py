"""Failures around a run: the disk is full, the lake is read-only or vanishes, or memory is short.

Small disks are mounted in a separate namespace, which the system must let users create.
"""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from refi_assets.sample.generate import generate_files
from tests.support.lender import lender, write
from tests.support.whole import require_whole_audience

ROWS = 5_000
UNCHANGED = "The last published audience is unchanged."


@pytest.fixture
def lake(tmp_path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def small(tmp_path) -> Path:
    return write(lender(), tmp_path / "small")


@pytest.fixture
def large(tmp_path) -> Path:
    generate_files(ROWS, 1, tmp_path / "large")
    return tmp_path / "large"


@pytest.fixture
def on_a_small_disk(environment, tmp_path, lake):
    """Run a Python script with `lake` on a disk of a given size, and `refi(...)` to run commands there."""

    def run(megabytes: int, script: str) -> Any:
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", PRELUDE + script],
            capture_output=True,
            text=True,
            env=environment | {"LAKE": str(lake), "MEGABYTES": str(megabytes)},
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    mount = ["unshare", "--user", "--map-root-user", "--mount", "true"]
    allowed = subprocess.run(mount, capture_output=True, check=False)
    if allowed.returncode != 0:
        pytest.skip(f"mounting a small disk is not allowed here: {allowed.stderr.decode().strip()}")
    lake.mkdir()
    return run


PRELUDE = """
import json, os, pathlib, subprocess
from tests.support.commands import refi_here
from tests.support.whole import require_whole_audience
lake = pathlib.Path(os.environ["LAKE"])
disk = ["mount", "-t", "tmpfs", "-o", f"size={os.environ['MEGABYTES']}m", "tmpfs", lake]
subprocess.run(disk, check=True)
def refi(*arguments):
    answer = refi_here(*arguments, "--lake", lake)
    return answer.returncode, answer.stderr
def fill(bytes_left):
    ballast = lake / "ballast"
    stats = os.statvfs(lake)
    with ballast.open("ab") as stream:
        stream.write(bytes(max(stats.f_bavail * stats.f_frsize - bytes_left, 0)))
def free():
    (lake / "ballast").unlink()
"""


def test_a_full_disk_is_reported_and_the_last_audience_stays(on_a_small_disk, small, large):
    runs, as_of = on_a_small_disk(
        40,
        f"""
assert refi("run", "--source", {str(small)!r}, "--as-of", "2026-02-20")[0] == 0
assert refi("ingest", "--source", {str(large)!r}, "--as-of", "2026-02-21")[0] == 0
before = (lake / "output" / "latest.json").read_bytes()
outcomes = {{}}
for kilobytes_left in (0, 40, 400, 1200):
    fill(kilobytes_left * 1024)
    outcomes[kilobytes_left] = refi("run", "--as-of", "2026-02-21")
    assert (lake / "output" / "latest.json").read_bytes() == before
    require_whole_audience(lake)
    free()
assert refi("run", "--as-of", "2026-02-21")[0] == 0
print(json.dumps([outcomes, require_whole_audience(lake)["as_of"]]))
""",
    )
    for code, message in runs.values():
        assert code == 1
        assert "No space left on device" in message, message
        assert message.count(UNCHANGED) == 1
        assert "Traceback" not in message
    assert as_of == "2026-02-21"


def test_a_read_only_lake_still_answers(on_a_small_disk, small):
    run, ingest, explain, as_of = on_a_small_disk(
        40,
        f"""
assert refi("run", "--source", {str(small)!r}, "--as-of", "2026-02-20")[0] == 0
subprocess.run(["mount", "-o", "remount,ro", lake], check=True)
outcomes = [refi("run", "--as-of", "2026-02-20"), refi("ingest", "--source", {str(small)!r}, "--as-of", "2026-02-21")]
print(json.dumps([*outcomes, refi("explain", "B001"), require_whole_audience(lake)["as_of"]]))
""",
    )
    assert run[0] == ingest[0] == 1
    assert "Read-only file system" in run[1]
    assert "Read-only file system" in ingest[1]
    assert UNCHANGED in run[1]
    assert explain[0] == 0, explain[1]
    assert as_of == "2026-02-20"


def test_a_lake_that_vanishes_during_a_run_is_reported_by_name_and_can_come_back(refi, small, large, lake, tmp_path):
    refi("run", "--source", small, "--lake", lake, "--as-of", "2026-02-20")
    refi("ingest", "--source", large, "--lake", lake, "--as-of", "2026-02-21")

    def vanish() -> None:
        while len(list(lake.glob("runs/*/raw/*.json"))) <= 4:
            time.sleep(0.01)
        lake.rename(tmp_path / "away")

    vanishing = threading.Thread(target=vanish)
    vanishing.start()
    message = refi("run", "--lake", lake, "--as-of", "2026-02-21", check=1).stderr
    vanishing.join()
    assert f"There is no lake {lake}" in message
    assert UNCHANGED in message
    assert not lake.exists(), "a run must not create a missing lake again"

    (tmp_path / "away").rename(lake)
    assert require_whole_audience(lake)["as_of"] == "2026-02-20"
    refi("run", "--lake", lake, "--as-of", "2026-02-21")
    assert require_whole_audience(lake)["as_of"] == "2026-02-21"


@pytest.mark.parametrize("megabytes", [20, 60])
def test_with_little_memory_a_run_spills_or_reports_it(refi, large, lake, megabytes):
    done = refi("run", "--source", large, "--lake", lake, "--json", check=None, REFI_MEMORY_LIMIT=f"{megabytes}MB")
    if done.returncode == 0:
        truth = json.loads((large / "truth.json").read_text())["counts"]
        assert json.loads(done.stdout.splitlines()[-1])["counts"]["eligible"] == truth["eligible"]
    else:
        assert f"{megabytes}MB of memory was not enough" in done.stderr
        assert "REFI_MEMORY_LIMIT" in done.stderr
        assert UNCHANGED in done.stderr
