"""Assets staging/<source>, the typed rows, and a domain's quarantine, all other rows with their reasons.

The checks compare the counts that staging took while it read the files: every row is accounted for, and few rows are in
quarantine.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import dagster as dg
from sqlglot import exp

from refi_assets.engines.base import Engine, Tasks
from refi_assets.engines.duckdb import DuckDBEngine, parquet_key
from refi_assets.ingestion.details import Profile, SnapshotDetails, StagedCounts, StagedDetails
from refi_assets.ingestion.files import ScannedFile
from refi_assets.ingestion.snapshots import require_unchanged
from refi_assets.lake import Relation
from refi_assets.orchestration.asset_checks import Check, CheckedStep, checks_of, relation_checks
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.orchestration.steps import Step, asset_step, records_table
from refi_assets.specs.contracts import Contract, quarantine_of
from refi_assets.specs.names import table_of
from refi_assets.specs.outcomes import Outcome, equal, none_of, not_above, share_pct
from refi_assets.specs.policies import Above, ProfileLimits
from refi_assets.staging.counts import Staged
from refi_assets.staging.profile_checks import ids_not_shared, is_compared, medians_plausible, profile_steady
from refi_assets.staging.quarantine import QUARANTINE_COLUMNS
from refi_assets.staging.spread import stage_spread
from refi_assets.staging.stage import stage_source


def staging_asset(domain: Domain, contract: Contract) -> dg.AssetsDefinition:
    """The asset of one source."""
    source = contract.source
    key = f"staging/{source}"

    @dg.asset(
        key=key.split("/"),
        group_name="staging",
        kinds={"duckdb", "parquet"},
        owners=[f"team:{contract.owner}"],
        description=f"{contract.description}\n\nTyped by the contract; rows that break it are in quarantine.",
        deps=[["catalog", source]],
        partitions_def=partitions(domain.cadence),
        code_version=contract.sha256,
    )
    def staging(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake, domain.unchanged) as step:
            catalog = step.input(f"catalog/{source}")
            models = engine.open(step.lake)
            made_from = {catalog.key: catalog}
            fingerprint = step.fingerprint(
                key, __name__, made_from, contract=contract.sha256, reads_deletes=models.reads_deletes
            )
            relation = step.recall(key, fingerprint, made_from)
            if relation is None:
                draft = step.draft(key, made_from=made_from, kind="table", fingerprint=fingerprint)
                duckdb = engine.duckdb(step.lake)
                relation = _stage(step, duckdb, models, draft, contract)
                step.remember(relation, duckdb)
        return _materialized(step, relation, contract)

    return staging


def _stage(step: Step, duckdb: DuckDBEngine, models: Engine, draft: Relation, contract: Contract) -> Relation:
    """Stage the files of the snapshot, for the engine of the models, and save the relation."""
    files = step.input(f"raw/{contract.source}").details_as(SnapshotDetails).snapshot.files
    quarantine = step.folder.key(draft.key, ".quarantine.parquet")
    try:
        if models.tasks is not None:
            counts, rows = _stage_spread(step, duckdb, models.tasks, draft, contract, files, quarantine)
        else:
            counts, rows = _stage_here(step, duckdb, models, draft, contract, files, quarantine)
    finally:  # even after an error: if a file was replaced since the scan, that is the reason to report
        require_unchanged(step.lake, [file.info for file in files])
    return step.save(
        draft,
        columns=contract.sql_types,
        grain=counts.grain,
        rows=counts.accepted,
        counts={"source_rows": counts.rows, "quarantined": sum(counts.quarantined.values())},
        details=StagedDetails(
            quarantine=quarantine, **{name: getattr(counts, name) for name in StagedCounts.model_fields}
        ),
        **rows,
    )


def _stage_here(
    step: Step,
    duckdb: DuckDBEngine,
    models: Engine,
    draft: Relation,
    contract: Contract,
    files: tuple[ScannedFile, ...],
    quarantine: str,
) -> tuple[Staged, dict[str, Any]]:
    """The counts, and where the relation's rows are: if the models' engine cannot combine several files, in one."""
    store, parquet = step.lake, parquet_key(draft)
    deletes = step.folder.key(draft.key, ".deletes.parquet")
    additions = step.folder.key(draft.key, ".additions.parquet")
    with duckdb.session() as session:
        counts = stage_source(
            session,
            store,
            contract,
            files,
            plain_path=store.target(parquet) if models.reads_deletes else str(session.scratch / "plain.parquet"),
            quarantine_path=store.target(quarantine),
            deletes_path=store.target(deletes),
            additions_path=store.target(additions),
            accepted_path=None if models.reads_deletes else store.target(parquet),
        )
    return counts, {
        "parquet": parquet,
        "deletes": deletes if counts.deleted else None,
        "additions": additions if counts.added else None,
        "constants": counts.constants if models.reads_deletes else {},
    }


def _stage_spread(
    step: Step,
    duckdb: DuckDBEngine,
    tasks: Tasks,
    draft: Relation,
    contract: Contract,
    files: tuple[ScannedFile, ...],
    quarantine: str,
) -> tuple[Staged, dict[str, Any]]:
    """The same by tasks of the engine, which write one file for each file of the source."""
    accepted_folder = parquet_key(draft).rpartition("/")[0]
    counts = stage_spread(
        tasks,
        duckdb,
        contract,
        files,
        folder=step.folder.key(draft.key, ".parts"),
        accepted_folder=accepted_folder,
        quarantine_path=step.lake.target(quarantine),
    )
    return counts, {"parquet": f"{accepted_folder}/"}


def _materialized(step: Step, relation: Relation, contract: Contract) -> dg.MaterializeResult[Any]:
    details = relation.details_as(StagedDetails)
    return step.materialized(
        relation,
        {
            "quarantined_by_reason": details.quarantined,
            "cells_nulled": details.nulled,
            "cells_that_read_as_empty": details.emptied,
            **_profile_metadata(details.profiles),
        },
        contract.descriptions,
        {
            **{name: [(f"catalog/{contract.source}", name)] for name in contract.file_types},
            **{
                column.state_column: [(f"catalog/{contract.source}", column.name)]
                for column in contract.columns_with_states
            },
        },
    )


def _profile_metadata(profiles: dict[str, Profile]) -> dict[str, Any]:
    """A table of the profiles, and single numbers, which the UI plots over time."""
    if not profiles:
        return {}
    table = [
        {
            "column": name,
            "median": profile.median,
            "quartile_1": profile.quartile_1,
            "quartile_3": profile.quartile_3,
            "null_pct": share_pct(profile.nulls, profile.rows),
            "zero_pct": share_pct(profile.zeros, profile.numbers),
            "whole_pct": share_pct(profile.whole, profile.numbers),
        }
        for name, profile in profiles.items()
    ]
    medians = {f"median: {name}": float(p.median) for name, p in profiles.items() if p.median is not None}
    nulls = {f"null_pct: {name}": float(share_pct(p.nulls, p.rows)) for name, p in profiles.items()}
    return {"profile": records_table(table), **medians, **nulls}


def quarantine_asset(domain: Domain, contracts: dict[str, Contract]) -> dg.AssetsDefinition:
    """The asset of the quarantined rows of all sources of a domain."""
    key = quarantine_of(domain.name)

    @dg.asset(
        key=key.split("/"),
        group_name="staging",
        kinds={"duckdb", "parquet"},
        owners=["team:data-platform"],
        description="Every row that broke its contract: source, file, record number, reason, and the original row.",
        deps=[["staging", source] for source in contracts],
        partitions_def=partitions(domain.cadence),
        code_version="1",
    )
    def quarantine(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake, domain.unchanged) as step:
            staged = {name: step.input(name) for name in (f"staging/{source}" for source in contracts)}
            fingerprint = step.fingerprint(key, __name__, staged)
            relation = step.recall(key, fingerprint, staged)
            if relation is None:
                draft = step.draft(key, made_from=staged, kind="table", fingerprint=fingerprint)
                duckdb = engine.duckdb(step.lake)
                relation = step.save(_union_of_quarantines(duckdb, draft, staged.values()))
                step.remember(relation, duckdb)
        return step.materialized(relation)

    return quarantine


def _union_of_quarantines(duckdb: DuckDBEngine, draft: Relation, staged: Iterable[Relation]) -> Relation:
    parts = [
        Relation(
            key=f"part/{number}",
            run_id=relation.run_id,
            as_of=relation.as_of,
            kind="table",
            columns=QUARANTINE_COLUMNS,
            parquet=relation.details_as(StagedDetails).quarantine,
        )
        for number, relation in enumerate(staged)
    ]
    selects = [exp.select(*QUARANTINE_COLUMNS).from_(table_of(part.key)) for part in parts]
    with duckdb.session(parts) as session:
        return session.create(draft, exp.union(*selects, distinct=False) if len(selects) > 1 else selects[0])


def every_row_accounted_for(step: CheckedStep) -> Outcome:
    """Rows in the files = accepted + quarantined."""
    return equal(
        step.relation.rows + sum(step.relation.details_as(StagedDetails).quarantined.values()),
        step.relation.counts["source_rows"],
        "rows in the files",
    )


def keys_unique(step: CheckedStep) -> Outcome:
    """Accepted rows have distinct keys."""
    keys = step.relation.details_as(StagedDetails).keys
    return none_of(step.relation.rows - keys, unit="rows with a key that another row has")


def quarantine_is_small(step: CheckedStep, limits: Above) -> Outcome:
    """The share of quarantined rows."""
    details = step.relation.details_as(StagedDetails)
    return not_above(
        sum(details.quarantined.values()),
        step.relation.counts["source_rows"],
        limits,
        details.quarantined_keys,
        details.causes,
    )


def no_cell_nulled(step: CheckedStep) -> Outcome:
    """Invalid cells in columns that are not required."""
    return _no_cells(step.relation.details_as(StagedDetails).nulled)


def nothing_invisible(step: CheckedStep) -> Outcome:
    """Cells from which invisible characters were removed."""
    return _no_cells(step.relation.details_as(StagedDetails).invisible)


def _no_cells(cells: dict[str, int]) -> Outcome:
    outcome = none_of(sum(cells.values()), blocks=False, unit="cells")
    return replace(outcome, description=", ".join(f"{name}: {count}" for name, count in cells.items()) or None)


CHECKS = [
    Check("every_row_accounted_for", "Rows in the files = rows accepted + rows quarantined.", every_row_accounted_for),
    Check("keys_unique", "No two accepted rows have the same key.", keys_unique),
    Check(
        "quarantine_is_small",
        "Few rows of the source are in quarantine.",
        quarantine_is_small,
        limits="checks.quarantine_ratio_pct",
    ),
    Check("no_cell_nulled", "No invalid cell of an optional column became null.", no_cell_nulled, may_block=False),
    Check("nothing_invisible", "No text contained invisible characters.", nothing_invisible, may_block=False),
]


def staging_checks(domain: Domain, contract: Contract) -> dg.AssetChecksDefinition:
    """The checks of one source, including those of numbers and ids for which the contract sets limits."""

    def medians(step: CheckedStep) -> Outcome:
        details = step.relation.details_as(StagedDetails)
        return medians_plausible(contract, details.profiles, details.file_medians)

    def steady(step: CheckedStep, limits: ProfileLimits) -> Outcome:
        profiles = step.relation.details_as(StagedDetails).profiles
        baseline = step.input(f"raw/{contract.source}").details_as(SnapshotDetails).baseline
        return profile_steady(contract, profiles, baseline, limits)

    def not_shared(step: CheckedStep, least_rows: int) -> Outcome:
        shared = step.relation.details_as(StagedDetails).shared
        return ids_not_shared(contract, shared, least_rows)

    checks = list(CHECKS)
    if any(column.plausible_median for column in contract.columns):
        checks.append(Check("medians_plausible", "Medians are within the limits of the contract.", medians))
    if any(is_compared(column) for column in contract.columns):
        looks_alike = "Numbers look like those of the snapshot published before."
        checks.append(Check("profile_steady", looks_alike, steady, limits="checks.profile_change"))
    if any(column.shared_share for column in contract.columns):
        least = "checks.profile_change.least_rows"
        checks.append(Check("ids_not_shared", "Few rows share one id.", not_shared, limits=least))
    return relation_checks(domain, f"staging/{contract.source}", checks)


def quarantine_checks(domain: Domain, contracts: dict[str, Contract]) -> dg.AssetChecksDefinition:
    """The check of the quarantine as a whole."""

    def quarantine_is_whole(step: CheckedStep) -> Outcome:
        staged = [step.input(f"staging/{source}") for source in contracts]
        expected = sum(relation.counts["quarantined"] for relation in staged)
        return equal(step.relation.rows, expected, "rows quarantined by source")

    whole = Check("quarantine_is_whole", "It has every row that a source did not accept.", quarantine_is_whole)
    return checks_of(domain, quarantine_of(domain.name), [whole])
