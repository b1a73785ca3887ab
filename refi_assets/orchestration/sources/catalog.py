"""Assets catalog/<source>: the table <source>_csv, its contract beside what a crawler would have inferred.

Its checks ask whether the schema of the source has changed since its last snapshot.
"""

from typing import Any

import dagster as dg

from refi_assets.engines.base import Engine
from refi_assets.ingestion.details import CatalogDetails, SnapshotDetails
from refi_assets.ingestion.raw_zone import load_dates_of
from refi_assets.ingestion.snapshots import ScannedSnapshot, require_columns
from refi_assets.lake import ObjectStore
from refi_assets.orchestration.asset_checks import Check, CheckedStep, checks_of
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.orchestration.steps import asset_step, records_table
from refi_assets.specs.checks import no_column_lost, no_column_new, types_unchanged
from refi_assets.specs.contracts import Contract


def catalog_asset(domain: Domain, contract: Contract) -> dg.AssetsDefinition:
    """The asset of one source."""
    source = contract.source

    @dg.asset(
        key=["catalog", source],
        group_name="catalog",
        kinds={"table"},
        owners=[f"team:{contract.owner}"],
        description=f"Table {source}_csv, registered from its contract and compared with the files.",
        deps=[["raw", source]],
        partitions_def=partitions(domain.cadence),
        code_version=contract.sha256,
    )
    def catalog(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake) as step:
            raw = step.input(f"raw/{source}")
            scanned = raw.details_as(SnapshotDetails)
            snapshot, before = scanned.snapshot, scanned.previous
            require_columns(contract, snapshot.files)
            details = CatalogDetails(
                table=f"{source}_csv", inferred=snapshot.inferred, inferred_before=before and before.inferred
            )
            # In crawler mode, what was inferred is what the crawler found.
            registered = _registered(engine.open(step.lake), step.lake, contract, snapshot)
            details = details.model_copy(update=registered)
            relation = step.save(
                step.draft(
                    f"catalog/{source}",
                    made_from={raw.key: raw},
                    kind="files",
                    columns=contract.file_types,
                    rows=snapshot.rows,
                    fingerprint=step.fingerprint(
                        f"catalog/{source}", __name__, {raw.key: raw}, contract=contract.sha256, registered=registered
                    ),
                    details=details,
                )
            )
        return step.materialized(
            relation,
            {
                "table": ".".join(name for name in (details.database, details.table) if name),
                "location": f"raw/{source}/load_date={snapshot.load_date}/",
                "ignored_columns": ", ".join(sorted(snapshot.columns - relation.columns.keys())) or "none",
                "schemas": records_table(_side_by_side(contract, details.inferred)),
            },
            contract.descriptions,
        )

    return catalog


def _registered(engine: Engine, lake: ObjectStore, contract: Contract, snapshot: ScannedSnapshot) -> dict[str, Any]:
    """What the engine's catalog says of the files, if it has one. Such tables hold CSV, in the first file's order."""
    files = [file for file in snapshot.files if not file.is_parquet]
    if not files:
        return {}
    columns = [name or f"column_{number}" for number, name in enumerate(files[0].columns, start=1)]
    first_day = load_dates_of(lake, contract.source)[0]
    return engine.register_files(
        f"{contract.source}_csv", columns, f"raw/{contract.source}", first_day, contract.descriptions
    )


def _side_by_side(contract: Contract, inferred: dict[str, str]) -> list[dict[str, object]]:
    in_contract = contract.file_types
    names = [*in_contract, *sorted(inferred.keys() - in_contract.keys())]
    return [
        {"column": name, "contract": in_contract.get(name, "-"), "inferred": inferred.get(name, "-")} for name in names
    ]


def catalog_checks(domain: Domain, contract: Contract) -> dg.AssetChecksDefinition:
    """The checks of one source."""
    return checks_of(
        domain,
        f"catalog/{contract.source}",
        [
            Check(
                "no_column_lost",
                "No column of the contract that the last snapshot had is missing.",
                lambda step: no_column_lost(contract, _inferred(step), _inferred_before(step)),
            ),
            Check(
                "no_column_new",
                "No column came that neither the contract nor the last snapshot has. It is ignored.",
                lambda step: no_column_new(contract, _inferred(step), _inferred_before(step)),
                may_block=False,
            ),
            Check(
                "inferred_types_unchanged",
                "A crawler would infer the same types as from the last snapshot.",
                lambda step: types_unchanged(_inferred(step), _inferred_before(step)),
                may_block=False,
            ),
        ],
    )


def _inferred(step: CheckedStep) -> dict[str, str]:
    return step.relation.details_as(CatalogDetails).inferred


def _inferred_before(step: CheckedStep) -> dict[str, str] | None:
    return step.relation.details_as(CatalogDetails).inferred_before
