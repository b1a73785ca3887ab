"""A driver that is killed while tasks stage files: nothing of its run is published, and the next run is whole."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from refi_assets.settings import PROJECT_DIR
from tests.spark.conftest import SETTINGS
from tests.support.lender import lender, write
from tests.support.running import DAY, ingest, latest, run_job
from tests.support.whole import require_whole_audience

NEXT_DAY = DAY + timedelta(days=1)


@pytest.mark.long
@pytest.mark.usefixtures("spark")
def test_a_driver_killed_while_tasks_stage_files_leaves_the_published_audience(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for day, eligible in ((DAY, 10), (NEXT_DAY, 11)):
        ingest(lake, write(lender(eligible=eligible), tmp_path / f"source {day}"), day)
    assert run_job(lake).success
    before = latest(lake)

    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
    own = {"DAGSTER_HOME": str(tmp_path / "home"), "REFI_LAKE_URL": str(lake), "REFI_ENGINE": "spark", **SETTINGS}
    command = [sys.executable, "-c", "from refi_assets.cli import main; main()", "run", "--as-of", f"{NEXT_DAY}"]
    with subprocess.Popen(command, env={**os.environ, **own}, cwd=PROJECT_DIR, stderr=subprocess.DEVNULL) as driver:
        while driver.poll() is None and not list(lake.glob("runs/*/staging/*.parts/*")):
            time.sleep(0.01)
        driver.send_signal(signal.SIGKILL)
    assert driver.returncode == -signal.SIGKILL, "it was killed while it ran"

    assert latest(lake) == before
    require_whole_audience(lake)
    assert run_job(lake, NEXT_DAY).success
    manifest = require_whole_audience(lake)
    assert (manifest["as_of"], manifest["audience"]["rows"]) == (NEXT_DAY.isoformat(), 11)
