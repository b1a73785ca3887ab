"""Short waits: the sample's whole run, and the commands that run nothing."""

import json
from pathlib import Path
from typing import Any

from bench.measure import PROJECT_DIR, command, dagster_home, empty_folder, measure_process, python
from bench.results import COMMANDS, DG_EMPTY, DG_LIST, EMPTY_GRAPH, FRESH, PLAIN_STORAGE, SAMPLE, Bench

SOURCE = PROJECT_DIR / "data" / "sample"
AS_OF = "2026-02-20"
EMPTY_PROJECT = {
    "pyproject.toml": '[tool.dg]\ndirectory_type = "project"\n\n[tool.dg.project]\nroot_module = "empty"\n',
    "empty/__init__.py": "",
    "empty/definitions.py": "import dagster as dg\n\ndefs = dg.Definitions()\n",
}


def measure_sample(bench: Bench, scratch: Path, rounds: int) -> tuple[Path, Path, str]:
    """The sample's whole run, the same on Dagster's own storage, and an empty graph of the same shape.

    Returns the Dagster instance, the lake and the id of the last run.
    """
    for _ in range(rounds):
        folder = empty_folder(scratch / "sample")
        home, shape = dagster_home(folder / "home"), folder / "shape.json"
        run = command("refi", "run", "--source", SOURCE, "--as-of", AS_OF, "--json", "--lake")
        whole = measure_process([*run, folder / "lake"], folder, home)
        bench.keep(SAMPLE, FRESH, whole)
        shape.write_text(json.dumps(shape_of_the_graph(folder)))
        empty = measure_process(python("bench/empty_graph.py", shape), folder, dagster_home(folder / "empty_home"))
        bench.keep(SAMPLE, EMPTY_GRAPH, empty)
        plain_home = dagster_home(folder / "plain_home", own_storage=False)
        bench.keep(SAMPLE, PLAIN_STORAGE, measure_process([*run, folder / "plain_lake"], folder, plain_home))
    return home, folder / "lake", json.loads(whole.stdout.splitlines()[-1])["run_id"]


def measure_commands(bench: Bench, home: Path, lake: Path, run_id: str, rounds: int) -> None:
    """Every command that runs nothing, on a lake with a run; and `dg list defs` of an empty project."""
    policy = PROJECT_DIR / "policies" / "refi" / "refi.yaml"
    calls = {
        "refi --help": command("refi", "--help"),
        "refi runs": command("refi", "runs", "--lake", lake),
        "refi explain": command("refi", "explain", "B1", "--lake", lake),
        "refi quarantine": command("refi", "quarantine", "--lake", lake),
        "refi query": command("refi", "query", "SELECT COUNT(*) AS n FROM refi_audience", "--lake", lake),
        "refi diff": command("refi", "diff", run_id, run_id, "--lake", lake),
        "refi diff-policy": command("refi", "diff-policy", policy, "--lake", lake),
        "refi ingest": command("refi", "ingest", "--source", SOURCE, "--as-of", AS_OF, "--lake", lake),
    }
    project = empty_folder(home.parent / "project")
    for name, content in EMPTY_PROJECT.items():
        path = project / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    for _ in range(rounds):
        bench.keep(COMMANDS, DG_LIST, measure_process(command("dg", "list", "defs"), home.parent, home))
        bench.keep(
            COMMANDS, DG_EMPTY, measure_process(command("dg", "list", "defs"), home.parent, home, folder=project)
        )
        for name, call in calls.items():
            bench.keep(COMMANDS, name, measure_process(call, home.parent, home))


def shape_of_the_graph(folder: Path) -> list[dict[str, Any]]:
    """Our graph in the form that empty_graph.py reads."""
    definitions = json.loads(measure_process(command("dg", "list", "defs", "--json"), folder).stdout)
    checks: dict[str, list[str]] = {}
    for check in definitions["asset_checks"]:
        checks.setdefault(check["asset_key"], []).append(check["name"])
    return [
        {"key": key, "deps": asset["dependency_keys"], "checks": checks.get(key, [])}
        for asset in definitions["assets"]
        for key in [asset["asset_key"]]
    ]
