"""`make dev` and `make watch` on a free port, with their own lake and Dagster instance."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from refi_assets.settings import PROJECT_DIR

REFI = Path(sys.executable).with_name("refi")


@contextmanager
def serving(target: str, lake: Path) -> Iterator[str]:
    """Start a make target that serves the UI; yields its address."""
    home = lake.parent / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (lake.parent / "log").open("wb") as log:
        server = subprocess.Popen(
            ["make", target, f"PORT={port}"],
            cwd=PROJECT_DIR,
            env={**os.environ, "DAGSTER_HOME": str(home), "REFI_LAKE_URL": str(lake)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: urllib.request.urlopen(f"{url}/server_info", timeout=5), 120)
        yield url
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def wait_for(attempt: Callable[[], Any], seconds: float) -> Any:
    """Try until the attempt succeeds with a true value."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if value := attempt():
                return value
        except OSError:
            pass
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)
