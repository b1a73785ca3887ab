"""docs/performance.md as `make bench` writes it: medians, ratios, peaks and verdicts of fixed measurements."""

import json
from dataclasses import asdict

import pytest

from bench.goals import GOALS
from bench.measure import Measured
from bench.page import render
from bench.results import (
    AGAIN,
    BARE_SPLINK,
    CHANGED,
    CLEAN,
    COMMANDS,
    DBT,
    DEFECTS,
    DG_EMPTY,
    DG_LIST,
    DUCKDB,
    EMPTY_GRAPH,
    FEBRL_3,
    FEBRL_4,
    FIRST_TICK,
    FRESH,
    MEDIUM,
    ON_S3,
    PANDAS,
    PEOPLE,
    PLAIN_STORAGE,
    RESOLVE,
    S3_TICKS,
    SAMPLE,
    TICK,
    Bench,
)

SECONDS = {
    CLEAN: {FRESH: [90.0], DUCKDB: [30.0], DBT: [90.0], AGAIN: [9.5]},
    DEFECTS: {FRESH: [120.0], AGAIN: [10.0]},
    MEDIUM: {
        FRESH: [20.0, 10.0, 12.0],  # median 12
        DUCKDB: [4.0, 9.0, 3.0],  # median 4
        PANDAS: [24.0, 23.0, 30.0],  # median 24
        AGAIN: [7.0, 8.0, 9.0],
        CHANGED: [8.0],
        ON_S3: [18.0],
    },
    SAMPLE: {FRESH: [4.5, 9.0, 5.0], EMPTY_GRAPH: [4.0, 7.0, 3.5], PLAIN_STORAGE: [9.0]},
    COMMANDS: {DG_LIST: [2.0], DG_EMPTY: [1.6], "refi runs": [0.3, 9.0, 0.5], "refi explain": [0.4]},
    S3_TICKS: {FIRST_TICK: [12.0], TICK: [0.2, 0.301, 0.4]},
    PEOPLE: {RESOLVE: [30.0], BARE_SPLINK: [25.0]},
    FEBRL_4: {RESOLVE: [5.0]},
    FEBRL_3: {RESOLVE: [4.0]},
}
SCORES = {
    PEOPLE: {
        RESOLVE: {"precision": 0.98, "recall": 0.96, "f1": 0.97434},
        BARE_SPLINK: {"precision": 0.5, "recall": 0.9, "f1": 0.6429},
    },
    FEBRL_4: {RESOLVE: {"precision": 0.9989999, "recall": 0.9961, "f1": 0.99704}},
    FEBRL_3: {RESOLVE: {"precision": 1.0, "recall": 0.991, "f1": 0.9955}},
}


@pytest.fixture
def bench() -> Bench:
    bench = Bench("2 cores of a made-up processor", scores=dict(SCORES))
    for data, jobs in SECONDS.items():
        bench.rows[data] = 1_000_000
        for job, rounds in jobs.items():
            for seconds in rounds:
                bench.keep_seconds(data, job, seconds, peak_gib=3.0 if data == CLEAN else 1.25)
    bench.rows |= {CLEAN: 10_000_000, DEFECTS: 10_000_000, S3_TICKS: 100_000}
    bench.jobs[DEFECTS][FRESH] = [(120.0, 3.001)]
    for seconds, _ in bench.jobs[MEDIUM][FRESH]:
        steps = {"started": 1002.0, "raw/market_equity": 3.0, "identity/resolved_borrower": 0.1, "checks of raw": 0.5}
        bench.keep_steps(MEDIUM, FRESH, Measured(1000.0, seconds, 0, ""), steps)
    bench.audience, bench.truth = {MEDIUM: 290}, {MEDIUM: 290}
    bench.wrong = {CLEAN: {DBT: {"missing": 0, "wrongly": 0, "other": 0}}}
    bench.wrong[MEDIUM] = {DUCKDB: {"missing": 4, "wrongly": 3, "other": 2}}
    bench.relations = {"made": ["refi/a", "refi/b"], "for_nothing": ["refi/b"], "used_again": ["staging/c"]}
    bench.out_of_core = {"large_rows": 10_000_000, "large_seconds": 80.0, "huge_rows": 30_000_000}
    bench.out_of_core |= {"huge_seconds": 300.0, "huge_peak_gib": 2.5, "machine": "another machine"}
    return bench


def cells(page: str, begin: str) -> list[str]:
    (line,) = (line for line in page.splitlines() if line.startswith(f"| {begin}"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def section(page: str, title: str) -> str:
    return page.split(f"\n## {title}")[1].split("\n## ", maxsplit=1)[0]


def test_the_page_has_medians_rounds_ratios_and_peaks(bench):
    medium = section(render(bench), "1,000,000 borrowers")

    assert cells(medium, f"{FRESH} |") == ["12.0", "20.0 10.0 12.0", "3.00", "1.00", "1.25"]
    assert cells(medium, DUCKDB + " | 4.0") == ["4.0", "4.0 9.0 3.0", "1.00", "0.33", "1.25"]
    assert cells(medium, PANDAS) == ["24.0", "24.0 23.0 30.0", "6.00", "2.00", "1.25"]
    assert cells(medium, DUCKDB + " | 4 |") == ["4", "3", "2"]
    assert "290 borrowers, as the generator's truth says" in medium
    assert "computed `refi/a`, `refi/b` and reused `staging/c`" in medium


VERDICTS = {
    "10,000,000 borrowers, clean: at most 3 times bare DuckDB": ("3.00 times", True),  # 90 / 30
    "10,000,000 borrowers, clean: below 1 times dbt-duckdb": ("1.00 times", False),  # below, not at most
    "10,000,000 borrowers, clean: at most 3 GiB": ("3.00 GiB", True),
    "10,000,000 borrowers, clean, nothing changed: at most 10 %": ("10.6 %", False),  # 9.5 / 90
    "10,000,000 borrowers with defects: at most 1.25 times": ("1.33 times", False),  # 120 / 90
    "10,000,000 borrowers with defects: at most 3 GiB": ("3.00 GiB", False),  # 3.001 before it is rounded
    "1,000,000 borrowers with defects: at least 1.25 times as fast as bare pandas": ("2.00 times", True),  # 24 / 12
    "1,000,000 borrowers with defects: below 4.5 times bare DuckDB": ("3.00 times", True),
    "1,000,000 borrowers with defects, one source of four changed: at most 0 relations": ("1", False),
    "1,000,000 borrowers with defects, lake on S3: at most 1.5 times": ("1.50 times", True),  # 18 / 12
    "1,000,000 borrowers with defects, no matching: identity takes at most 1 %": ("0.8 %", True),  # 0.1 / 12
    "A tick of the sensor, 100,000 old objects on S3: at most 0.3 s": ("0.30 s", False),  # 0.301
    "The sample's whole run: below 5 s": ("5.00 s", False),
    "The sample's whole run, without Dagster's share: below 1 s": ("1.50 s", False),  # median of 0.5, 2, 1.5
    "Each command that runs nothing: at most 0.5 s": ("0.50 s", True),  # not dg list defs
    "`dg list defs`: at most 0.5 s more": ("0.40 s", True),
    "Who is who, generated borrowers: at most 1.2 times bare Splink": ("1.20 times", True),
    "Who is who, generated borrowers: below 6 GiB": ("1.25 GiB", True),
    "generated borrowers: F1 at least 0.97435": ("0.9743", False),
    "FEBRL 4: precision at least 0.999": ("0.9990", False),
    "FEBRL 4: F1 at least 0.997": ("0.9970", True),
    "FEBRL 3: precision at least 0.999": ("1.0000", True),
    "FEBRL 3: F1 at least 0.996": ("0.9955", False),
    "Three times 10,000,000 borrowers, out of core: at most 3 GiB": ("2.50 GiB", True),
    "Three times 10,000,000 borrowers, out of core: at most 1.3 times": ("1.25 times", True),  # 300 / 80 / 3
}


def test_every_goal_is_tested():
    assert len(VERDICTS) == len(GOALS)


@pytest.mark.parametrize("goal", VERDICTS)
def test_a_goal_is_reached_only_if_the_measured_figure_is_within_its_limit(bench, goal):
    figure, is_reached = VERDICTS[goal]
    assert cells(render(bench), goal) == [figure, "reached" if is_reached else "**not reached**"]


def test_a_goal_without_a_measurement_has_no_verdict(bench):
    bench.out_of_core = {}
    del bench.scores[FEBRL_3]
    page = render(bench)

    assert cells(page, "FEBRL 3: F1") == ["-", "not measured"]
    assert cells(page, "Three times 10,000,000 borrowers, out of core: at most 3 GiB") == ["-", "not measured"]
    assert "Not measured yet; `make bench-all` measures it." in page


def test_the_time_of_a_hundred_million_is_extrapolated_from_the_growth_per_borrower(bench):
    # From 10 to 30 million 3.75 times as long, that is n^1.2031; and (10/3)^1.2031 * 300 s = 1,277 s.
    assert "100,000,000 would take 21 minutes: extrapolated" in render(bench)


def test_refi_resolve_is_shown_beside_the_bare_script(bench):
    who = section(render(bench), "Who is who")

    ours = ["refi resolve", "1,000,000", "30.0", "1.20", "1.25", "0.9800", "0.9600", "0.9743"]
    assert cells(who, "generated borrowers | refi resolve") == ours
    assert cells(who, "FEBRL 3") == ["refi resolve", "1,000,000", "4.0", "", "1.25", "1.0000", "0.9910", "0.9955"]


def test_an_audience_of_the_wrong_size_is_reported(bench):
    bench.truth[MEDIUM] = 291
    assert "290 borrowers, **not 291, as** the generator's truth says" in render(bench)


def test_the_steps_add_up_to_the_wall_time(bench):
    steps = section(render(bench), "Where our time goes")

    # 12 = 2 before the graph + 3 + 0.1 + 0.5 + the rest
    assert cells(steps, "before the graph") == ["2.00"]
    assert cells(steps, "raw/market_equity") == ["3.00"]
    assert cells(steps, "checks of raw") == ["0.50"]
    assert cells(steps, "Dagster around the steps") == ["6.40"]


def test_the_page_can_be_written_again_from_kept_measurements(bench):
    assert render(Bench(**json.loads(json.dumps(asdict(bench))))) == render(bench)
