"""A real daemon sends one alert for each failure automatically, and the runs that it starts log JSON."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from refi_assets.settings import PROJECT_DIR
from tests.fakes.aws import Aws
from tests.fakes.mailbox import Mailbox
from tests.support.lender import lender, write
from tests.support.running import ingest
from tests.support.serving import wait_for

pytestmark = pytest.mark.long


@contextmanager
def daemon(environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as stream:
        started = subprocess.Popen(
            [Path(sys.executable).with_name("dagster-daemon"), "run", "-w", "workspace.yaml"],
            cwd=PROJECT_DIR,
            env=environment,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(started.pid, signal.SIGINT)
        try:
            started.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)


def test_an_alert_is_sent_for_a_run_that_the_daemon_starts_and_a_check_stops(aws: Aws, environment, tmp_path):
    today = datetime.now(UTC).date()
    ingest(tmp_path / "lake", write(lender(eligible=0), tmp_path / "source"), today)
    mailbox = Mailbox(aws)
    settings = {
        "REFI_LAKE_URL": str(tmp_path / "lake"),
        "REFI_WATCH": "true",
        "REFI_TIME_ZONE": "UTC",
        "REFI_LOG_FORMAT": "json",
        "REFI_ALERTS_TOPIC_ARN": mailbox.topic,
    }
    with daemon(environment | aws.env | settings, tmp_path / "log"):
        (mail,) = wait_for(mailbox.read, 240)

    assert "What: Blocking check audience_not_empty failed\nWhere: refi/refi_audience" in mail["Message"]
    run_id = mail["Message"].rsplit("/runs/", 1)[-1]
    logged = [line for line in (tmp_path / "log").read_text().splitlines() if run_id in line and line.startswith("{")]
    assert len([line for line in logged if '"event": "STEP_SUCCESS"' in line]) > 20
