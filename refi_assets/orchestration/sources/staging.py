"""Assets staging/<source>, typed rows, and staging/quarantine, every other row and why."""

from typing import Any

import dagster as dg
from sqlglot import exp

from refi_assets.engines.duckdb import parquet_key
from refi_assets.ingestion.snapshots import ScannedSnapshot, fingerprint, require_unchanged
from refi_assets.lake import ObjectStore, Relation, RunFolder
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.orchestration.steps import AS_OF_DAYS, Step, asset_step
from refi_assets.specs.contracts import Contract, load_contracts
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
        with asset_step(context, lake) as step:
            store = step.lake
            catalog = step.input(f"catalog/{source}")
            raw = step.input(f"raw/{source}")
            snapshot = ScannedSnapshot.model_validate(raw.details["snapshot"])
            reads_deletes = engine.open(store).reads_deletes
            form = "with deletes" if reads_deletes else "accepted rows"
            staged_before = f"staged/{fingerprint(form, contract.sha256, *snapshot.names_and_hashes)}.json"
            if (known := _find_staged(store, staged_before, source)) is not None:
                made_from = {catalog.key: catalog.run_id}
                fields = {"run_id": step.folder.run_id, "as_of": step.as_of, "inputs": made_from}
                return _materialized(step, step.save(known.model_copy(update=fields)), contract, reused=known.run_id)
            draft = step.draft(f"staging/{source}", made_from={catalog.key: catalog}, kind="table")
            parquet = parquet_key(draft)
            quarantine = step.folder.key(draft.key, ".quarantine.parquet")
            deletes = step.folder.key(draft.key, ".deletes.parquet") if reads_deletes else None
            try:
                with engine.duckdb(store).session() as session:
                    counted = stage_source(
                        session,
                        store,
                        contract,
                        list(snapshot.files),
                        judged_path=store.target(parquet) if deletes else str(session.scratch / "judged.parquet"),
                        quarantine_path=store.target(quarantine),
                        deletes_path=store.target(deletes) if deletes else None,
                        accepted_path=None if deletes else store.target(parquet),
                    )
            finally:  # whether that failed or not: a file that was replaced since the scan is the reason to give
                require_unchanged(store, [file.info for file in snapshot.files])
            relation = step.save(
                draft,
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
            store.put_json(staged_before, {"run_id": step.folder.run_id})
        return _materialized(step, relation, contract)

    return staged


def _find_staged(store: ObjectStore, pointer: str, source: str) -> Relation | None:
    """The relation of an earlier run that staged the same files by the same contract, if it is still there."""
    known = store.get_json(pointer)
    found = RunFolder(store, known["run_id"]).find(f"staging/{source}") if known is not None else None
    if found is None or found.parquet is None:
        return None
    keys = [found.parquet, found.details["quarantine"], *([found.deletes] if found.deletes else [])]
    return found if all(store.find(key) for key in keys) else None


def _materialized(
    step: Step, relation: Relation, contract: Contract, *, reused: str | None = None
) -> dg.MaterializeResult[Any]:
    return step.materialized(
        relation,
        {
            "quarantined_by_reason": relation.details["quarantined"],
            "cells_nulled": relation.details["nulled"],
            "staged_by_run": reused or relation.run_id,
        },
        contract.descriptions,
        {name: [(f"catalog/{contract.source}", name)] for name in relation.columns},
    )


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
        with asset_step(context, lake) as step:
            store = step.lake
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
            with engine.duckdb(store).session(parts) as session:
                made = session.create(
                    step.draft("staging/quarantine", made_from=staged, kind="table"),
                    exp.union(*selects, distinct=False),
                )
            relation = step.save(made)
        return step.materialized(relation)

    return quarantine


@dg.definitions
def staging_assets() -> dg.Definitions:
    """One asset a contract, and the quarantine."""
    contracts = load_contracts()
    return dg.Definitions(assets=[*map(staging_asset, contracts.values()), quarantine_asset(contracts)])
