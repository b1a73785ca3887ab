"""Server processes of a test session: each is started once, by the first worker that needs it, and never left behind.

    python -m tests.fakes.servers PID COMMAND…

runs the command until it ends or the process PID is gone, so a server ends with its test session, however that ends.
The commands of the servers are in fixtures.py and trino.py.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

REPOSITORY = Path(__file__).parents[2]
STOP_SECONDS = 10


def free_port() -> int:
    """A port on 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Servers:
    """The servers of one session, which its workers share by a common folder."""

    def __init__(self, folder: Path, session_pid: int) -> None:
        """session_pid: the session's main process; under pytest-xdist, the controller."""
        self.folder = folder
        self._session_pid = session_pid
        folder.mkdir(exist_ok=True)

    def port(
        self,
        name: str,
        command: Callable[[int], Sequence[str]],
        is_ready: Callable[[int], bool],
        wait_seconds: float = 60,
    ) -> int:
        """The port of the named server, which command(port) starts if need be.

        Raises RuntimeError, for every worker, if it does not start.
        """
        state = self.folder / f"{name}.json"
        with FileLock(self.folder / f"{name}.lock"):
            if not state.exists():
                port = free_port()
                try:
                    self._start(name, command(port), lambda: is_ready(port), wait_seconds)
                    state.write_text(json.dumps({"port": port}))
                except RuntimeError as error:
                    state.write_text(json.dumps({"error": str(error)}))
        result = json.loads(state.read_text())
        if "error" in result:
            raise RuntimeError(result["error"])
        return int(result["port"])

    def _start(
        self,
        name: str,
        command: Sequence[str],
        is_ready: Callable[[], bool],
        wait_seconds: float,
    ) -> None:
        log = self.folder / f"{name}.log"
        guard = [sys.executable, "-m", "tests.fakes.servers", str(self._session_pid), *command]
        with log.open("wb") as output:
            process = subprocess.Popen(
                guard,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,  # for files that they write to the working directory
                start_new_session=True,  # so that Ctrl-C reaches pytest alone
                env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            )
        deadline = time.monotonic() + wait_seconds
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                process.terminate()
                tail = log.read_text(errors="replace")[-3000:]
                raise RuntimeError(
                    f"{name} ended, or did not answer within {wait_seconds:.0f} s; the end of {log}:\n{tail}"
                )
            time.sleep(0.1)


def accepts_connections(port: int) -> bool:
    """Whether a process listens on this port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def guard(session_pid: int, command: Sequence[str]) -> int:
    """Run the command, and end it when the session's process is gone, or at SIGTERM; returns its exit code."""
    process = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while process.poll() is None and _is_alive(session_pid):
        time.sleep(0.2)
    process.terminate()
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(guard(int(sys.argv[1]), sys.argv[2:]))
