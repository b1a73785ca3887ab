"""A thread that repeats a task, so that a slow registry or lake never delays a request."""

import threading
from collections.abc import Callable

_LAST_SECONDS = 2


class Poller:
    """Runs a task at once and then again after each pause, until it is stopped. The task must not raise."""

    def __init__(self, task: Callable[[], None], pause_seconds: float) -> None:
        self._task, self._pause = task, pause_seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"poll {task.__qualname__}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Run the task no more. One that is under way is waited for, but not for long: it may hang in the network.

        A process that ends while a thread is inside DuckDB may be aborted instead.
        """
        self._stopped.set()
        self._thread.join(_LAST_SECONDS)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._task()
            self._stopped.wait(self._pause)
