"""The query under supervision: one at a time, ended in order, and started again after a failure.

What the query does belongs to query.py, its figures to health.py.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from refi_assets.engines.spark_stream import RunningStream, SparkEndedError
from refi_assets.errors import RefiError, SettingError, needs_packages, type_and_place
from refi_assets.lake.settings import LakeSettings
from refi_assets.risk.alerting import alerts_sent_beside
from refi_assets.risk.live_store import open_alert_outbox
from refi_assets.risk.stream.batch import BatchFigures
from refi_assets.risk.stream.decisions import Champions
from refi_assets.risk.stream.health import StreamHealth, serving_health
from refi_assets.risk.stream.query import running_query
from refi_assets.risk.stream.settings import STREAM_PACKAGES, StreamSettings
from refi_assets.risk.stream.sink import FencedError
from refi_assets.settings import settings_of

_POLL_SECONDS = 0.1
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds before a restart; each failure in a row doubles them


class Supervisor:
    """Runs the query. `say` gets failures, `on_batch` the figures of each finished batch and the seconds behind."""

    def __init__(self, say: Callable[[str], object], on_batch: Callable[[BatchFigures, float], object]) -> None:
        self._say = say
        self._on_batch = on_batch
        self._health = StreamHealth()
        self._champions = Champions(lambda reason: say(f"The registry is away, and the champion stays: {reason}"))
        self._figures: dict[int, BatchFigures] = {}
        self._has_run = self._is_well = False

    def run(self, *, until_caught_up: bool = False) -> None:
        """Run until SIGTERM or SIGINT, or until the query has caught up.

        Raises RefiError if it cannot start at all, if Java has ended, or if a newer driver has taken over; with
        `until_caught_up`, also after any other failure.
        """
        alerts = alerts_sent_beside(open_alert_outbox(settings_of(LakeSettings).lake_url))
        with query_lock(), stop_signals() as is_stopping, serving_health(self._health), alerts:
            pause = _FIRST_PAUSE
            while not is_stopping.is_set():
                try:
                    with running_query(self._champions, self._keep, until_caught_up=until_caught_up) as query:
                        self._has_run = True
                        self._watch(query, is_stopping)
                    return
                except (FencedError, SettingError, SparkEndedError):
                    raise
                except Exception as error:
                    if until_caught_up or not self._has_run:
                        raise
                    reason = str(error) if isinstance(error, RefiError) else f"{type_and_place(error)}."
                pause = _FIRST_PAUSE if self._is_well else min(2 * pause, _LONGEST_PAUSE)
                self._is_well = False
                self._health.add_failure()
                self._say(f"The query failed, and starts again in {pause:.0f} s: {reason}")
                is_stopping.wait(pause)

    def _keep(self, figures: BatchFigures) -> None:
        self._figures[figures.batch] = figures

    def _watch(self, query: RunningStream, is_stopping: threading.Event) -> None:
        """Report batches until the query has ended, or has to."""
        has_ended = False
        while not has_ended and not is_stopping.is_set():
            has_ended = query.wait(_POLL_SECONDS)
            for progress in query.new_progress():
                figures = self._figures.pop(progress.batch, None)
                if figures is not None:
                    self._is_well = True
                    figures.seconds["spark"] = progress.seconds - sum(figures.seconds.values())
                self._health.add(progress, figures)
                if figures is not None:
                    self._on_batch(figures, max(self._health.lag_seconds().values(), default=0.0))


@contextmanager
def query_lock() -> Iterator[None]:
    """Keep a second driver of the query out on this machine. Raises RefiError with the process that runs it."""
    with needs_packages("The stream", STREAM_PACKAGES, "stream", "make stream"):
        from filelock import FileLock, Timeout
    stream = settings_of(StreamSettings)
    stream.stream_dir.mkdir(parents=True, exist_ok=True)
    name = stream.stream_dir / stream.stream_query
    lock, holder = FileLock(f"{name}.lock"), Path(f"{name}.pid")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        process = holder.read_text("ascii").strip() if holder.exists() else "unknown"
        raise RefiError(
            f"The query {stream.stream_query} runs already: process {process} holds {lock.lock_file}. Only one may "
            "run; stop that one first."
        ) from None
    try:
        holder.write_text(f"{os.getpid()}\n", "ascii")
        yield
    finally:
        lock.release()


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; they do nothing else meanwhile."""
    is_stopping = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, lambda *_: is_stopping.set())
    try:
        yield is_stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
