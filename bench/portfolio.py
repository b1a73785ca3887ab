"""Our whole job on a portfolio, beside bare scripts and dbt for the same answer.

Every job runs once in each round, so that other load on the machine affects all of them.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
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
)
from bench.results import AGAIN, CHANGED, DBT, DUCKDB, FRESH, ON_S3, PANDAS, POLARS, Bench
from bench.s3 import moto

AS_OF, NEXT_DAY = "2026-02-20", "2026-02-21"
SCRIPTS = {DUCKDB: "bare_duckdb.py", PANDAS: "bare_pandas.py", POLARS: "bare_polars.py"}
DBT_PROJECT = PROJECT_DIR / "bench" / "dbt"


def generate_sources(rows: int, folder: Path, *options: str) -> Path:
    """The folder with the source files of `rows` borrowers; existing ones are reused."""
    source = folder / "_".join(("source", str(rows), *(option.strip("-") for option in options)))
    if not (source / "truth.json").is_file():
        print(f"Generating {rows:,} borrowers", flush=True)
        source.mkdir(parents=True, exist_ok=True)
        measure_process(command("refi", "generate", source, "--rows", str(rows), "--seed", "1", *options), folder)
    return source


def measure_portfolio(
    bench: Bench,
    data: str,
    source: Path,
    scratch: Path,
    *,
    rounds: int = 1,
    peers: Sequence[str] = (),
    more_jobs: Sequence[Callable[[Bench, str, Path, Path, Path], None]] = (),
) -> None:
    """Our job, each peer's, our job again with nothing changed, and `more_jobs` on the same lake."""
    truth = json.loads((source / "truth.json").read_text())
    bench.rows[data], bench.truth[data] = truth["rows"], truth["audience_rows"]
    read_through(source)
    for number in range(rounds):
        folder = empty_folder(scratch / "round")
        home, lake = dagster_home(folder / "home"), folder / "lake"
        options = ("--source", source, "--as-of", AS_OF)
        result, _ = run_our_job(bench, data, FRESH, lake, home, *options)
        bench.audience[data] = audience_rows(result)
        for peer in peers:
            out = folder / f"{peer}.csv"
            bench.keep(data, peer, measure_process(peer_command(peer, source, out), folder))
            if number == 0:
                wrong = json_from("bench.compare_audiences", result["audience"], out, scratch=folder)
                bench.wrong.setdefault(data, {})[peer] = wrong
        run_our_job(bench, data, AGAIN, lake, home, *options)
        for run_job in more_jobs:
            run_job(bench, data, source, lake, home)


def run_our_job(
    bench: Bench,
    data: str,
    job: str,
    lake: str | Path,
    home: Path,
    *options: str | Path,
    variables: Mapping[str, str] | None = None,
) -> tuple[Any, dict[str, list[str]]]:
    """Run our job and keep its measurement and steps; returns its result and the relations it computed."""
    run = command("refi", "run", "--lake", lake, "--json", *options)
    measured = measure_process(run, home.parent, home, variables=variables)
    result = json.loads(measured.stdout.splitlines()[-1])
    run_id = result["run_id"]
    steps = json_from("bench.run_steps", home, lake, run_id, scratch=home.parent, home=home, variables=variables)
    bench.keep(data, job, measured)
    bench.keep_steps(data, job, measured, steps["seconds"])
    return result, steps["relations"]


def peer_command(peer: str, source: Path, out: Path) -> list[str | Path]:
    """The command line with which a peer writes its audience."""
    if peer != DBT:
        return python(PROJECT_DIR / "bench" / SCRIPTS[peer], source, out)
    variables = {"source": str(source), "out": str(out), "database": str(out.with_suffix(".duckdb"))}
    project = ("--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT)
    outputs = ("--target-path", out.with_name("dbt_target"), "--log-path", out.with_name("dbt_logs"))
    return command("dbt", "build", *project, *outputs, "--vars", json.dumps(variables))


def run_with_one_source_changed(bench: Bench, data: str, source: Path, lake: Path, home: Path) -> None:
    """Our job of the next day, with a new file of one source of four: the old file without its last row."""
    folder = empty_folder(home.parent / "changed")
    path = Path(shutil.copy(source / "borrower_engagement.csv", folder))
    with path.open("r+b") as stream:
        stream.seek(-1000, 2)
        last_row = stream.read().splitlines(keepends=True)[-1]
        stream.truncate(stream.tell() - len(last_row))
    _, bench.relations = run_our_job(bench, data, CHANGED, lake, home, "--source", folder, "--as-of", NEXT_DAY)


def run_on_s3(bench: Bench, data: str, source: Path, _lake: Path, home: Path) -> None:
    """Our job on a new lake on moto's S3."""
    home = dagster_home(home.parent / "home_of_s3")
    with moto(home.parent) as variables:
        options = ("--source", source, "--as-of", AS_OF)
        run_our_job(bench, data, ON_S3, "s3://lake/refi", home, *options, variables=variables)


def run_out_of_core(sources: Mapping[str, Path], scratch: Path) -> dict[str, float]:
    """Our job with the files of `large` and `huge` already in the raw zone: rows, seconds, and the peak of huge."""
    bench = Bench()
    for data, source in sources.items():
        truth = json.loads((source / "truth.json").read_text())
        bench.rows[data] = truth["rows"]
        folder = empty_folder(scratch / "round")
        home, lake = dagster_home(folder / "home"), folder / "lake"
        measure_process(command("refi", "ingest", "--source", source, "--lake", lake, "--as-of", AS_OF), folder, home)
        result, _ = run_our_job(bench, data, FRESH, lake, home, "--as-of", AS_OF)
        if audience_rows(result) != truth["audience_rows"]:
            raise MeasureError(
                f"The audience of {source} has {audience_rows(result)} rows, not {truth['audience_rows']}."
            )
    seconds = {f"{data}_seconds": bench.seconds(data, FRESH) for data in bench.rows}
    rows = {f"{data}_rows": rows for data, rows in bench.rows.items()}
    return rows | seconds | {"huge_peak_gib": bench.peak("huge", FRESH)}


def audience_rows(result: Any) -> int:
    """The number of borrowers in an audience, as the run counts them."""
    return sum(result["counts"]["audience_tiers"].values())


def read_through(source: Path) -> None:
    """Read the files once, so that the first job does not read them from disk for all others."""
    for path in filter(Path.is_file, source.iterdir()):
        with path.open("rb") as stream:
            while stream.read(1 << 24):
                pass
