"""The seconds of a run's steps and its relations, as JSON: python -m bench.run_steps DAGSTER_HOME LAKE RUN_ID.

An asset's seconds are those of its record in the lake: its own work, without Dagster's. Checks have no record; theirs
are those of Dagster's steps. This is a process of its own, so that the harness need not import Dagster.
"""

import json
import sys
from pathlib import Path
from typing import Any

import dagster as dg

from refi_assets.lake import RunFolder, open_lake

NEW = "raw/borrower_engagement"  # the source that gets a new file


def seconds_by_step(home: Path, folder: RunFolder) -> dict[str, float]:
    """Seconds of each asset, and of the checks of each group, in the order of the run.

    Under "started": when Dagster's run began, in seconds since 1970.
    """
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_run_records(dg.RunsFilter(run_ids=[folder.run_id]))
        steps = sorted(instance.get_run_step_stats(folder.run_id), key=lambda step: step.start_time or 0)
    seconds = {"started": run.start_time or 0}
    groups = {relation.key.partition("/")[0] for relation in folder.relations()}
    for step in steps:
        if step.step_key.startswith("checks_of_"):
            group = next(group for group in groups if step.step_key.startswith(f"checks_of_{group}"))
            name = f"checks of {group}"
            seconds[name] = seconds.get(name, 0) + (step.end_time or 0) - (step.start_time or 0)
        else:
            name = step.step_key.replace("__", "/")
            seconds[name] = folder.load(name).seconds
    return seconds


def relations_made(folder: RunFolder) -> dict[str, list[str]]:
    """The relations of a run that have rows: those it computed (`made`), those of them that do not depend on NEW
    (`for_nothing`), and those of an earlier run (`used_again`).
    """
    relations = {relation.key: relation for relation in folder.relations()}
    dependent = {NEW}
    while more := {key for key, relation in relations.items() if dependent & relation.inputs.keys()} - dependent:
        dependent |= more
    with_rows = [relation for relation in relations.values() if relation.kind != "files" and relation.parquet]
    made = [relation.key for relation in with_rows if not relation.made_by]
    used_again = [relation.key for relation in with_rows if relation.made_by]
    return {"made": made, "for_nothing": sorted({*made} - dependent), "used_again": used_again}


def main(home: str, lake: str, run_id: str) -> dict[str, Any]:
    """The seconds and the relations."""
    folder = RunFolder(open_lake(lake), run_id)
    return {"seconds": seconds_by_step(Path(home), folder), "relations": relations_made(folder)}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
