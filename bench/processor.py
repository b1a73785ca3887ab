"""What uses the processor and the memory while a server is under load, as /proc has it, and the disk's seconds a sync.

Figures of a process are those of its whole tree. Whatever else runs on the machine is a figure of its own, so that a
noisy measurement can be told from a slow server.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_TICKS = os.sysconf("SC_CLK_TCK")
_PROBE_BYTES, _PROBES = 4096, 500


@dataclass(frozen=True)
class Sample:
    """A moment, in seconds, and the processor seconds used until then: by all, and by each process asked for."""

    at: float
    all_cpu: float
    cpu: dict[str, float]

    @classmethod
    def of(cls, processes: dict[str, int]) -> "Sample":
        """A sample of these processes, by name -> process id."""
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        idle, waiting = fields[3], fields[4]
        cpu = {name: sum(map(_cpu_seconds, process_tree(pid))) for name, pid in processes.items()}
        return cls(time.perf_counter(), (sum(fields) - idle - waiting) / _TICKS, cpu)


def cores_since(before: Sample, processes: dict[str, int], children: dict[str, float]) -> dict[str, float]:
    """Cores used since a sample, by name, and by `others`. `children`: processor seconds of ended processes."""
    now = Sample.of(processes)
    seconds = {name: now.cpu[name] - before.cpu[name] for name in processes} | children
    others = now.all_cpu - before.all_cpu - sum(seconds.values())
    return {name: used / (now.at - before.at) for name, used in (seconds | {"others": others}).items()}


def process_tree(pid: int) -> list[int]:
    """A process and those that it started, and so on."""
    tree = [pid]
    for parent in tree:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                tree += [int(child) for child in children.read_text().split()]
            except OSError:  # it has just ended
                continue
    return tree


def memory_mib(pid: int) -> dict[str, float]:
    """A process's own memory, and how much of mapped files is in memory, in MiB."""
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    kib = {line[0]: int(line[1]) for line in lines if line and line[0] in ("RssAnon:", "RssFile:")}
    return {"memory_mib": kib["RssAnon:"] / 1024, "mapped_mib": kib["RssFile:"] / 1024}


def sync_milliseconds(folder: Path) -> dict[str, float]:
    """P50 and P99 of the milliseconds that fdatasync takes after 4 KiB were appended to a file in a folder."""
    probe, milliseconds = folder / "sync.probe", []
    with probe.open("wb", buffering=0) as file:
        for _ in range(_PROBES):
            file.write(bytes(_PROBE_BYTES))
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            milliseconds.append((time.perf_counter() - started) * 1000)
    probe.unlink()
    p50, p99 = np.percentile(milliseconds, (50, 99))
    return {"p50": float(p50), "p99": float(p99)}


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS
