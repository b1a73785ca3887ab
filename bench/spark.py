"""Refi's job on Spark, measured: `refi run` with REFI_ENGINE=spark on two cores beside the same job on DuckDB.

Writes docs/spark-performance.md. Part of `make bench-all`; alone: python -m bench.spark [BORROWERS].
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import (
    PROJECT_DIR,
    MeasureError,
    command,
    dagster_home,
    empty_folder,
    json_from,
    measure_process,
    python,
    use_two_cores,
)
from bench.page import table
from bench.portfolio import AS_OF, generate_sources, read_through
from bench.results import this_machine

PAGE, TEMPLATE = PROJECT_DIR / "docs" / "spark-performance.md", Path(__file__).with_name("spark.md")
BORROWERS, ROUNDS = 1_000_000, 3
ENGINES = ("duckdb", "spark")
SPARK = {"REFI_SPARK_MASTER": "local[2]"}
PARTS = ("start of the job", "files", "staging", "models", "checks", "publication", "rest")
START = "from refi_assets.engines.spark_session import spark_session; spark_session().sql('SELECT 1').collect()"

Parts = dict[str, float]  # seconds


def part_of(step: str) -> str:
    """The part of the job that a step belongs to."""
    group = step.partition("/")[0]
    if group.startswith("checks"):
        return "checks"
    return {"raw": "files", "catalog": "files", "staging": "staging", "activation": "publication"}.get(group, "models")


def run_on(engine: str, source: Path, scratch: Path) -> tuple[Parts, bytes]:
    """The seconds of the parts of the job on an engine, and the audience file."""
    home, lake = dagster_home(scratch / "home"), scratch / "lake"
    variables = {"REFI_ENGINE": engine, "REFI_IDENTITY_ENGINE": "off", **SPARK}
    run = command("refi", "run", "--lake", lake, "--source", source, "--as-of", AS_OF, "--json")
    measured = measure_process(run, scratch, home, variables=variables)
    result = json.loads(measured.stdout.splitlines()[-1])
    steps = json_from("bench.run_steps", home, lake, result["run_id"], scratch=scratch, home=home, variables=variables)[
        "seconds"
    ]
    parts = dict.fromkeys(PARTS, 0.0)
    parts["start of the job"] = steps.pop("started") - measured.started
    for step, seconds in steps.items():
        parts[part_of(step)] += seconds
    parts["rest"] = measured.seconds - sum(parts.values())
    print(f"{engine:8} {measured.seconds:8.1f} s", flush=True)
    return parts, Path(result["audience"]).read_bytes()


def measure_on_spark(source: Path, folder: Path) -> dict[str, Any]:
    """Both engines in rounds, and the start of Spark alone. Raises MeasureError if the audiences differ."""
    rounds: dict[str, list[Parts]] = {engine: [] for engine in ENGINES}
    starts = []
    for _ in range(ROUNDS):
        audiences = set()
        for engine in ENGINES:
            scratch = empty_folder(folder / "round")
            read_through(source)
            parts, audience = run_on(engine, source, scratch)
            rounds[engine].append(parts)
            audiences.add(audience)
        if len(audiences) > 1:
            raise MeasureError("The audiences differ, so there are no figures.")
        starts.append(measure_process(python("-c", START), folder / "round", variables=SPARK).seconds)
        shutil.rmtree(folder / "round")
    return {
        "machine": this_machine(("dagster", "duckdb", "pyspark")),
        "borrowers": json.loads((source / "truth.json").read_text())["rows"],
        "rounds": rounds,
        "start": median(starts),
    }


def render_spark(measured: dict[str, Any]) -> str:
    """The page, from what measure_on_spark() returned."""
    middle = {
        engine: {part: median(parts[part] for parts in rounds) for part in PARTS}
        for engine, rounds in measured["rounds"].items()
    }
    totals = {engine: median(sum(parts.values()) for parts in rounds) for engine, rounds in measured["rounds"].items()}
    rows = [("whole job", *(f"{totals[engine]:.1f}" for engine in ENGINES))]
    rows += [(part, *(f"{middle[engine][part]:.1f}" for engine in ENGINES)) for part in PARTS]
    return TEMPLATE.read_text(encoding="utf-8").format(
        machine=measured["machine"],
        borrowers=measured["borrowers"],
        start=measured["start"],
        times=totals["spark"] / totals["duckdb"],
        rounds=ROUNDS,
        parts=table(("part", "DuckDB, s", "Spark, s"), rows),
    )


def main() -> None:
    """Measure, then write the page: in docs/ if the size is the full one, else in `--dir`."""
    parser = argparse.ArgumentParser(prog="python -m bench.spark", description=main.__doc__)
    parser.add_argument("borrowers", nargs="?", type=int, default=BORROWERS)
    parser.add_argument("--dir", type=Path, default=PROJECT_DIR / "build" / "bench-spark", help="folder for all files")
    arguments = parser.parse_args()
    use_two_cores()
    folder = arguments.dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    page = PAGE if arguments.borrowers == BORROWERS else folder / PAGE.name
    measured = measure_on_spark(generate_sources(arguments.borrowers, folder), folder)
    page.write_text(render_spark(measured), encoding="utf-8")
    print(f"Written: {page}")


if __name__ == "__main__":
    try:
        main()
    except MeasureError as error:
        sys.exit(f"bench: {error}")
