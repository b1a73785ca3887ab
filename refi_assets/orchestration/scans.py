"""Scans of a run's sources, two at a time: the first step that needs one begins them all, and each takes its own."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import dagster as dg
from pydantic import PrivateAttr

from refi_assets.ingestion.snapshots import ScannedSnapshot

AT_ONCE = 2  # more would wait for one another: a part of a scan is Python

Scanned = tuple[ScannedSnapshot, ScannedSnapshot | None]


class ScansResource(dg.ConfigurableResource[None]):
    """The scans of one run. All its steps are in one process; when the run ends, however it does, none goes on."""

    _begun: dict[str, Future[Scanned]] = PrivateAttr(default_factory=dict)
    _threads: ThreadPoolExecutor | None = PrivateAttr(default=None)

    def take(self, source: str, scans: Mapping[str, Callable[[], Scanned]]) -> Scanned:
        """What the scan of a source found; `scans` are those of all sources of the run. Raises what the scan raises.

        A scan that was taken before is made anew.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, "scan")
            self._begun = {name: self._threads.submit(scan) for name, scan in scans.items()}
        begun = self._begun.pop(source, None)
        return begun.result() if begun else scans[source]()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Begin no more scans, and wait for those under way."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
