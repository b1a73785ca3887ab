"""The goals of docs/performance.md: sentences with a limit, each with its number from the measurements."""

import re
from collections.abc import Callable
from operator import ge, le, lt

from bench.results import (
    AGAIN,
    BARE_SPLINK,
    CLEAN,
    COMMANDS,
    DBT,
    DEFECTS,
    DG_EMPTY,
    DG_LIST,
    DUCKDB,
    FEBRL_3,
    FEBRL_4,
    FRESH,
    MEDIUM,
    ON_S3,
    PANDAS,
    PEOPLE,
    RESOLVE,
    S3_TICKS,
    SAMPLE,
    TICK,
    Bench,
)

LARGE_CLEAN, LARGE_DEFECTS = "{clean:,} borrowers, clean", "{defects:,} borrowers with defects"
MEDIUM_DEFECTS, HUGE = "{medium:,} borrowers with defects", "Three times {clean:,} borrowers, out of core"

GOALS: dict[str, Callable[[Bench], float]] = {
    f"{LARGE_CLEAN}: at most 3 times bare DuckDB": lambda b: b.times(CLEAN, FRESH, DUCKDB),
    f"{LARGE_CLEAN}: below 1 times dbt-duckdb": lambda b: b.times(CLEAN, FRESH, DBT),
    f"{LARGE_CLEAN}: at most 3 GiB at the peak": lambda b: b.peak(CLEAN, FRESH),
    f"{LARGE_CLEAN}, nothing changed: at most 10 % of the fresh run": lambda b: 100 * b.times(CLEAN, AGAIN, FRESH),
    f"{LARGE_DEFECTS}: at most 1.25 times the clean ones": lambda b: (
        b.seconds(DEFECTS, FRESH) / b.seconds(CLEAN, FRESH)
    ),
    f"{LARGE_DEFECTS}: at most 3 GiB at the peak": lambda b: b.peak(DEFECTS, FRESH),
    f"{MEDIUM_DEFECTS}: at least 1.25 times as fast as bare pandas": lambda b: b.times(MEDIUM, PANDAS, FRESH),
    f"{MEDIUM_DEFECTS}: below 4.5 times bare DuckDB": lambda b: b.times(MEDIUM, FRESH, DUCKDB),
    f"{MEDIUM_DEFECTS}, one source of four changed: at most 0 relations made that do not depend on it": lambda b: len(
        b.relations["for_nothing"]
    ),
    f"{MEDIUM_DEFECTS}, lake on S3: at most 1.5 times a folder": lambda b: b.times(MEDIUM, ON_S3, FRESH),
    f"{MEDIUM_DEFECTS}, no matching: identity takes at most 1 %": Bench.identity_share,
    "A tick of the sensor, {s3_ticks:,} old objects on S3: at most 0.3 s": lambda b: b.seconds(S3_TICKS, TICK),
    "The sample's whole run: below 5 s": lambda b: b.seconds(SAMPLE, FRESH),
    "The sample's whole run, without Dagster's share: below 1 s": Bench.seconds_without_dagster,
    "Each command that runs nothing: at most 0.5 s": Bench.slowest_command,
    "`dg list defs`: at most 0.5 s more than in an empty project": lambda b: (
        b.seconds(COMMANDS, DG_LIST) - b.seconds(COMMANDS, DG_EMPTY)
    ),
    f"Who is who, {PEOPLE}: at most 1.2 times bare Splink": lambda b: b.times(PEOPLE, RESOLVE, BARE_SPLINK),
    f"Who is who, {PEOPLE}: below 6 GiB at the peak": lambda b: b.peak(PEOPLE, RESOLVE),
    f"{PEOPLE}: F1 at least 0.97435": lambda b: b.scores[PEOPLE][RESOLVE]["f1"],
    f"{FEBRL_4}: precision at least 0.999": lambda b: b.scores[FEBRL_4][RESOLVE]["precision"],
    f"{FEBRL_4}: F1 at least 0.997": lambda b: b.scores[FEBRL_4][RESOLVE]["f1"],
    f"{FEBRL_3}: precision at least 0.999": lambda b: b.scores[FEBRL_3][RESOLVE]["precision"],
    f"{FEBRL_3}: F1 at least 0.996": lambda b: b.scores[FEBRL_3][RESOLVE]["f1"],
    f"{HUGE}: at most 3 GiB at the peak": lambda b: b.out_of_core["huge_peak_gib"],
    f"{HUGE}: at most 1.3 times as long per borrower": Bench.growth,
}
HOLDS = {"at most": le, "below": lt, "at least": ge}
FORMATS = {
    "times": "{:.2f} times",
    "%": "{:.1f} %",
    "GiB": "{:.2f} GiB",
    "s": "{:.2f} s",
    "relations": "{}",
    "": "{:.4f}",
}


def verdict(goal: str, bench: Bench) -> tuple[str, str, str]:
    """A goal's row on the page. The verdict is on the number as measured, not as rounded."""
    sentence = goal.format_map(bench.rows)
    match = re.search("(at most|below|at least) ([0-9.]+) ?([^ ]*)", goal)
    assert match is not None
    bound, limit, unit = match.groups()
    try:
        number = GOALS[goal](bench)
    except KeyError:
        return sentence, "-", "not measured"
    is_reached = HOLDS[bound](number, float(limit))
    return sentence, FORMATS[unit].format(number), "reached" if is_reached else "**not reached**"
