"""What is to hold of what was measured: the goals of docs/performance.md."""

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Goal:
    """What is to hold of a number that is computed from what was measured."""

    text: str
    number: Callable[[Bench], float]
    holds: Callable[[float, float], bool]
    limit: float
    shown: str

    def verdict(self, bench: Bench) -> tuple[str, str, str]:
        """Its row. The verdict is of the number as it was measured, not as it is rounded here."""
        text = self.text.format_map({"limit": f"{self.limit:g}", **bench.rows})
        try:
            number = self.number(bench)
        except KeyError:
            return text, "-", "not measured"
        return text, self.shown.format(number), "reached" if self.holds(number, self.limit) else "**not reached**"


LARGE_CLEAN, LARGE_ODD = "{clean:,} borrowers, clean", "{defects:,} borrowers with defects"
MANY, OUT_OF_CORE = "{medium:,} borrowers with defects", "Three times as many as {clean:,}, out of core"
TIMES, PERCENT, GIB, SECONDS, SCORE = "{:.2f} times", "{:.1f} %", "{:.2f} GiB", "{:.2f} s", "{:.4f}"


def score_goal(data: str, score: str, least: float) -> Goal:
    """A goal of who is who."""
    shown = {"f1": "F1"}.get(score, score)
    return Goal(f"{data}: {shown} at least {{limit}}", lambda b: b.scores[data][RESOLVE][score], ge, least, SCORE)


GOALS = (
    Goal(
        f"{LARGE_CLEAN}: at most {{limit}} times bare DuckDB", lambda b: b.times(CLEAN, FRESH, DUCKDB), le, 3.0, TIMES
    ),
    Goal(f"{LARGE_CLEAN}: below {{limit}} times dbt-duckdb", lambda b: b.times(CLEAN, FRESH, DBT), lt, 1, TIMES),
    Goal(f"{LARGE_CLEAN}: at most {{limit}} GiB at the peak", lambda b: b.peak(CLEAN, FRESH), le, 3, GIB),
    Goal(
        f"{LARGE_CLEAN}, nothing changed: at most {{limit}} % of the fresh run",
        lambda b: 100 * b.times(CLEAN, AGAIN, FRESH),
        le,
        10,
        PERCENT,
    ),
    Goal(
        f"{LARGE_ODD}: at most {{limit}} times the clean ones",
        lambda b: b.seconds(DEFECTS, FRESH) / b.seconds(CLEAN, FRESH),
        le,
        1.25,
        TIMES,
    ),
    Goal(f"{LARGE_ODD}: at most {{limit}} GiB at the peak", lambda b: b.peak(DEFECTS, FRESH), le, 3, GIB),
    Goal(
        f"{MANY}: at least {{limit}} times as fast as bare pandas",
        lambda b: b.times(MEDIUM, PANDAS, FRESH),
        ge,
        1.25,
        TIMES,
    ),
    Goal(f"{MANY}: below {{limit}} times bare DuckDB", lambda b: b.times(MEDIUM, FRESH, DUCKDB), lt, 4.5, TIMES),
    Goal(
        f"{MANY}, one source of four changed: {{limit}} relations made that do not depend on it",
        lambda b: len(b.relations["for_nothing"]),
        le,
        0,
        "{}",
    ),
    Goal(
        f"{MANY}, lake on S3: at most {{limit}} times a folder", lambda b: b.times(MEDIUM, ON_S3, FRESH), le, 1.5, TIMES
    ),
    Goal(f"{MANY}, no matching: identity takes at most {{limit}} %", Bench.identity_share, le, 1, PERCENT),
    Goal(
        "A tick of the sensor, {s3_ticks:,} old objects on S3: at most {limit} s",
        lambda b: b.seconds(S3_TICKS, TICK),
        le,
        0.3,
        SECONDS,
    ),
    Goal("The sample's whole run: below {limit} s", lambda b: b.seconds(SAMPLE, FRESH), lt, 5, SECONDS),
    Goal("The sample's whole run, what is not Dagster's: below {limit} s", Bench.not_dagsters, lt, 1, SECONDS),
    Goal("Each command that runs nothing: at most {limit} s", Bench.slowest_command, le, 0.5, SECONDS),
    Goal(
        "`dg list defs`: at most {limit} s more than in an empty project",
        lambda b: b.seconds(COMMANDS, DG_LIST) - b.seconds(COMMANDS, DG_EMPTY),
        le,
        0.5,
        SECONDS,
    ),
    Goal(
        f"Who is who, {PEOPLE}: at most {{limit}} times bare Splink",
        lambda b: b.times(PEOPLE, RESOLVE, BARE_SPLINK),
        le,
        1.2,
        TIMES,
    ),
    Goal(f"Who is who, {PEOPLE}: below {{limit}} GiB at the peak", lambda b: b.peak(PEOPLE, RESOLVE), lt, 6, GIB),
    score_goal(PEOPLE, "f1", 0.97435),  # as before
    score_goal(FEBRL_4, "precision", 0.999),
    score_goal(FEBRL_4, "f1", 0.997),
    score_goal(FEBRL_3, "precision", 0.999),
    score_goal(FEBRL_3, "f1", 0.996),
    Goal(f"{OUT_OF_CORE}: at most {{limit}} GiB at the peak", lambda b: b.out_of_core["huge_peak_gib"], le, 3, GIB),
    Goal(f"{OUT_OF_CORE}: at most {{limit}} times as long a borrower", Bench.growth, le, 1.3, TIMES),
)
