"""The memory of several process trees together, sampled while they run.

A page that processes share counts once: the sum is of their proportional set sizes, as Linux has them.
"""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.processor import process_tree

SECONDS_BETWEEN = 1.0


class MemorySampler:
    """Samples of each tree's memory in MiB, by name, while the block lasts: (seconds since 1970, memory)."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = dict(processes)
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.samples: list[tuple[float, dict[str, float]]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._has_ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._has_ended.wait(SECONDS_BETWEEN):
            memory = {name: tree_mib(pid) for name, pid in self._processes.items()}
            self.samples.append((time.time(), memory))

    def peak_mib(self) -> dict[str, float]:
        """The peak of each tree, and that of all together."""
        peaks = {name: max((memory[name] for _, memory in self.samples), default=0.0) for name in self._processes}
        return peaks | {"all together": max((sum(memory.values()) for _, memory in self.samples), default=0.0)}


def tree_mib(pid: int) -> float:
    """The memory of a process and of those that it started."""
    return sum(map(_proportional_kib, process_tree(pid))) / 1024


def _proportional_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
