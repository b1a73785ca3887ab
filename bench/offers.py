"""Loan offers, measured: `refi offers run` beside a bare Polars script that makes the same offers.

Writes docs/offer-performance.md. Part of `make bench`; alone: python -m bench.offers [CUSTOMERS] [--all]. With --all,
1 and 5 million customers are measured first; those figures are kept in offers_out_of_core.json until they are repeated.
"""

import argparse
import json
import shutil
import sys
from dataclasses import dataclass
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
from bench.page import longest_steps_table, table
from bench.portfolio import read_through
from bench.results import BEFORE, REST, this_machine

PAGE, TEMPLATE = PROJECT_DIR / "docs" / "offer-performance.md", Path(__file__).with_name("offers.md")
OUT_OF_CORE = Path(__file__).with_name("offers_out_of_core.json")
CUSTOMERS, LARGE, HUGE = 200_000, 1_000_000, 5_000_000
LEARNED_FROM = 2_000  # customers generated beside the decisions that the models learn from
AS_OF = "2026-03-02"
MODELS = ("loan_approval", "default_risk")
ROUNDS = 3
OURS, BARE = "refi offers run", "bare Polars"
PACKAGES = ("dagster", "duckdb", "polars", "numpy", "mlflow-skinny", "scikit-learn")
GOAL_S, GOAL_TIMES, GOAL_GIB, GOAL_GROWTH = 20, 6, 2, 1.2

Figures = dict[str, float]  # of one run: seconds, cpu_seconds, peak_gib


@dataclass(frozen=True)
class Lender:
    """The folder of the bench: generated customers, and a registry with two champions. Both are made once."""

    folder: Path
    as_of: str = AS_OF

    @property
    def registry(self) -> Path:
        """The folder of the registry."""
        return self.folder / "registry"

    @property
    def models(self) -> Path:
        """The files of the champions, a folder each, for the bare script."""
        return self.folder / "models"

    def variables(self, scratch: Path) -> dict[str, str]:
        """The settings of our commands, with lake and store in a scratch folder."""
        return {
            "REFI_LAKE_URL": str(scratch / "lake"),
            "REFI_STORE_DIR": str(scratch / "store"),
            "REFI_MLFLOW_URI": f"sqlite:///{self.registry / 'mlflow.db'}",
            "REFI_IDENTITY_ENGINE": "off",
        }

    def source(self, customers: int) -> Path:
        """The folder with the files of a number of customers."""
        source = self.folder / f"customers_{customers}"
        if not (source / "truth.json").is_file():
            print(f"Generating {customers:,} customers", flush=True)
            generate = command(
                "refi", "offers", "generate", "--customers", str(customers), "--as-of", self.as_of, source
            )
            measure_process(generate, self.folder)
        return source

    def train(self) -> None:
        """Register a champion of each model, unless there is one."""
        if self.models.is_dir():
            return
        print("Training the models", flush=True)
        scratch = empty_folder(self.folder / "training")
        empty_folder(self.registry)
        home, variables = dagster_home(scratch / "home"), self.variables(scratch)
        jobs: list[tuple[str | Path, ...]] = [
            ("offers", "ingest", "--source", self.source(LEARNED_FROM), "--as-of", self.as_of)
        ]
        jobs += [("model", "train", name, "--as-of", self.as_of, "--promote", "--who", "bench") for name in MODELS]
        for job in jobs:
            measure_process(command("refi", *job), scratch, home, variables=variables)
        copies = empty_folder(scratch / "models")
        for name in MODELS:
            (files,) = self.registry.glob(f"artifacts/{name}/*/artifacts/model")  # the only version
            shutil.copytree(files, copies / name)
        copies.rename(self.models)
        shutil.rmtree(scratch)


def figures_of(measured: Measured) -> Figures:
    """The figures that the page shows."""
    return {"seconds": measured.seconds, "cpu_seconds": measured.cpu_seconds, "peak_gib": measured.peak_gib}


def run_ours(lender: Lender, customers: int, scratch: Path) -> tuple[dict[str, Any], Measured, Path]:
    """Our job in a new lake: its result, its measurement, and its Dagster instance."""
    home, source = dagster_home(scratch / "home"), lender.source(customers)
    read_through(source)
    run = command("refi", "offers", "run", "--as-of", lender.as_of, "--source", source, "--json")
    measured = measure_process(run, scratch, home, variables=lender.variables(scratch))
    result = json.loads(measured.stdout.splitlines()[-1])
    print(f"{customers:>10,}  {OURS:16} {measured.seconds:8.1f} s {measured.peak_gib:6.2f} GiB", flush=True)
    return result, measured, home


def measure(lender: Lender, customers: int, folder: Path) -> dict[str, Any]:
    """Both jobs in rounds. Raises MeasureError if one makes other offers or verdicts than the other."""
    rounds: dict[str, list[Figures]] = {OURS: [], BARE: []}
    steps: list[dict[str, float]] = []
    differences: dict[str, dict[str, int]] = {}
    machine = this_machine(PACKAGES)
    for _ in range(ROUNDS):
        scratch = empty_folder(folder / "round")
        ours, theirs = empty_folder(scratch / "ours"), empty_folder(scratch / "theirs")
        result, measured, home = run_ours(lender, customers, scratch)
        rounds[OURS].append(figures_of(measured))
        script = python("bench/bare_polars_offers.py", lender.source(customers), lender.models, lender.as_of, theirs)
        bare = measure_process(script, scratch)
        rounds[BARE].append(figures_of(bare))
        print(f"{customers:>10,}  {BARE:16} {bare.seconds:8.1f} s {bare.peak_gib:6.2f} GiB", flush=True)
        variables = lender.variables(scratch)
        seconds = json_from(
            "bench.run_steps", home, scratch / "lake", result["run_id"], scratch=scratch, home=home, variables=variables
        )["seconds"]
        named = {BEFORE: seconds.pop("started") - measured.started, **seconds}
        steps.append({**named, REST: measured.seconds - sum(named.values())})
        export = (
            "export",
            "--run",
            result["run_id"],
            "--offers",
            ours / "offers.csv",
            "--judged",
            ours / "verdicts.csv",
        )
        measure_process(command("refi", "offers", *export), scratch, home, variables=variables)
        differences = json_from("bench.compare_offers", ours, theirs, scratch=scratch)
        if any(numbers[kind] for numbers in differences.values() for kind in ("missing", "wrongly", "other")):
            raise MeasureError(f"The results differ, so there are no figures: {differences}")
        shutil.rmtree(scratch)
    return {
        "machine": machine,
        "customers": customers,
        "rounds": rounds,
        "steps": {name: median(run[name] for run in steps) for name in steps[0]},
        "offers": differences["offers"]["ours"],
        "verdicts": differences["verdicts"]["ours"],
    }


def measure_out_of_core(lender: Lender, sizes: tuple[int, ...], folder: Path) -> dict[str, Any]:
    """Our job at large sizes, once each."""
    runs = {}
    for customers in sizes:
        scratch = empty_folder(folder / "round")
        result, measured, _ = run_ours(lender, customers, scratch)
        runs[str(customers)] = {**figures_of(measured), "offers": sum(result["counts"]["offers"].values())}
        shutil.rmtree(scratch)
    return {"machine": this_machine(PACKAGES), "runs": runs}


# --- The page ---------------------------------------------------------------------------------------------------------


def render(measured: dict[str, Any], out_of_core: dict[str, Any]) -> str:
    """The page, from what measure() and measure_out_of_core() returned; `out_of_core` may be empty."""
    parts = {
        **{name: measured[name] for name in ("machine", "customers", "offers", "verdicts")},
        "goals": table(("goal", "measured", ""), _goals(measured["rounds"])),
        "jobs": _jobs_table(measured["rounds"]),
        "steps": longest_steps_table(measured["steps"]),
        "out_of_core": _out_of_core(out_of_core),
    }
    return TEMPLATE.read_text(encoding="utf-8").format_map(parts)


def _middle(rounds: list[Figures], name: str) -> float:
    return median(figures[name] for figures in rounds)


def _verdict(is_reached: bool) -> str:
    return "reached" if is_reached else "**not reached**"


def _goals(rounds: dict[str, list[Figures]]) -> list[tuple[str, str, str]]:
    seconds = _middle(rounds[OURS], "seconds")
    times = seconds / _middle(rounds[BARE], "seconds")
    peak = max(figures["peak_gib"] for figures in rounds[OURS])
    return [
        (f"below {GOAL_S} s", f"{seconds:.1f} s", _verdict(seconds < GOAL_S)),
        (f"at most {GOAL_TIMES} times bare Polars", f"{times:.2f} times", _verdict(times <= GOAL_TIMES)),
        (f"below {GOAL_GIB} GiB at the peak", f"{peak:.2f} GiB", _verdict(peak < GOAL_GIB)),
    ]


def _jobs_table(rounds: dict[str, list[Figures]]) -> str:
    rows = []
    for job, runs in rounds.items():
        times, cpu_times = (_middle(runs, name) / _middle(rounds[BARE], name) for name in ("seconds", "cpu_seconds"))
        of_rounds = " ".join(f"{figures['seconds']:.1f}" for figures in runs)
        cpu, peak = _middle(runs, "cpu_seconds"), max(figures["peak_gib"] for figures in runs)
        rows.append(
            (
                job,
                f"{_middle(runs, 'seconds'):.1f}",
                of_rounds,
                f"{times:.2f}",
                f"{cpu:.1f}",
                f"{cpu_times:.2f}",
                f"{peak:.2f}",
            )
        )
    heads = ("job", "median, s", "rounds, s", "times bare Polars", "processor, s", "times bare Polars", "peak, GiB")
    return table(heads, rows)


def _out_of_core(kept: dict[str, Any]) -> str:
    if not kept:
        return "Not measured yet: `make bench-all`."
    runs = {int(customers): figures for customers, figures in kept["runs"].items()}
    rows = [
        (
            f"{customers:,}",
            f"{run['offers']:,}",
            f"{run['seconds']:.0f}",
            f"{run['seconds'] / customers * 1e6:.1f}",
            f"{run['cpu_seconds'] / customers * 1e6:.1f}",
            f"{run['peak_gib']:.2f}",
        )
        for customers, run in runs.items()
    ]
    fewest, most = min(runs), max(runs)
    growth = runs[most]["seconds"] / most / (runs[fewest]["seconds"] / fewest)
    return (
        f"Measured on {kept['machine']}, in a session of its own. DuckDB may use 2.5 GB of memory, its default; "
        "what does not fit is on disk. The rest of the process is Python, its libraries, and a batch of scores.\n\n"
        + table(("customers", "offers", "s", "µs a customer", "processor, µs a customer", "peak, GiB"), rows)
        + f"\n\n{most:,} customers take {growth:.2f} times as long per customer as {fewest:,}; at most {GOAL_GROWTH} "
        f"times counts as linear: {_verdict(growth <= GOAL_GROWTH)}."
    )


def main() -> None:
    """Measure, then write the page: in docs/ if the size is that of the goals, else in `--dir`."""
    parser = argparse.ArgumentParser(prog="python -m bench.offers", description=main.__doc__)
    parser.add_argument("customers", nargs="?", type=int, default=CUSTOMERS)
    parser.add_argument("--dir", type=Path, default=PROJECT_DIR / "build" / "bench-offers", help="folder for all files")
    parser.add_argument("--all", action="store_true", help="first 5 and 25 times as many customers, out of core")
    arguments = parser.parse_args()
    use_two_cores()
    folder, is_full = arguments.dir.resolve(), arguments.customers == CUSTOMERS
    page, kept = (PAGE, OUT_OF_CORE) if is_full else (folder / PAGE.name, folder / OUT_OF_CORE.name)
    folder.mkdir(parents=True, exist_ok=True)
    lender = Lender(folder)
    lender.train()
    if arguments.all:
        sizes = tuple(size * arguments.customers // CUSTOMERS for size in (LARGE, HUGE))
        kept.write_text(json.dumps(measure_out_of_core(lender, sizes, folder), indent=2) + "\n", encoding="utf-8")
    measured = measure(lender, arguments.customers, folder)
    (folder / "measured.json").write_text(json.dumps(measured, indent=1), encoding="utf-8")
    out_of_core = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    page.write_text(render(measured, out_of_core), encoding="utf-8")
    print(f"Written: {page}")


if __name__ == "__main__":
    try:
        main()
    except MeasureError as error:
        sys.exit(f"bench: {error}")
