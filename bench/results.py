"""The measurements of one session, by data and job. page.py shows them; goals.py sets their limits."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import CORES, Measured

# Names of the data, and of the jobs measured on them.
CLEAN, DEFECTS, MEDIUM, SAMPLE, COMMANDS, S3_TICKS = "clean", "defects", "medium", "sample", "commands", "s3_ticks"
PEOPLE, FEBRL_3, FEBRL_4, FAKE_1000 = "generated borrowers", "FEBRL 3", "FEBRL 4", "fake_1000"
FRESH, AGAIN = "our job, fresh lake", "our job again, nothing changed"
CHANGED, ON_S3 = "our job, one source of four changed", "our job, fresh lake on S3 (moto)"
DUCKDB, DBT, PANDAS, POLARS = "bare DuckDB", "dbt-duckdb", "bare pandas", "bare Polars"
PLAIN_STORAGE = "our job, fresh lake, on Dagster's own SQLite storage"
EMPTY_GRAPH = "a graph of the same shape in which nothing is done"
DG_LIST, DG_EMPTY = "dg list defs", "dg list defs, empty project"
FIRST_TICK, TICK = "first tick", "tick after it"
RESOLVE, BARE_SPLINK = "refi resolve", "bare Splink"
BEFORE = "before the graph: process start, imports, Dagster's instance, files into the raw zone"
REST = "Dagster around the steps, process end"


@dataclass
class Bench:
    """All measurements of one session.

    By data: `rows`, the number of borrowers; `truth`, the true size of the audience; `audience`, the size of ours. By
    data and job: `jobs`, seconds and peak GiB of each round; `steps`, seconds by step; `wrong`, the borrowers for
    whom a peer's audience differs from ours; `scores` of `refi resolve`. `relations`: those computed with one
    source changed. `out_of_core` is from another session.
    """

    machine: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    truth: dict[str, int] = field(default_factory=dict)
    audience: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, dict[str, list[tuple[float, float]]]] = field(default_factory=dict)
    steps: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    wrong: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    scores: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    relations: dict[str, list[str]] = field(default_factory=dict)
    out_of_core: dict[str, Any] = field(default_factory=dict)

    def keep(self, data: str, job: str, measured: Measured) -> None:
        """Put a measurement with the others of its job, and print it."""
        self.keep_seconds(data, job, measured.seconds, measured.peak_gib)

    def keep_seconds(self, data: str, job: str, seconds: float, peak_gib: float = 0.0) -> None:
        """The same for a measurement that is not a whole process."""
        self.jobs.setdefault(data, {}).setdefault(job, []).append((seconds, peak_gib))
        print(f"{data:>20}  {job:52} {seconds:8.2f} s {peak_gib:6.2f} GiB", flush=True)

    def keep_steps(self, data: str, job: str, measured: Measured, steps: dict[str, float]) -> None:
        """Keep the steps of one run; "started" among them says when Dagster's run began."""
        named = {BEFORE: steps["started"] - measured.started}
        named |= {name: seconds for name, seconds in steps.items() if name != "started"}
        named[REST] = measured.seconds - sum(named.values())
        for name, seconds in named.items():
            self.steps.setdefault(data, {}).setdefault(job, {}).setdefault(name, []).append(seconds)

    def seconds(self, data: str, job: str) -> float:
        """Median wall time. KeyError if it was not measured."""
        return median(seconds for seconds, _ in self.jobs[data][job])

    def peak(self, data: str, job: str) -> float:
        """Highest peak of any round, in GiB."""
        return max(peak for _, peak in self.jobs[data][job])

    def times(self, data: str, job: str, reference: str) -> float:
        """Wall time of a job as a multiple of that of a reference on the same data."""
        return self.seconds(data, job) / self.seconds(data, reference)

    def seconds_without_dagster(self) -> float:
        """Seconds of the sample's run beyond those of an empty graph; median of the rounds."""
        jobs = self.jobs[SAMPLE]
        return median(ours - empty for (ours, _), (empty, _) in zip(jobs[FRESH], jobs[EMPTY_GRAPH], strict=True))

    def slowest_command(self) -> float:
        """Median seconds of the slowest command that runs nothing, `dg list defs` aside."""
        return max(self.seconds(COMMANDS, name) for name in self.jobs[COMMANDS] if name not in (DG_LIST, DG_EMPTY))

    def identity_share(self) -> float:
        """Percent of a run without matching that the identity steps and checks take."""
        steps = self.steps[MEDIUM][FRESH]
        of_identity = sum(median(rounds) for name, rounds in steps.items() if "identity" in name)
        return 100 * of_identity / self.seconds(MEDIUM, FRESH)

    def growth(self) -> float:
        """Time per borrower of the huge portfolio, as a multiple of the large one's."""
        huge = self.out_of_core
        times: float = huge["huge_seconds"] / huge["large_seconds"] * huge["large_rows"] / huge["huge_rows"]
        return times


PORTFOLIO_PACKAGES = ("dagster", "duckdb", "dbt-core", "dbt-duckdb", "pandas", "pyarrow", "polars", "splink")


def this_machine(packages: Sequence[str] = PORTFOLIO_PACKAGES) -> str:
    """The machine and the versions of Python and of these packages in this process."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{CORES} of {os.cpu_count()} cores ({processor}) and {memory_gib:.0f} GiB of memory. "
        f"Python {platform.python_version()}, {versions}"
    )
