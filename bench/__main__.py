"""`make bench`: measures our whole job beside bare scripts and dbt for the same answer, and writes docs/performance.md.

measure.py measures a process; portfolio.py, identity.py, s3.py and startup.py say which; page.py writes the page.
The measurements are kept in measured.json, from which --render writes the page again.
"""

import argparse
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from bench.entity_resolution import compare_with_bare_splink, resolve_public_data
from bench.measure import PROJECT_DIR, MeasureError, empty_folder, use_two_cores
from bench.page import render
from bench.portfolio import generate_sources, measure_portfolio, run_on_s3, run_out_of_core, run_with_one_source_changed
from bench.results import (
    CLEAN,
    DBT,
    DEFECTS,
    DUCKDB,
    MEDIUM,
    PANDAS,
    POLARS,
    S3_TICKS,
    Bench,
    this_machine,
)
from bench.s3 import measure_ticks
from bench.startup import measure_commands, measure_sample

PAGE = PROJECT_DIR / "docs" / "performance.md"
OUT_OF_CORE = PROJECT_DIR / "bench" / "out_of_core.json"
ROWS = [1_000_000, 10_000_000]
ROUNDS = 3  # of short measurements
OLD_OBJECTS = 100_000


def main() -> None:
    """Measure, then write the page: docs/performance.md if the sizes are those of its goals, else in `--dir`."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=ROWS, help="numbers of borrowers: medium and large")
    parser.add_argument("--dir", type=Path, default=PROJECT_DIR / "build" / "bench", help="folder for all files")
    parser.add_argument("--all", action="store_true", help="also three times the larger number, out of core")
    parser.add_argument("--render", action="store_true", help="measure nothing, write the page again")
    arguments = parser.parse_args()
    if len(arguments.rows) != 2:
        parser.error("name two numbers of borrowers, the medium and the large one")
    folder = arguments.dir.resolve()
    is_full = arguments.rows == ROWS
    page, kept = (PAGE, OUT_OF_CORE) if is_full else (folder / PAGE.name, folder / OUT_OF_CORE.name)
    if not arguments.render:
        use_two_cores()
        medium, large = arguments.rows
        if arguments.all:
            measure_out_of_core(large, folder, kept)
        bench = measure_all(medium, large, folder)
        (folder / "measured.json").write_text(json.dumps(asdict(bench), indent=1), encoding="utf-8")
    bench = Bench(**json.loads((folder / "measured.json").read_text(encoding="utf-8")))
    bench.out_of_core = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    page.write_text(render(bench), encoding="utf-8")
    print(f"Written: {page}")


def measure_all(medium: int, large: int, folder: Path) -> Bench:
    """All measurements except out of core."""
    bench = Bench(this_machine())
    bench.rows = {CLEAN: large, DEFECTS: large, MEDIUM: medium, S3_TICKS: min(OLD_OBJECTS, medium)}
    scratch = empty_folder(folder / "scratch")
    measure_commands(bench, *measure_sample(bench, scratch, ROUNDS), ROUNDS)
    clean = generate_sources(large, folder, "--clean")
    measure_portfolio(bench, CLEAN, clean, scratch, peers=(DUCKDB, DBT))
    measure_portfolio(bench, DEFECTS, generate_sources(large, folder), scratch)
    measure_portfolio(
        bench,
        MEDIUM,
        generate_sources(medium, folder),
        scratch,
        rounds=ROUNDS,
        peers=(DUCKDB, DBT, PANDAS, POLARS),
        more_jobs=(run_with_one_source_changed, run_on_s3),
    )
    measure_ticks(bench, bench.rows[S3_TICKS], scratch)
    compare_with_bare_splink(bench, medium, scratch / "people")
    resolve_public_data(bench, scratch / "public")
    shutil.rmtree(scratch)
    return bench


def measure_out_of_core(large: int, folder: Path, kept: Path) -> None:
    """The measurement that takes too long for every day; it is kept until it is repeated."""
    sources = {
        "large": generate_sources(large, folder, "--clean"),
        "huge": generate_sources(3 * large, folder, "--clean"),
    }
    measured = run_out_of_core(sources, empty_folder(folder / "scratch"))
    kept.write_text(json.dumps({"machine": this_machine(), **measured}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except MeasureError as error:
        sys.exit(f"bench: {error}")
