"""Assets catalog/<source>: the table <source>_csv, with its contract beside the schema that a crawler would infer.

The checks find changes of the source's schema since its last snapshot.
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
from refi_assets.specs.contracts import Contract
from refi_assets.specs.outcomes import no_column_lost, no_column_new, types_unchanged


def catalog_asset(domain: Domain, contract: Contract) -> dg.AssetsDefinition:
    """The asset of one source."""
    source = contract.source
    key = f"catalog/{source}"

    @dg.asset(
        key=key.split("/"),
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
        with asset_step(context, lake, domain.unchanged) as step:
            raw = step.input(f"raw/{source}")
            made_from = {raw.key: raw}
            snapshot, previous = raw.details_as(SnapshotDetails).snapshot, raw.details_as(SnapshotDetails).previous
            require_columns(contract, snapshot.files)
            registered = _register(engine.open(step.lake), step.lake, contract, snapshot)
            details = CatalogDetails(
                table=f"{source}_csv", inferred=snapshot.inferred, inferred_before=previous and previous.inferred
            ).model_copy(update=registered)  # in crawler mode, the inferred schema is the crawler's
            draft = step.draft(
                key,
                made_from=made_from,
                kind="files",
                columns=contract.file_types,
                rows=snapshot.rows,
                fingerprint=step.fingerprint(key, __name__, made_from, contract=contract.sha256, registered=registered),
                details=details,
            )
            relation = step.save(draft)
        return step.materialized(
            relation,
            {
                "table": ".".join(name for name in (details.database, details.table) if name),
                "location": f"raw/{source}/load_date={snapshot.load_date}/",
                "file_format": f"text {contract.file_format.description}, or Parquet",
                "ignored_columns": ", ".join(sorted(snapshot.columns - relation.columns.keys())) or "none",
                "schemas": records_table(_side_by_side(contract, details.inferred)),
            },
            contract.descriptions,
        )

    return catalog


def _register(engine: Engine, lake: ObjectStore, contract: Contract, snapshot: ScannedSnapshot) -> dict[str, Any]:
    """Register the text files in the engine's catalog, if it has one, with the first file's columns.

    Returns the fields of CatalogDetails that the catalog decides.
    """
    files = [file for file in snapshot.files if not file.is_parquet]
    if not files:
        return {}
    columns = [name or f"column_{number}" for number, name in enumerate(files[0].columns, start=1)]
    first_day = load_dates_of(lake, contract.source)[0]
    return engine.register_files(
        f"{contract.source}_csv",
        columns,
        f"raw/{contract.source}",
        first_day,
        contract.descriptions,
        contract.file_format,
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
                "No column of the contract that was in the last snapshot is missing.",
                lambda step: no_column_lost(contract, *_inferred_schemas(step)),
            ),
            Check(
                "no_column_new",
                "No column is new, in neither the contract nor the last snapshot. New columns are ignored.",
                lambda step: no_column_new(contract, *_inferred_schemas(step)),
                may_block=False,
            ),
            Check(
                "inferred_types_unchanged",
                "A crawler would infer the same types as for the last snapshot.",
                lambda step: types_unchanged(*_inferred_schemas(step)),
                may_block=False,
            ),
        ],
    )


def _inferred_schemas(step: CheckedStep) -> tuple[dict[str, str], dict[str, str] | None]:
    """The schemas inferred from this snapshot and from the previous one, if any."""
    details = step.relation.details_as(CatalogDetails)
    return details.inferred, details.inferred_before
