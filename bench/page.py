"""docs/performance.md: the text of bench/performance.md, filled in with tables and verdicts.

Every figure on the page is computed here, in results.py or in goals.py; nothing is measured here.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.goals import GOALS, verdict
from bench.results import (
    BARE_SPLINK,
    CLEAN,
    COMMANDS,
    DEFECTS,
    DUCKDB,
    FIRST_TICK,
    FRESH,
    MEDIUM,
    S3_TICKS,
    SAMPLE,
    Bench,
)

TEMPLATE = Path(__file__).with_name("performance.md")
SHOWN_STEPS = 14


def render(bench: Bench) -> str:
    """The page."""
    parts = {
        "machine": bench.machine,
        "goals": table(("goal", "measured", ""), (verdict(goal, bench) for goal in GOALS)),
        **{f"jobs_{data}": jobs_table(bench, data) for data in (CLEAN, DEFECTS, MEDIUM, SAMPLE)},
        **{f"wrong_{data}": wrong_table(bench, data) for data in (CLEAN, MEDIUM)},
        **{f"relations_{kind}": ", ".join(f"`{key}`" for key in keys) for kind, keys in bench.relations.items()},
        "out_of_core": out_of_core(bench),
        "steps": steps_table(bench),
        "who": scores_table(bench),
        "first_tick": f"{bench.seconds(S3_TICKS, FIRST_TICK):.1f}",
        "commands": table(
            ("command that runs nothing", "median, s"),
            ((f"`{name}`", f"{bench.seconds(COMMANDS, name):.2f}") for name in bench.jobs[COMMANDS]),
        ),
    }
    return TEMPLATE.read_text(encoding="utf-8").format_map(parts | bench.rows)


def jobs_table(bench: Bench, data: str) -> str:
    """The jobs on some data, and whether our audience has its true size."""
    rows = [
        (
            job,
            f"{bench.seconds(data, job):.1f}",
            " ".join(f"{seconds:.1f}" for seconds, _ in rounds),
            f"{bench.times(data, job, DUCKDB):.2f}" if DUCKDB in bench.jobs[data] else "",
            f"{bench.times(data, job, FRESH):.2f}",
            f"{bench.peak(data, job):.2f}",
        )
        for job, rounds in bench.jobs[data].items()
    ]
    jobs = table(("job", "median, s", "rounds, s", "times bare DuckDB", "times our fresh job", "peak, GiB"), rows)
    if data not in bench.truth:
        return jobs
    audience, truth = bench.audience[data], bench.truth[data]
    agreement = "as" if audience == truth else f"**not {truth:,}, as**"
    return f"{jobs}\n\nOur audience has {audience:,} borrowers, {agreement} the generator's truth says."


def wrong_table(bench: Bench, data: str) -> str:
    """The numbers of borrowers for whom the peers' audiences differ from ours."""
    rows = [
        (peer, *(f"{wrong[kind]:,}" for kind in ("missing", "wrongly", "other")))
        for peer, wrong in bench.wrong[data].items()
    ]
    return table(("", "borrowers missing", "wrongly included", "in both, with a different cell"), rows)


def steps_table(bench: Bench) -> str:
    """Median seconds by step, with a column for each data and job of ours."""
    columns = {
        f"{bench.rows[data]:,}, {data}: {job.removeprefix('our job, ')}": steps
        for data, jobs in bench.steps.items()
        for job, steps in jobs.items()
    }
    names = dict.fromkeys(name for steps in columns.values() for name in steps)
    rows = [
        (name, *(f"{median(steps[name]):.2f}" if name in steps else "" for steps in columns.values())) for name in names
    ]
    return table(("step", *columns), rows)


def scores_table(bench: Bench) -> str:
    """Who is who: our command, the bare script, and data with known persons."""
    rows = []
    for data, jobs in bench.scores.items():
        for job, score in jobs.items():
            times = f"{bench.times(data, job, BARE_SPLINK):.2f}" if BARE_SPLINK in jobs else ""
            seconds, peak = f"{bench.seconds(data, job):.1f}", f"{bench.peak(data, job):.2f}"
            figures = (f"{score[name]:.4f}" for name in ("precision", "recall", "f1"))
            rows.append((data, job, f"{bench.rows[data]:,}", seconds, times, peak, *figures))
    return table(("data", "job", "records", "s", "times bare Splink", "peak, GiB", "precision", "recall", "F1"), rows)


def out_of_core(bench: Bench) -> str:
    """The time and peak of three times the largest portfolio, and an estimate for a hundred million borrowers."""
    kept = bench.out_of_core
    if not kept:
        return "Not measured yet; `make bench-all` measures it."
    exponent = 1 + math.log(bench.growth()) / math.log(kept["huge_rows"] / kept["large_rows"])
    hundred = kept["huge_seconds"] * (1e8 / kept["huge_rows"]) ** exponent
    return (
        f"{kept['huge_rows']:,} borrowers took {kept['huge_seconds']:.0f} s and {kept['huge_peak_gib']:.2f} GiB at the "
        f"peak; {kept['large_rows']:,} in the same session, {kept['large_seconds']:.0f} s: {bench.growth():.2f} times "
        f"as long per borrower. If that growth continued, 100,000,000 would take {hundred / 60:.0f} minutes: "
        f"extrapolated, not measured. Measured on {kept['machine']}."
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with its numbers aligned right."""
    marks = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, marks, *rows))


def longest_steps_table(steps: Mapping[str, float]) -> str:
    """A Markdown table of the longest steps and their seconds."""
    longest = sorted(steps.items(), key=lambda step: -step[1])[:SHOWN_STEPS]
    return table(("step", "s"), [(f"`{name}`" if "/" in name else name, f"{seconds:.2f}") for name, seconds in longest])
