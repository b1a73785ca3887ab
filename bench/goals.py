"""The goals of docs/performance.md: limits on numbers that are computed from the measurements."""

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

HOLDS = {"at most": le, "below": lt, "at least": ge}
SHOWN = {
    "times": "{:.2f} times",
    "%": "{:.1f} %",
    "GiB": "{:.2f} GiB",
    "s": "{:.2f} s",
    "relations": "{}",
    "": "{:.4f}",
}


@dataclass(frozen=True)
class Goal:
    """A limit on a number. The first word of `unit` says how the number is shown; a score has no unit."""

    subject: str
    bound: str
    limit: float
    unit: str
    number: Callable[[Bench], float]

    def verdict(self, bench: Bench) -> tuple[str, str, str]:
        """Its row on the page. The verdict is on the number as measured, not as rounded."""
        text = f"{self.subject.format_map(bench.rows)} {self.bound} {self.limit:g} {self.unit}".strip()
        try:
            number = self.number(bench)
        except KeyError:
            return text, "-", "not measured"
        is_reached = HOLDS[self.bound](number, self.limit)
        shown = SHOWN[self.unit.partition(" ")[0]].format(number)
        return text, shown, "reached" if is_reached else "**not reached**"


LARGE_CLEAN, LARGE_DEFECTS = "{clean:,} borrowers, clean", "{defects:,} borrowers with defects"
MEDIUM_DEFECTS, HUGE = "{medium:,} borrowers with defects", "Three times {clean:,} borrowers, out of core"
WHOLE_SAMPLE, WHO_IS_WHO = "The sample's whole run", f"Who is who, {PEOPLE}"

GOALS = (
    Goal(f"{LARGE_CLEAN}:", "at most", 3, "times bare DuckDB", lambda b: b.times(CLEAN, FRESH, DUCKDB)),
    Goal(f"{LARGE_CLEAN}:", "below", 1, "times dbt-duckdb", lambda b: b.times(CLEAN, FRESH, DBT)),
    Goal(f"{LARGE_CLEAN}:", "at most", 3, "GiB at the peak", lambda b: b.peak(CLEAN, FRESH)),
    Goal(
        f"{LARGE_CLEAN}, nothing changed:",
        "at most",
        10,
        "% of the fresh run",
        lambda b: 100 * b.times(CLEAN, AGAIN, FRESH),
    ),
    Goal(
        f"{LARGE_DEFECTS}:",
        "at most",
        1.25,
        "times the clean ones",
        lambda b: b.seconds(DEFECTS, FRESH) / b.seconds(CLEAN, FRESH),
    ),
    Goal(f"{LARGE_DEFECTS}:", "at most", 3, "GiB at the peak", lambda b: b.peak(DEFECTS, FRESH)),
    Goal(
        f"{MEDIUM_DEFECTS}:", "at least", 1.25, "times as fast as bare pandas", lambda b: b.times(MEDIUM, PANDAS, FRESH)
    ),
    Goal(f"{MEDIUM_DEFECTS}:", "below", 4.5, "times bare DuckDB", lambda b: b.times(MEDIUM, FRESH, DUCKDB)),
    Goal(
        f"{MEDIUM_DEFECTS}, one source of four changed:",
        "at most",
        0,
        "relations made that do not depend on it",
        lambda b: len(b.relations["for_nothing"]),
    ),
    Goal(f"{MEDIUM_DEFECTS}, lake on S3:", "at most", 1.5, "times a folder", lambda b: b.times(MEDIUM, ON_S3, FRESH)),
    Goal(f"{MEDIUM_DEFECTS}, no matching: identity takes", "at most", 1, "%", Bench.identity_share),
    Goal(
        "A tick of the sensor, {s3_ticks:,} old objects on S3:",
        "at most",
        0.3,
        "s",
        lambda b: b.seconds(S3_TICKS, TICK),
    ),
    Goal(f"{WHOLE_SAMPLE}:", "below", 5, "s", lambda b: b.seconds(SAMPLE, FRESH)),
    Goal(f"{WHOLE_SAMPLE}, without Dagster's share:", "below", 1, "s", Bench.seconds_without_dagster),
    Goal("Each command that runs nothing:", "at most", 0.5, "s", Bench.slowest_command),
    Goal(
        "`dg list defs`:",
        "at most",
        0.5,
        "s more than in an empty project",
        lambda b: b.seconds(COMMANDS, DG_LIST) - b.seconds(COMMANDS, DG_EMPTY),
    ),
    Goal(f"{WHO_IS_WHO}:", "at most", 1.2, "times bare Splink", lambda b: b.times(PEOPLE, RESOLVE, BARE_SPLINK)),
    Goal(f"{WHO_IS_WHO}:", "below", 6, "GiB at the peak", lambda b: b.peak(PEOPLE, RESOLVE)),
    Goal(f"{PEOPLE}: F1", "at least", 0.97435, "", lambda b: b.scores[PEOPLE][RESOLVE]["f1"]),
    Goal(f"{FEBRL_4}: precision", "at least", 0.999, "", lambda b: b.scores[FEBRL_4][RESOLVE]["precision"]),
    Goal(f"{FEBRL_4}: F1", "at least", 0.997, "", lambda b: b.scores[FEBRL_4][RESOLVE]["f1"]),
    Goal(f"{FEBRL_3}: precision", "at least", 0.999, "", lambda b: b.scores[FEBRL_3][RESOLVE]["precision"]),
    Goal(f"{FEBRL_3}: F1", "at least", 0.996, "", lambda b: b.scores[FEBRL_3][RESOLVE]["f1"]),
    Goal(f"{HUGE}:", "at most", 3, "GiB at the peak", lambda b: b.out_of_core["huge_peak_gib"]),
    Goal(f"{HUGE}:", "at most", 1.3, "times as long per borrower", Bench.growth),
)
