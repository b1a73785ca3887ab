"""A bank's files, measured: `refi banking run` beside a bare Polars script for the same months and cohorts.

Writes docs/banking-performance.md. Part of `make bench`; alone: python -m bench.banking [TRANSACTIONS] [--all]. With
--all, 50 million transactions with every defect are measured first, or --transactions; those figures are kept in
banking_out_of_core.json until they are repeated.
"""

import argparse
import json
import shutil
import sys
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import (
    PROJECT_DIR,
    Measured,
    MeasureError,
    command,
    dagster_home,
    empty_folder,
    json_from,
    measure_process,
    python,
    use_two_cores,
)
from bench.offers import Figures, figures_of
from bench.page import longest_steps_table, table
from bench.portfolio import read_through
from bench.results import BEFORE, REST, this_machine

PAGE, TEMPLATE = PROJECT_DIR / "docs" / "banking-performance.md", Path(__file__).with_name("banking.md")
OUT_OF_CORE = Path(__file__).with_name("banking_out_of_core.json")
TRANSACTIONS, HUGE = 2_000_000, 50_000_000
AS_OF = "2026-11-20"
ROUNDS = 3
OURS, BARE = "refi banking run", "bare Polars"
PACKAGES = ("dagster", "duckdb", "polars", "numpy")
GOAL_GIB = 3
MEMORY = {"REFI_MEMORY_LIMIT": "2GB"}  # DuckDB's; with Python and Dagster beside it, the job stays below the goal


def bank_files(transactions: int, folder: Path, *options: str) -> Path:
    """The folder with the files of a bank with about so many transactions; existing ones are reused."""
    source = folder / "_".join(("bank", str(transactions), *(option.strip("-") for option in options)))
    if not (source / "truth.json").is_file():
        generate = command("refi", "banking", "generate", source, "--transactions", str(transactions), *options)
        measured = measure_process([*generate, "--as-of", AS_OF], folder)
        figures_shown("refi banking generate", transactions, measured)
    return source


def run_banking(source: Path, scratch: Path) -> tuple[dict[str, Any], Measured, dict[str, float]]:
    """Our job in a new lake: its result, its measurement, and the seconds of its steps."""
    home, variables = dagster_home(scratch / "home"), {"REFI_LAKE_URL": str(scratch / "lake"), **MEMORY}
    read_through(source)
    run = command("refi", "banking", "run", "--as-of", AS_OF, "--source", source, "--json")
    measured = measure_process(run, scratch, home, variables=variables)
    result = json.loads(measured.stdout.splitlines()[-1])
    steps = json_from(
        "bench.run_steps",
        *(home, scratch / "lake", result["run_id"]),
        scratch=scratch,
        home=home,
        variables=variables,
    )["seconds"]
    named = {BEFORE: steps.pop("started") - measured.started, **steps}
    return result, measured, {**named, REST: measured.seconds - sum(named.values())}


def figures_shown(job: str, transactions: int, measured: Measured) -> Figures:
    """The figures of the page; prints them."""
    print(f"{transactions:>12,}  {job:24} {measured.seconds:8.1f} s {measured.peak_gib:6.2f} GiB", flush=True)
    return figures_of(measured)


def measure_beside_script(transactions: int, folder: Path) -> dict[str, Any]:
    """Both jobs in rounds. Raises MeasureError if their results differ."""
    source = bank_files(transactions, folder, "--clean")
    rounds: dict[str, list[Figures]] = {OURS: [], BARE: []}
    steps: list[dict[str, float]] = []
    differences: dict[str, dict[str, int]] = {}
    rows = json.loads((source / "truth.json").read_text())["rows"]["transaction"]
    for _ in range(ROUNDS):
        scratch = empty_folder(folder / "round")
        theirs = empty_folder(scratch / "theirs")
        result, measured, seconds = run_banking(source, scratch)
        rounds[OURS].append(figures_shown(OURS, rows, measured))
        steps.append(seconds)
        bare = measure_process(python("bench/bare_polars_bank.py", source, theirs), scratch)
        rounds[BARE].append(figures_shown(BARE, rows, bare))
        differences = json_from("bench.compare_bank", scratch / "lake", result["run_id"], theirs, scratch=scratch)
        if any(numbers[kind] for numbers in differences.values() for kind in ("missing", "wrongly", "other")):
            raise MeasureError(f"The results differ, so there are no figures: {differences}")
        shutil.rmtree(scratch)
    return {
        "machine": this_machine(PACKAGES),
        "transactions": rows,
        "rounds": rounds,
        "steps": {name: median(run[name] for run in steps) for name in steps[0]},
        "months": differences["account_month"]["ours"],
        "cohorts": differences["loan_cohort"]["ours"],
    }


def measure_huge_bank(transactions: int, folder: Path) -> dict[str, Any]:
    """Our job at a large size with every defect, once. Raises MeasureError if it counts other rows than the truth."""
    source = bank_files(transactions, folder)
    truth = json.loads((source / "truth.json").read_text())
    scratch = empty_folder(folder / "round")
    result, measured, steps = run_banking(source, scratch)
    figures = figures_shown(OURS, truth["rows"]["transaction"], measured)
    counted = {name: counts["quarantined"] for name, counts in result["counts"]["sources"].items()}
    expected = {name: truth["quarantined"].get(name, {}) for name in counted}
    if counted != expected:
        raise MeasureError(f"Quarantined are {counted}, not {expected}.")
    sums = _sums_by_currency(scratch)
    if sums != {name: {way: Decimal(total) for way, total in ways.items()} for name, ways in truth["flows"].items()}:
        raise MeasureError(f"The months of accounts sum up to {sums}, not {truth['flows']}.")
    shutil.rmtree(scratch)
    return {
        "machine": this_machine(PACKAGES),
        "transactions": truth["rows"]["transaction"],
        "steps": steps,
        **figures,
    }


def _sums_by_currency(scratch: Path) -> dict[str, dict[str, Decimal]]:
    sql = "SELECT currency, SUM(inflow) AS inflow, SUM(outflow) AS outflow FROM gold.account_month GROUP BY currency"
    query = command("refi", "banking", "query", sql, "--json")
    printed = measure_process(query, scratch, variables={"REFI_LAKE_URL": str(scratch / "lake")}).stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    return {row["currency"]: {way: Decimal(row[way]) for way in ("inflow", "outflow")} for row in rows}


# --- The page ---------------------------------------------------------------------------------------------------------


def render_banking(measured: dict[str, Any], out_of_core: dict[str, Any]) -> str:
    """The page, from what the measurements returned; `out_of_core` may be empty."""
    parts = {
        **{name: measured[name] for name in ("machine", "transactions", "months", "cohorts")},
        "jobs": _jobs_table(measured["rounds"]),
        "steps": longest_steps_table(measured["steps"]),
        "out_of_core": _out_of_core(out_of_core),
    }
    return TEMPLATE.read_text(encoding="utf-8").format_map(parts)


def _jobs_table(rounds: dict[str, list[Figures]]) -> str:
    def middle(job: str, name: str) -> float:
        return median(figures[name] for figures in rounds[job])

    rows = [
        (
            job,
            f"{middle(job, 'seconds'):.1f}",
            " ".join(f"{figures['seconds']:.1f}" for figures in runs),
            f"{middle(job, 'seconds') / middle(BARE, 'seconds'):.2f}",
            f"{middle(job, 'cpu_seconds'):.1f}",
            f"{max(figures['peak_gib'] for figures in runs):.2f}",
        )
        for job, runs in rounds.items()
    ]
    return table(("job", "median, s", "rounds, s", "times bare Polars", "processor, s", "peak, GiB"), rows)


def _out_of_core(kept: dict[str, Any]) -> str:
    if not kept:
        return "Not measured yet: `make bench-all`."
    verdict = "reached" if kept["peak_gib"] < GOAL_GIB else "**not reached**"
    return (
        f"Measured on {kept['machine']}, in a session of its own: {kept['transactions']:,} transactions with a share "
        f"of every defect. What does not fit into DuckDB's memory is on disk.\n\n"
        f"They take {kept['seconds']:.0f} s, {kept['seconds'] / kept['transactions'] * 1e6:.1f} µs each, and "
        f"{kept['peak_gib']:.2f} GiB at the peak; below {GOAL_GIB} GiB: {verdict}. Rows in quarantine and sums of "
        f"money by currency are those of the bank's truth.\n\n{longest_steps_table(kept['steps'])}"
    )


def main() -> None:
    """Measure, then write the page: in docs/ if the size is the usual one, else in `--dir`."""
    parser = argparse.ArgumentParser(prog="python -m bench.banking", description=main.__doc__)
    parser.add_argument("beside", nargs="?", type=int, default=TRANSACTIONS, help="transactions, beside the script")
    parser.add_argument(
        "--dir", type=Path, default=PROJECT_DIR / "build" / "bench-banking", help="folder for all files"
    )
    parser.add_argument("--all", action="store_true", help="first out of core")
    parser.add_argument("--transactions", type=int, default=HUGE, help="transactions out of core")
    arguments = parser.parse_args()
    use_two_cores()
    folder = arguments.dir.resolve()
    is_full = (arguments.beside, arguments.transactions) == (TRANSACTIONS, HUGE)
    page, kept = (PAGE, OUT_OF_CORE) if is_full else (folder / PAGE.name, folder / OUT_OF_CORE.name)
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.all:
        huge = measure_huge_bank(arguments.transactions, folder)
        kept.write_text(json.dumps(huge, indent=2) + "\n", encoding="utf-8")
    measured = measure_beside_script(arguments.beside, folder)
    out_of_core = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    page.write_text(render_banking(measured, out_of_core), encoding="utf-8")
    print(f"Written: {page}")


if __name__ == "__main__":
    try:
        main()
    except MeasureError as error:
        sys.exit(f"bench: {error}")
