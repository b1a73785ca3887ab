"""Scans of a run's sources, two at a time: the first step that needs one starts them all, and each takes its own."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import dagster as dg
from pydantic import PrivateAttr

from refi_assets.ingestion.snapshots import ScannedSnapshot

AT_ONCE = 2  # more would wait for one another, since part of a scan is Python

Scanned = tuple[ScannedSnapshot, ScannedSnapshot | None]


class ScansResource(dg.ConfigurableResource[None]):
    """The scans of one run, whose steps are all in one process. None continues after the run ends, however it ends."""

    _scans: dict[str, Future[Scanned]] = PrivateAttr(default_factory=dict)
    _threads: ThreadPoolExecutor | None = PrivateAttr(default=None)

    def take(self, source: str, scans: Mapping[str, Callable[[], Scanned]]) -> Scanned:
        """Return the result of a source's scan, or raise its error. `scans` are those of all sources of the run.

        A result can be taken once; after that, the source is scanned again.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, "scan")
            self._scans = {name: self._threads.submit(scan) for name, scan in scans.items()}
        scan = self._scans.pop(source, None)
        return scan.result() if scan else scans[source]()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Start no more scans, and wait for those that are running."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
