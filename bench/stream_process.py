"""The processes of the bench of the stream, and what the query says about itself while it runs."""

import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.measure import NOT_PASSED_ON, PROJECT_DIR, MeasureError

BROKER_PORT, HEALTH_PORT = 29_192, 29_193
_READY_SECONDS, _STOPPED_SECONDS, _CAUGHT_UP_SECONDS = 180, 60, 600


@contextmanager
def running_command(
    start: Sequence[str | Path], variables: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """A command as a process of its own, with only these settings, interrupted at the end if it still runs.

    Raises MeasureError with the end of its log if it failed.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            start, cwd=PROJECT_DIR, env={**environment, **variables}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOPPED_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.returncode:
        raise MeasureError(f"{' '.join(map(str, start))} failed:\n{log.read_text()[-2000:]}")


def wait_for_text(process: "subprocess.Popen[bytes]", log: Path, text: str) -> None:
    """Wait until a process has written a text. Raises MeasureError if it ends before, or does not in time."""
    deadline = time.monotonic() + _READY_SECONDS
    while text not in (written := log.read_text()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise MeasureError(f"{process.args!r} is not ready:\n{written[-2000:]}")
        time.sleep(0.2)


def stream_figures() -> dict[str, float]:
    """The figures at /metrics that have no labels; empty without a query."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{HEALTH_PORT}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    figures = re.findall(r"^refi_stream_(\w+) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in figures}


def wait_until_read(messages: int) -> None:
    """Wait until the query has read so many messages. Raises MeasureError if it does not in time."""
    deadline = time.monotonic() + _CAUGHT_UP_SECONDS
    while stream_figures().get("messages_total", 0) < messages:
        if time.monotonic() > deadline:
            raise MeasureError(f"The query has not read {messages:,} messages.")
        time.sleep(0.2)
