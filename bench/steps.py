"""Where a run's time went, as JSON: python -m bench.steps DAGSTER_HOME LAKE RUN_ID.

An asset's seconds are those of its record in the lake: its own work, without Dagster's around it. Checks leave no
record; theirs are Dagster's steps from start to end. A process of its own, so that the harness need not import Dagster.
"""

import json
import sys
from pathlib import Path

import dagster as dg

from refi_assets.lake import RunFolder, open_lake


def seconds_by_step(home: Path, lake: Path, run_id: str) -> dict[str, float]:
    """Seconds of each asset, and of the checks of each group, in the order of the run.

    Under "started": when Dagster's run began, in seconds since 1970.
    """
    folder = RunFolder(open_lake(str(lake)), run_id)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))
        steps = sorted(instance.get_run_step_stats(run_id), key=lambda step: step.start_time or 0)
    found = {"started": run.start_time or 0}
    for step in steps:
        if step.step_key.startswith("checks_of_"):
            name = f"checks of {step.step_key.split('_')[2]}"
            found[name] = found.get(name, 0) + (step.end_time or 0) - (step.start_time or 0)
        else:
            name = step.step_key.replace("__", "/")
            found[name] = folder.load(name).seconds
    return found


if __name__ == "__main__":
    print(json.dumps(seconds_by_step(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
