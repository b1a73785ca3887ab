"""A graph of our graph's shape that does nothing: python bench/empty_graph.py SHAPE.json.

Its time is Dagster's share: imports, a job, the event log. SHAPE.json lists assets, each with its key, the keys it
depends on, and the names of its checks, which run in one step, as ours do. The only import of ours is the storage that
the project's dagster.yaml names.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

DAYS = dg.DailyPartitionsDefinition(start_date="2000-01-01", end_offset=1)


def empty_asset(key: str, deps: list[str]) -> dg.AssetsDefinition:
    """An asset that does nothing."""

    @dg.asset(key=key.split("/"), deps=[dep.split("/") for dep in deps], partitions_def=DAYS)
    def nothing() -> dg.MaterializeResult[Any]:
        return dg.MaterializeResult(metadata={"rows": 0})

    return nothing


def empty_checks(key: str, names: list[str]) -> dg.AssetChecksDefinition:
    """Checks that pass."""
    asset_key = dg.AssetKey(key.split("/"))
    specs = [dg.AssetCheckSpec(name, asset=asset_key, blocking=True, partitions_def=DAYS) for name in names]

    @dg.multi_asset_check(name=f"checks_of_{key.replace('/', '_')}", specs=specs)
    def hold() -> Iterator[dg.AssetCheckResult]:
        for name in names:
            yield dg.AssetCheckResult(passed=True, asset_key=asset_key, check_name=name, metadata={"number": 0})

    return hold


def main(shape: list[dict[str, Any]]) -> None:
    """Run the graph once, in this process."""
    job = dg.define_asset_job("empty", dg.AssetSelection.all(), executor_def=dg.in_process_executor)
    definitions = dg.Definitions(
        assets=[empty_asset(entry["key"], entry["deps"]) for entry in shape],
        asset_checks=[empty_checks(entry["key"], entry["checks"]) for entry in shape if entry["checks"]],
        jobs=[job],
    )
    with dg.DagsterInstance.get() as instance:
        definitions.resolve_job_def("empty").execute_in_process(
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            instance=instance,
            partition_key="2026-02-20",
        )


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
