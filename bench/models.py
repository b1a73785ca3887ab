"""Models, measured: `refi model evaluate` beside bare scikit-learn, and the score endpoint under load.

Writes docs/model-performance.md. Part of `make bench`; alone: python -m bench.models [ROWS].
"""

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.measure import (
    PROJECT_DIR,
    Measured,
    command,
    empty_folder,
    json_from,
    measure_process,
    python,
    use_two_cores,
)
from bench.page import table
from bench.results import this_machine

PAGE = PROJECT_DIR / "docs" / "model-performance.md"
TEMPLATE = Path(__file__).with_name("models.md")
SHARED = PROJECT_DIR.parent / "shared" / "data"
ROWS, NUMBERS, CATEGORIES = 100_000, 20, 5
OURS, BARE, SEARCHED = "refi model evaluate", "bare scikit-learn", "bare scikit-learn, searched and calibrated"
KINDS = ("logistic_regression", "random_forest", "gradient_boosting")
GOAL_S = 180


def main(rows: int) -> None:
    """Measure, then write the page."""
    use_two_cores()
    folder = empty_folder(PROJECT_DIR / "build" / "bench-models")
    data: dict[str, tuple[Path, str, list[str]]] = {
        f"{rows:,} rows x {NUMBERS + CATEGORIES} columns, made up": (write_rows(rows, folder / "rows.csv"), "bad", []),
    }
    known = {
        "HMEQ": (SHARED / "mortgage" / "hmeq.csv", "Default", []),
        "German credit, all columns": (SHARED / "credit" / "german_credit.csv", "creditability", ["--keep-protected"]),
    }
    data |= {name: item for name, item in known.items() if item[0].exists()}
    lines: list[Sequence[str]] = []
    for name, (file, label, options) in data.items():
        jobs: dict[str, tuple[Measured, dict[str, float]]] = {}
        ours = measure_process(command("refi", "model", "evaluate", file, "--label", label, "--json", *options), folder)
        models = json.loads(ours.stdout)["models"]
        jobs[OURS] = ours, {kind: models[kind]["roc_auc"] for kind in KINDS}
        bare = measure_process(python("bench/bare_sklearn.py", file, label), folder)
        jobs[BARE] = bare, json.loads(bare.stdout)
        if name in known:  # at the large size it takes hours
            searched = measure_process(python("bench/bare_sklearn.py", file, label, "searched"), folder)
            jobs[SEARCHED] = searched, json.loads(searched.stdout)
        for job, (measured, figures) in jobs.items():
            times, peak = f"{measured.seconds / ours.seconds:.2f}", f"{measured.peak_gib:.2f}"
            aucs = (f"{figures[kind]:.4f}" for kind in KINDS)
            lines.append((name, job, f"{measured.seconds:.1f}", times, peak, *aucs))
        print(*lines[-len(jobs) :], sep="\n", flush=True)
    heads = ("data", "job", "s", "times ours", "peak, GiB", *(f"ROC-AUC, {kind.replace('_', ' ')}" for kind in KINDS))
    seconds = float(lines[0][2])
    parts = {
        "machine": this_machine(("scikit-learn", "shap", "numpy", "pandas", "duckdb", "fastapi", "uvicorn")),
        "evaluations": table(heads, lines),
        "goal": f"{seconds:.0f} s: {'reached' if seconds < GOAL_S else '**missed**'}",
        "endpoint": endpoint_table(json_from("bench.score_endpoint", scratch=folder)["milliseconds"]),
    }
    PAGE.write_text(TEMPLATE.read_text(encoding="utf-8").format_map(parts), encoding="utf-8")
    print(f"Written: {PAGE}")


def write_rows(rows: int, file: Path) -> Path:
    """Made-up rows whose log-odds are known: a few columns matter, one only together with another, most do not."""
    draws = np.random.default_rng(1)
    numbers = draws.normal(size=(rows, NUMBERS))
    levels = draws.integers(0, 8, size=(rows, CATEGORIES))
    log_odds = numbers[:, 0] - 0.7 * numbers[:, 1] + 0.5 * numbers[:, 2] * (numbers[:, 3] > 0) - 2.5
    log_odds += 0.25 * numbers[:, 4] ** 2 + 0.8 * (levels[:, 0] < 2)
    bad = draws.random(rows) < 1 / (1 + np.exp(-log_odds))
    is_missing = draws.random(numbers.shape) < 0.05
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["bad", *(f"number_{n}" for n in range(NUMBERS)), *(f"level_{n}" for n in range(CATEGORIES))])
        for row in range(rows):
            cells = ["" if is_missing[row, n] else f"{numbers[row, n]:.4f}" for n in range(NUMBERS)]
            writer.writerow([int(bad[row]), *cells, *(f"level {level}" for level in levels[row])])
    return file


def endpoint_table(milliseconds: dict[str, dict[str, dict[str, float]]]) -> str:
    """Percentiles by kind of model, of the model alone and of whole requests."""
    rows = [
        (kind.replace("_", " "), part, *(f"{figures[name]:.2f}" for name in ("p50", "p99")))
        for kind, parts in milliseconds.items()
        for part, figures in parts.items()
    ]
    return table(("model", "measured", "P50, ms", "P99, ms"), rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
