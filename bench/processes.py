"""The processes under measurement: a server on loopback, and a batch that runs beside it."""

import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bench.measure import NOT_PASSED_ON, PROJECT_DIR, MeasureError

PORT = 18_473
_READY_S, _STOPPED_S = 60, 20


@dataclass(frozen=True)
class Server:
    """A server that listens on loopback."""

    pid: int
    headers: Mapping[str, str]

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{PORT}"

    def get(self, path: str) -> Any:
        """The JSON of an answer. Raises OSError."""
        with urllib.request.urlopen(urllib.request.Request(self.base + path, headers=dict(self.headers))) as answer:
            return json.load(answer)


@contextmanager
def running(
    start: Sequence[str | Path], variables: Mapping[str, str], token: str, ready: str, log: Path
) -> Iterator[Server]:
    """A server as a process of its own, whose messages go to a file, from its first answer until it is stopped.

    Raises MeasureError if it ends, or does not answer the path `ready` in time.
    """
    with log.open("ab") as messages:
        process = _started(start, variables, messages)
    server = Server(process.pid, {"Authorization": f"Bearer {token}"})
    try:
        deadline = time.monotonic() + _READY_S
        while not _answers(server, ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise MeasureError(f"{start[0]} does not answer {ready}:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOPPED_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(server: Server, path: str) -> bool:
    try:
        server.get(path)
    except OSError:  # also an answer of 400 or more
        return False
    return True


def _started(start: Sequence[str | Path], variables: Mapping[str, str], messages: IO[Any]) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    return subprocess.Popen(
        start, cwd=PROJECT_DIR, env={**environment, **variables}, stdout=messages, stderr=subprocess.STDOUT
    )


class Batch:
    """A command that starts some seconds later, beside the requests. `began` and `ended` are in seconds since 1970."""

    def __init__(self, name: str, start: Sequence[str | Path], variables: Mapping[str, str], folder: Path) -> None:
        self.name, self._start, self._folder = name, start, folder
        self._variables = {"TMPDIR": str(folder), **variables}
        self.began = self.ended = self.cpu_seconds = 0.0
        self._failure = ""
        self._thread = threading.Thread(target=self._run)
        self._delay = 0.0

    def start_after(self, seconds: float) -> None:
        """Start it in so many seconds."""
        self._delay = seconds
        self._thread.start()

    def wait(self) -> None:
        """Wait for its end. Raises MeasureError if it failed."""
        self._thread.join()
        if self._failure:
            raise MeasureError(f"{self.name} failed beside the requests:\n{self._failure}")

    def _run(self) -> None:
        time.sleep(self._delay)
        log = self._folder / "batch.log"
        self.began = time.time()
        with log.open("wb") as messages:
            process = _started(self._start, self._variables, messages)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.ended, self.cpu_seconds = time.time(), usage.ru_utime + usage.ru_stime
        if process.returncode:
            self._failure = log.read_text()[-2000:]
