"""Assets raw/<source>: the files of the snapshot, hashed and counted. Nothing is interpreted here."""

from datetime import timedelta
from typing import Any

import dagster as dg

from refi_assets.ingestion.snapshots import scan_source
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.orchestration.steps import AS_OF_DAYS, asset_step, records_table
from refi_assets.settings import settings
from refi_assets.specs.contracts import Contract, load_contracts


def raw_asset(contract: Contract) -> dg.AssetsDefinition:
    """The asset of one source."""

    @dg.asset(
        key=["raw", contract.source],
        group_name="raw",
        kinds={"csv", "file"},
        owners=[f"team:{contract.owner}"],
        description=f"{contract.description}\n\nThe files of the newest load date on or before the as-of day.",
        partitions_def=AS_OF_DAYS,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=contract.due_every_days)),
        code_version="1",
    )
    def raw(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake) as step:
            store = step.lake
            snapshot, previous = scan_source(
                store, engine.duckdb(store), contract, step.as_of, step.folder, settings().max_file_gb
            )
            relation = step.save(
                step.draft(
                    f"raw/{contract.source}",
                    kind="files",
                    rows=snapshot.rows,
                    details={
                        "snapshot": snapshot.model_dump(mode="json"),
                        "previous": previous and previous.model_dump(mode="json"),
                    },
                )
            )
        return step.materialized(
            relation,
            {
                "load_date": snapshot.load_date.isoformat(),
                "files": records_table(
                    [{"key": f.key, "bytes": f.size, "rows": f.rows, "sha256": f.sha256} for f in snapshot.files]
                ),
            },
        )

    return raw


@dg.definitions
def raw_assets() -> dg.Definitions:
    """One asset a contract."""
    return dg.Definitions(assets=[raw_asset(contract) for contract in load_contracts().values()])
