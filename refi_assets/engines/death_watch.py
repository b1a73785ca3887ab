"""A watch process that stops the Athena queries of its parent when the parent dies, however it dies.

The parent reports on a pipe when a query begins and ends. When the pipe breaks, the watch stops the queries that have
not ended. Only a kill of both processes at once, or of the machine, leaves a query running.
"""

import subprocess
import sys
from contextlib import suppress


class DeathWatch:
    """This process's watch, which starts with the first query."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, query_id: str) -> None:
        """Report that a query has begun."""
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "refi_assets.engines.death_watch"]
            # In its own session, so that Ctrl-C reaches only the parent, which stops its queries itself.
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
        self._send(f"+{query_id}\n")

    def end(self, query_id: str) -> None:
        """Report that a query has ended."""
        self._send(f"-{query_id}\n")

    def _send(self, line: str) -> None:
        with suppress(OSError):  # a query does not fail because the watch has died
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()


def stop_queries_of_dead_parent() -> None:
    """Read which queries begin and end until the pipe breaks; then stop the queries that have not ended."""
    running: set[str] = set()
    for line in sys.stdin:
        query_id = line[1:].strip()
        running.add(query_id) if line.startswith("+") else running.discard(query_id)
    if running:
        from refi_assets import aws

        athena = aws.client("athena")
        for query_id in running:
            with suppress(Exception):  # it may have just ended; stop the others
                athena.stop_query_execution(QueryExecutionId=query_id)


if __name__ == "__main__":
    stop_queries_of_dead_parent()
