"""A watch that stops the queries a process left running on Athena when it dies, however it dies.

The process tells the watch, on a pipe, which queries begin and end. When the pipe breaks, those that have not ended
are stopped. Nothing but a kill of both at once, or of the machine, leaves a query running.
"""

import subprocess
import sys
from contextlib import suppress


class DeathWatch:
    """The watch of this process; it begins with the first query."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, query_id: str) -> None:
        """A query runs from now on."""
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "refi_assets.engines.death_watch"]
            # A session of its own: Ctrl-C is for the process alone, which stops its queries itself.
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
        self._tell(f"+{query_id}\n")

    def end(self, query_id: str) -> None:
        """A query has ended."""
        self._tell(f"-{query_id}\n")

    def _tell(self, line: str) -> None:
        with suppress(OSError):  # a watch that is gone is no reason to fail
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()


def main() -> None:
    """Read what begins and ends until the pipe breaks; then stop what has not ended."""
    running: set[str] = set()
    for line in sys.stdin:
        query_id = line[1:].strip()
        running.add(query_id) if line.startswith("+") else running.discard(query_id)
    if running:
        from refi_assets import aws

        athena = aws.client("athena")
        for query_id in running:
            with suppress(Exception):  # it may have ended meanwhile; the others are to be stopped still
                athena.stop_query_execution(QueryExecutionId=query_id)


if __name__ == "__main__":
    main()
