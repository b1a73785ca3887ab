"""Assets staging/<source>, typed rows, and staging/quarantine, every other row and why."""

from typing import Any

import dagster as dg
from sqlglot import exp

from refi_assets.contracts import Contract, load_contracts
from refi_assets.defs.lineage import column_lineage
from refi_assets.defs.resources import EngineResource, LakeResource
from refi_assets.defs.steps import AS_OF_DAYS, Step, materialized, user_errors
from refi_assets.lake import Relation
from refi_assets.staging.snapshots import ScannedSnapshot
from refi_assets.staging.stage import QUARANTINE_COLUMNS, stage_source


def staging_asset(contract: Contract) -> dg.AssetsDefinition:
    """The asset of one source."""
    source = contract.source

    @dg.asset(
        key=["staging", source],
        group_name="staging",
        kinds={"duckdb", "parquet"},
        owners=[f"team:{contract.owner}"],
        description=f"{contract.description}\n\nTyped by the contract; rows that break it are in staging/quarantine.",
        deps=[["catalog", source]],
        partitions_def=AS_OF_DAYS,
        code_version=contract.sha256,
    )
    def staged(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
    ) -> dg.MaterializeResult[Any]:
        with user_errors():
            store = lake.open()
            step = Step(context, store)
            catalog = step.input(f"catalog/{source}")
            raw = step.input(f"raw/{source}")
            snapshot = ScannedSnapshot.model_validate(raw.details["snapshot"])
            parquet = step.folder.key(f"staging/{source}", ".parquet")
            quarantine = step.folder.key(f"staging/{source}", ".quarantine.parquet")
            deletes = step.folder.key(f"staging/{source}", ".deletes.parquet")
            with engine.open(store).session() as session:
                counted = stage_source(
                    session,
                    store,
                    contract,
                    list(snapshot.files),
                    judged_path=store.local_path(parquet),
                    deletes_path=store.local_path(deletes),
                    quarantine_path=store.local_path(quarantine),
                )
            relation = step.save(
                step.draft(
                    f"staging/{source}",
                    made_from={catalog.key: catalog},
                    kind="table",
                    columns=contract.sql_types,
                    parquet=parquet,
                    deletes=deletes,
                    rows=counted.accepted,
                    counts={"source_rows": counted.rows, "quarantined": sum(counted.quarantined.values())},
                    details={
                        "quarantine": quarantine,
                        "quarantined": counted.quarantined,
                        "nulled": counted.nulled,
                        "keys": counted.keys,
                        "quarantined_borrower_ids": counted.quarantined_borrower_ids,
                    },
                )
            )
        from_catalog = {column.name: [(["catalog", source], column.name)] for column in contract.columns}
        return materialized(
            relation,
            {
                "dagster/column_lineage": column_lineage(from_catalog),
                "quarantined_by_reason": counted.quarantined,
                "cells_nulled": counted.nulled,
            },
            contract.descriptions,
        )

    return staged


def quarantine_asset(contracts: dict[str, Contract]) -> dg.AssetsDefinition:
    """The asset of the quarantined rows of all sources."""

    @dg.asset(
        key=["staging", "quarantine"],
        group_name="staging",
        kinds={"duckdb", "parquet"},
        owners=["team:data-platform"],
        description="Every row that broke its contract: source, file, record number, reason, and the row as it was.",
        deps=[["staging", source] for source in contracts],
        partitions_def=AS_OF_DAYS,
        code_version="1",
    )
    def quarantine(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
    ) -> dg.MaterializeResult[Any]:
        with user_errors():
            store = lake.open()
            step = Step(context, store)
            staged = {key: step.input(key) for key in (f"staging/{source}" for source in contracts)}
            parts = [
                Relation(
                    key=f"part/{number}",
                    run_id=relation.run_id,
                    as_of=relation.as_of,
                    kind="table",
                    columns=QUARANTINE_COLUMNS,
                    parquet=relation.details["quarantine"],
                )
                for number, relation in enumerate(staged.values())
            ]
            selects = [exp.select(*QUARANTINE_COLUMNS).from_(exp.to_table(part.name, quoted=True)) for part in parts]
            parquet = step.folder.key("staging/quarantine", ".parquet")
            with engine.open(store).session(parts) as session:
                rows = session.write_parquet(exp.union(*selects, distinct=False), str(store.local_path(parquet)))
            relation = step.save(
                step.draft(
                    "staging/quarantine",
                    made_from=staged,
                    kind="table",
                    columns=QUARANTINE_COLUMNS,
                    parquet=parquet,
                    rows=rows,
                )
            )
        return materialized(relation)

    return quarantine


@dg.definitions
def staging_assets() -> dg.Definitions:
    """One asset a contract, and the quarantine."""
    contracts = load_contracts()
    return dg.Definitions(assets=[*map(staging_asset, contracts.values()), quarantine_asset(contracts)])
