"""docs/performance.md from what was measured: medians, ratios, peaks, and whether each goal was reached.

Every figure and every "reached" on the page is computed here; nothing is measured here.
"""

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from operator import ge, le, lt
from pathlib import Path
from statistics import median

from bench.measure import CORES, Measured

MEDIUM, LARGE = 1_000_000, 10_000_000
FRESH, AGAIN = "our job, fresh lake", "our job again, nothing changed"
DUCKDB, PANDAS, POLARS = "bare DuckDB", "bare pandas", "bare Polars"
RESOLVE, BARE_SPLINK = "refi resolve", "bare Splink"
FEBRL_3, FEBRL_4 = "FEBRL 3", "FEBRL 4"
BEFORE = "before the graph: process start, imports, Dagster's instance, files into the raw zone"
REST = "Dagster around the steps, process end"

MOST_TIMES_DUCKDB = 2.5
MOST_GIB = 3.0
LEAST_TIMES_PANDAS = 2.0
MOST_SECONDS_OF_A_COMMAND = 2.5
MOST_SECONDS_OF_THE_SAMPLE = 10.0
MOST_SECONDS_NOT_DAGSTERS = 1.5
MOST_TIMES_SPLINK = 3.0
MOST_GIB_OF_MATCHING = 6.0
LEAST_PRECISION = 0.999
LEAST_F1 = {FEBRL_4: 0.997, FEBRL_3: 0.996}


@dataclass(frozen=True)
class Machine:
    """What it was measured on."""

    processor: str
    cores: int
    memory_gib: float
    versions: dict[str, str]

    @classmethod
    def this(cls) -> "Machine":
        """The machine and the environment of this process."""
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
        return cls(
            processor or platform.machine(),
            os.cpu_count() or CORES,
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
            {"Python": platform.python_version()}
            | {name: version(name) for name in ("dagster", "duckdb", "pandas", "pyarrow", "polars")},
        )


@dataclass(frozen=True)
class Difference:
    """A bare script's audience beside ours, in borrowers: ours, not in theirs, only in theirs, with another cell."""

    ours: int
    missing: int
    wrongly: int
    other: int


@dataclass
class Size:
    """What was measured on so many borrowers, of whom `truth` belong in the audience.

    `steps` has the seconds of each step of our jobs, by round; `differences` those of the bare scripts' audiences.
    """

    rows: int
    truth: int
    jobs: dict[str, list[Measured]] = field(default_factory=dict)
    steps: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    differences: dict[str, Difference] = field(default_factory=dict)

    def add_steps(self, job: str, measured: Measured, steps: dict[str, float]) -> None:
        """Keep the steps of one run; "started" among them says when Dagster's run began."""
        named = {BEFORE: steps["started"] - measured.started}
        named |= {name: seconds for name, seconds in steps.items() if name != "started"}
        named[REST] = measured.seconds - sum(named.values())
        for name, seconds in named.items():
            self.steps.setdefault(job, {}).setdefault(name, []).append(seconds)

    def seconds(self, job: str) -> float:
        """Median wall time."""
        return median(measured.seconds for measured in self.jobs[job])

    def peak_gib(self, job: str) -> float:
        """Highest peak of any round."""
        return max(measured.peak_gib for measured in self.jobs[job])


@dataclass
class Sample:
    """Seconds of the sample's whole run, and how many of them were not Dagster's, by round."""

    seconds: list[float] = field(default_factory=list)
    not_dagsters: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Resolved:
    """One job that told who is who in some data, and how well: precision, recall and F1 of pairs."""

    data: str
    job: str
    records: int
    measured: Measured
    precision: float
    recall: float
    f1: float


def generated_borrowers(rows: int) -> str:
    """What generated data with duplicates are called."""
    return f"{rows:,} generated borrowers"


@dataclass(frozen=True)
class Bench:
    """All that was measured in one go."""

    machine: Machine
    sizes: Sequence[Size]
    commands: dict[str, list[float]]
    sample: Sample
    resolved: Sequence[Resolved]

    def resolved_by(self, data: str, job: str) -> Resolved | None:
        """What this job made of these data, if it was measured."""
        return next((one for one in self.resolved if (one.data, one.job) == (data, job)), None)

    def times_bare_splink(self, one: Resolved) -> float | None:
        """Its wall time against the bare script's on the same data, if that was measured."""
        bare = self.resolved_by(one.data, BARE_SPLINK)
        return one.measured.seconds / bare.measured.seconds if bare else None


def render(bench: Bench) -> str:
    """The page."""
    machine = bench.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    parts = [
        "# Performance",
        "Written by `make bench`, figures and verdicts alike; do not edit it by hand.",
        f"Measured on {CORES} of {machine.cores} cores ({machine.processor}) "
        f"and {machine.memory_gib:.0f} GiB of memory. {versions}.",
        "## Goals",
        table(("goal", "measured", ""), goals(bench)),
        *(part for size in bench.sizes for part in size_parts(size)),
        *steps_parts(bench.sizes),
        *resolved_parts(bench),
        *command_parts(bench),
        HOW,
    ]
    return "\n\n".join(parts) + "\n"


def goals(bench: Bench) -> list[tuple[str, str, str]]:
    """Each goal, what was measured, and the verdict."""
    medium, large = (next((size for size in bench.sizes if size.rows == rows), None) for rows in (MEDIUM, LARGE))
    slowest = max(bench.commands, key=lambda name: median(bench.commands[name]))
    return [
        goal(
            f"{LARGE:,} borrowers, fresh lake: at most {MOST_TIMES_DUCKDB} times the bare DuckDB script's wall time",
            large.seconds(FRESH) / large.seconds(DUCKDB) if large else None,
            "times",
            le,
            MOST_TIMES_DUCKDB,
        ),
        goal(
            f"{LARGE:,} borrowers, fresh lake: at most {MOST_GIB:g} GiB at the peak",
            large.peak_gib(FRESH) if large else None,
            "GiB",
            le,
            MOST_GIB,
        ),
        goal(
            f"{MEDIUM:,} borrowers, fresh lake: at least {LEAST_TIMES_PANDAS:g} times as fast as bare pandas",
            medium.seconds(PANDAS) / medium.seconds(FRESH) if medium else None,
            "times as fast",
            ge,
            LEAST_TIMES_PANDAS,
        ),
        goal(
            f"`dg list defs` and each command that runs nothing: under {MOST_SECONDS_OF_A_COMMAND} s",
            median(bench.commands[slowest]),
            f"s, `{slowest}`",
            lt,
            MOST_SECONDS_OF_A_COMMAND,
        ),
        goal(
            f"The sample's whole run, process start included: under {MOST_SECONDS_OF_THE_SAMPLE:g} s",
            median(bench.sample.seconds),
            "s",
            lt,
            MOST_SECONDS_OF_THE_SAMPLE,
        ),
        goal(
            f"The sample's whole run, what is not Dagster's: under {MOST_SECONDS_NOT_DAGSTERS} s",
            median(bench.sample.not_dagsters),
            "s",
            lt,
            MOST_SECONDS_NOT_DAGSTERS,
        ),
        *goals_of_matching(bench),
    ]


def goals_of_matching(bench: Bench) -> list[tuple[str, str, str]]:
    """The goals of who is who."""
    generated = generated_borrowers(MEDIUM)
    ours = bench.resolved_by(generated, RESOLVE)
    found = [
        goal(
            f"Who is who, {generated}: under {MOST_TIMES_SPLINK:g} times the bare Splink script's wall time",
            bench.times_bare_splink(ours) if ours else None,
            "times",
            lt,
            MOST_TIMES_SPLINK,
        ),
        goal(
            f"Who is who, {generated}: under {MOST_GIB_OF_MATCHING:g} GiB at the peak",
            ours.measured.peak_gib if ours else None,
            "GiB",
            lt,
            MOST_GIB_OF_MATCHING,
        ),
    ]
    for data, least_f1 in LEAST_F1.items():
        one = bench.resolved_by(data, RESOLVE)
        precision, f1 = (one.precision, one.f1) if one else (None, None)
        found.append(goal(f"{data}: precision at least {LEAST_PRECISION}", precision, "", ge, LEAST_PRECISION, 4))
        found.append(goal(f"{data}: F1 at least {least_f1}", f1, "", ge, least_f1, 4))
    return found


def goal(
    text: str,
    number: float | None,
    unit: str,
    holds: Callable[[float, float], bool],
    limit: float,
    decimals: int = 2,
) -> tuple[str, str, str]:
    """One goal. The verdict is of the number as it was measured, not as it is rounded here."""
    if number is None:
        return text, "-", "not measured"
    return text, f"{number:.{decimals}f} {unit}".rstrip(), "reached" if holds(number, limit) else "**not reached**"


def size_parts(size: Size) -> list[str]:
    """The jobs on one size, and what the bare scripts get wrong."""
    rounds = len(size.jobs[FRESH])
    jobs = [
        (
            job,
            f"{size.seconds(job):.1f}",
            f"{min(one.seconds for one in measured):.1f} - {max(one.seconds for one in measured):.1f}",
            f"{size.seconds(job) / size.seconds(DUCKDB):.2f}",
            f"{size.seconds(job) / size.seconds(FRESH):.2f}",
            f"{size.peak_gib(job):.2f}",
        )
        for job, measured in size.jobs.items()
    ]
    ours = size.differences[DUCKDB].ours
    told = "as" if ours == size.truth else f"**not {size.truth:,}, as**"
    wrong = [
        (script, f"{one.missing:,}", f"{one.wrongly:,}", f"{one.other:,}") for script, one in size.differences.items()
    ]
    return [
        f"## {size.rows:,} borrowers",
        f"{rounds} {'round' if rounds == 1 else 'rounds'}; every job once a round, in this order.",
        table(("job", "median, s", "least - most, s", "times bare DuckDB", "times our fresh job", "peak, GiB"), jobs),
        f"Our audience has {ours:,} borrowers, {told} the generator's truth says. "
        "The bare scripts' audiences differ from it:",
        table(("", "borrowers missing", "wrongly in it", "in both, with another cell"), wrong),
    ]


def steps_parts(sizes: Sequence[Size]) -> list[str]:
    """Our jobs' median seconds by step, a column for each size and job."""
    columns = [(size, job) for size in sizes for job in (FRESH, AGAIN)]
    names = dict.fromkeys(name for size, job in columns for name in size.steps[job])
    rows = [
        (name, *(f"{median(size.steps[job][name]):.2f}" if name in size.steps[job] else "" for size, job in columns))
        for name in names
    ]
    return [
        "## Where our time goes",
        "Seconds, medians of the rounds. An asset's are those of its own work; checks' are those of Dagster's steps.",
        table(("step", *(f"{size.rows:,}, {'fresh' if job == FRESH else 'again'}" for size, job in columns)), rows),
    ]


def resolved_parts(bench: Bench) -> list[str]:
    """Who is who: our command, the bare script, and data with known persons."""
    rows = []
    for one in bench.resolved:
        ratio = bench.times_bare_splink(one)
        times = "" if ratio is None else f"{ratio:.2f}"
        seconds, peak = f"{one.measured.seconds:.1f}", f"{one.measured.peak_gib:.2f}"
        figures = (f"{figure:.4f}" for figure in (one.precision, one.recall, one.f1))
        rows.append((one.data, one.job, f"{one.records:,}", seconds, times, peak, *figures))
    head = ("data", "job", "records", "s", "times bare Splink", "peak, GiB", "precision", "recall", "F1")
    return ["## Who is who", WHO, table(head, rows)]


def command_parts(bench: Bench) -> list[str]:
    """The commands that run nothing, and the sample."""
    rows = [(f"`{name}`", f"{median(seconds):.2f}") for name, seconds in bench.commands.items()]
    return [
        "## Start-up",
        table(("command that runs nothing", "median, s"), rows),
        f"The sample's whole run takes {median(bench.sample.seconds):.2f} s; "
        f"{median(bench.sample.not_dagsters):.2f} s of it are not Dagster's. {SHARES}",
    ]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, numbers to the right."""
    marks = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, marks, *rows))


SHARES = (
    "Dagster's share is what a graph of the same shape takes in which nothing is done: as many assets and checks, run "
    "in the same way on an instance of its own, without any import of ours (`bench/empty_graph.py`)."
)

WHO = (
    "Precision, recall and F1 are of pairs of records. Generated borrowers are those of `refi generate --duplicates "
    "10`, without malformed rows: typing errors, nicknames, swapped names, removals and marriages, and beside them "
    "relatives of one home, fathers and sons of one name, and twins. `refi resolve` has nothing but `--map`; the bare "
    "script has Splink's own comparisons and training and the blocking rules that `refi resolve` chose "
    "(`bench/bare_splink.py`). FEBRL 3 (duplicates in one file) and 4 (two files) are without `soc_sec_id`. Persons "
    "are told for the score alone."
)

HOW = (
    "## How it is measured\n\n"
    "`refi generate --seed 1` makes the source files, with their share of every defect. Our job is `refi run` in a "
    "process of its own, on a new lake and a new Dagster instance, and then once more on both with nothing changed. "
    "The scripts are in `bench/`: they read the text, type it, join, judge, sort and write the same columns, and leave "
    "out what cannot be typed. They hash, check, quarantine and record nothing. DuckDB may take 2.5 GB in ours and 3 "
    "in the bare script, and spills to disk beyond it. Polars reads quotes as text, since it stops at a line whose "
    "quotes are broken.\n\n"
    "Wall time is that of the process, its start included; the peak is the largest resident memory that Linux saw. All "
    "files have been read once before. Figures of one page are from one go and may be compared with each other; "
    "figures of two pages may not."
)
