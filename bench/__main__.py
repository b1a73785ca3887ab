"""`make bench`: our whole job beside bare scripts for the same answer, in turn, and docs/performance.md from it.

In each round every job of a size runs once, so that whatever else the machine does hits all of them. What is
measured how is in measure.py; the page is written by report.py.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from bench.identity import beside_bare_splink, on_public_data
from bench.measure import (
    PROJECT_DIR,
    Measured,
    MeasureError,
    command,
    dagster_home,
    measure,
    python,
    tell,
    use_two_cores,
)
from bench.report import (
    AGAIN,
    DUCKDB,
    FRESH,
    LARGE,
    MEDIUM,
    PANDAS,
    POLARS,
    Bench,
    Difference,
    Machine,
    Sample,
    Size,
    render,
)

PAGE = PROJECT_DIR / "docs" / "performance.md"
AS_OF = "2026-02-20"
SEED = 1
LARGEST_FOR_FRAMES = MEDIUM  # pandas and Polars hold everything in memory
REPEATS_OF_COMMANDS = 3


def main() -> None:
    """Measure, then write the page: docs/performance.md when the sizes are those of its goals, else in `--dir`."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=[MEDIUM, LARGE], help="numbers of borrowers")
    parser.add_argument("--repeats", type=int, help="rounds; by default 3, and 1 above a million borrowers")
    parser.add_argument("--dir", type=Path, default=PROJECT_DIR / "build" / "bench", help="the folder for all files")
    arguments = parser.parse_args()
    folder = arguments.dir.resolve()
    use_two_cores()
    scratch = emptied(folder / "scratch")
    commands, sample = measure_commands(scratch)
    sizes = [
        measure_size(rows, arguments.repeats or (3 if rows <= MEDIUM else 1), generated(rows, folder), scratch)
        for rows in arguments.rows
    ]
    resolved = [
        *(one for rows in arguments.rows if rows <= MEDIUM for one in beside_bare_splink(rows, scratch / str(rows))),
        *on_public_data(scratch / "public"),
    ]
    shutil.rmtree(scratch)
    page = PAGE if arguments.rows == [MEDIUM, LARGE] else folder / PAGE.name
    page.write_text(render(Bench(Machine.this(), sizes, commands, sample, resolved)), encoding="utf-8")
    print(f"Written: {page}")


def emptied(folder: Path) -> Path:
    """The folder, with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def generated(rows: int, folder: Path) -> Path:
    """The source files of so many borrowers; those of an earlier time are used again."""
    source = folder / f"source_{rows}"
    if not (source / "truth.json").is_file():
        print(f"{rows:,} borrowers are generated", flush=True)
        source.mkdir(parents=True, exist_ok=True)
        measure(command("refi", "generate", source, "--rows", str(rows), "--seed", str(SEED)), folder)
    return source


def measure_size(rows: int, repeats: int, source: Path, scratch: Path) -> Size:
    """All jobs on these files, in turn, `repeats` times."""
    size = Size(rows, truth=json.loads((source / "truth.json").read_text())["audience_rows"])
    bare = {DUCKDB: "bare_duckdb.py"}
    if rows <= LARGEST_FOR_FRAMES:
        bare |= {PANDAS: "bare_pandas.py", POLARS: "bare_polars.py"}
    read_through(source)
    for number in range(repeats):
        folder = emptied(scratch / "round")
        home, lake = dagster_home(folder / "home"), folder / "lake"
        audience = our_job(size, FRESH, source, lake, home)
        for name, script in bare.items():
            out = folder / f"{script}.csv"
            keep(size, name, measure(python(PROJECT_DIR / "bench" / script, source, out), folder))
            if number == 0:
                size.differences[name] = Difference(**asked("bench.compare", audience, out, scratch=folder))
        our_job(size, AGAIN, source, lake, home)
    return size


def our_job(size: Size, name: str, source: Path, lake: Path, home: Path) -> Path:
    """Run and keep our job with its steps; returns the audience."""
    job = command("refi", "run", "--source", source, "--lake", lake, "--as-of", AS_OF, "--json")
    measured = measure(job, home.parent, home)
    result = json.loads(measured.stdout.splitlines()[-1])
    steps = asked("bench.steps", home, lake, result["run_id"], scratch=home.parent)
    size.add_steps(name, measured, steps)
    keep(size, name, measured)
    return Path(result["audience"])


def keep(size: Size, name: str, measured: Measured) -> None:
    """Put a measurement with the others of its job."""
    size.jobs.setdefault(name, []).append(measured)
    tell(size.rows, name, measured)


def asked(module: str, *arguments: str | Path, scratch: Path) -> Any:
    """What a module of this folder answers as JSON, in a process of its own."""
    return json.loads(measure(python("-m", module, *arguments), scratch).stdout)


def read_through(source: Path) -> None:
    """Read the files once, so that whoever comes first does not read them from disk for all."""
    for path in source.glob("*.csv"):
        with path.open("rb") as stream:
            while stream.read(1 << 24):
                pass


def measure_commands(scratch: Path) -> tuple[dict[str, list[float]], Sample]:
    """Seconds of every command that runs nothing, and of the sample's whole run."""
    sample = Sample()
    source = PROJECT_DIR / "data" / "sample"
    for _ in range(REPEATS_OF_COMMANDS):
        folder = emptied(scratch / "sample")
        home, shape = dagster_home(folder / "home"), folder / "shape.json"
        run = command("refi", "run", "--source", source, "--as-of", AS_OF, "--json", "--lake", folder / "lake")
        whole = measure(run, folder, home)
        sample.seconds.append(whole.seconds)
        shape.write_text(json.dumps(shape_of_the_graph(folder)))
        empty = measure(python("bench/empty_graph.py", shape), folder, dagster_home(folder / "empty_home"))
        sample.not_dagsters.append(whole.seconds - empty.seconds)
        print(f"{'sample':>12}  {'whole run':34} {whole.seconds:8.2f} s", flush=True)
    run_id = json.loads(whole.stdout.splitlines()[-1])["run_id"]
    policy = PROJECT_DIR / "policies" / "refi" / "refi.yaml"
    lake = ("--lake", folder / "lake")
    calls = {
        "dg list defs": command("dg", "list", "defs"),
        "refi --help": command("refi", "--help"),
        "refi runs": command("refi", "runs", *lake),
        "refi explain": command("refi", "explain", "B1", *lake),
        "refi quarantine": command("refi", "quarantine", *lake),
        "refi query": command("refi", "query", "SELECT COUNT(*) AS n FROM refi_audience", *lake),
        "refi diff": command("refi", "diff", run_id, run_id, *lake),
        "refi diff-policy": command("refi", "diff-policy", policy, *lake),
        "refi ingest": command("refi", "ingest", "--source", source, "--as-of", AS_OF, *lake),
    }
    commands: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(REPEATS_OF_COMMANDS):
        for name, call in calls.items():
            measured = measure(call, folder, home)
            commands[name].append(measured.seconds)
            print(f"{'':>12}  {name:34} {measured.seconds:8.2f} s", flush=True)
    return commands, sample


def shape_of_the_graph(folder: Path) -> list[dict[str, Any]]:
    """What empty_graph.py needs to know of our graph."""
    found = json.loads(measure(command("dg", "list", "defs", "--json"), folder).stdout)
    checks: dict[str, list[str]] = {}
    for check in found["asset_checks"]:
        checks.setdefault(check["asset_key"], []).append(check["name"])
    return [
        {"key": key, "deps": asset["dependency_keys"], "checks": checks.get(key, [])}
        for asset in found["assets"]
        for key in [asset["asset_key"]]
    ]


if __name__ == "__main__":
    try:
        main()
    except MeasureError as error:
        sys.exit(f"bench: {error}")
