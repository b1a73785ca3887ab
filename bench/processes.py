"""The processes under measurement: a server on loopback, and a batch that runs beside it."""

import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """A server as a process of its own, whose messages go to a file, from its first answer until it is stopped."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    with log.open("ab") as messages:
        process = subprocess.Popen(
            start, cwd=PROJECT_DIR, env=environment | variables, stdout=messages, stderr=subprocess.STDOUT
        )
    server = Server(process.pid, {"Authorization": f"Bearer {token}"})
    try:
        for _ in range(600):
            try:
                server.get(ready)
                break
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise MeasureError(f"{ready} answers {error.code}: {error.read().decode()}") from None
            except OSError:
                pass
            if process.poll() is not None:
                raise MeasureError(f"{start[0]} ended:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        else:
            raise MeasureError(f"{start[0]} was not ready within a minute:\n{log.read_text()[-2000:]}")
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Batch:
    """A command that starts some seconds later, beside the requests."""

    def __init__(self, name: str, start: Sequence[str | Path], variables: Mapping[str, str], folder: Path) -> None:
        self.name, self._start, self._folder = name, start, folder
        self._variables = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
        self._variables |= {"TMPDIR": str(folder), **variables}
        self.began = self.ended = self.cpu_seconds = 0.0
        self._output = ""
        self._thread: threading.Thread | None = None

    def start_after(self, seconds: float) -> None:
        """Start it in so many seconds."""
        self._thread = threading.Thread(target=self._run, args=(seconds,))
        self._thread.start()

    def wait(self) -> None:
        """Wait for its end. Raises MeasureError if it failed."""
        if self._thread is not None:
            self._thread.join()
        if self._output:
            raise MeasureError(f"{self.name} failed beside the requests:\n{self._output}")

    def _run(self, seconds: float) -> None:
        time.sleep(seconds)
        log = self._folder / "batch.log"
        self.began = time.time()
        with log.open("w") as messages:
            process = subprocess.Popen(
                self._start, cwd=PROJECT_DIR, env=self._variables, stdout=messages, stderr=subprocess.STDOUT
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.ended, self.cpu_seconds = time.time(), usage.ru_utime + usage.ru_stime
        if process.returncode:
            self._output = log.read_text()[-2000:]
