"""Assets staging/<source>, typed rows, and the quarantine of a domain, every other row and why.

Their checks ask whether every row is accounted for, and whether few enough are in quarantine, by the numbers that
staging counted while it read the files.
"""

from dataclasses import replace
from typing import Any

import dagster as dg
from sqlglot import exp

from refi_assets.engines.duckdb import parquet_key
from refi_assets.ingestion.details import Profile, SnapshotDetails, StagedDetails
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
from refi_assets.staging.profile_checks import ids_not_shared, is_compared, medians_plausible, profile_steady
from refi_assets.staging.stage import QUARANTINE_COLUMNS, stage_source


def staging_asset(domain: Domain, contract: Contract) -> dg.AssetsDefinition:
    """The asset of one source."""
    source = contract.source

    @dg.asset(
        key=["staging", source],
        group_name="staging",
        kinds={"duckdb", "parquet"},
        owners=[f"team:{contract.owner}"],
        description=f"{contract.description}\n\nTyped by the contract; rows that break it are in quarantine.",
        deps=[["catalog", source]],
        partitions_def=partitions(domain.cadence),
        code_version=contract.sha256,
    )
    def staged(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake) as step:
            store = step.lake
            catalog = step.input(f"catalog/{source}")
            raw = step.input(f"raw/{source}")
            snapshot = raw.details_as(SnapshotDetails).snapshot
            reads_deletes = engine.open(store).reads_deletes
            made_from = {catalog.key: catalog}
            fingerprint = step.fingerprint(
                f"staging/{source}", __name__, made_from, contract=contract.sha256, reads_deletes=reads_deletes
            )
            if (relation := step.recall(f"staging/{source}", fingerprint, made_from)) is not None:
                return _materialized(step, relation, contract)
            draft = step.draft(f"staging/{source}", made_from=made_from, kind="table", fingerprint=fingerprint)
            parquet = parquet_key(draft)
            quarantine = step.folder.key(draft.key, ".quarantine.parquet")
            deletes = step.folder.key(draft.key, ".deletes.parquet")
            additions = step.folder.key(draft.key, ".additions.parquet")
            try:
                with engine.duckdb(store).session() as session:
                    counted = stage_source(
                        session,
                        store,
                        contract,
                        list(snapshot.files),
                        plain_path=store.target(parquet) if reads_deletes else str(session.scratch / "plain.parquet"),
                        quarantine_path=store.target(quarantine),
                        deletes_path=store.target(deletes),
                        additions_path=store.target(additions),
                        accepted_path=None if reads_deletes else store.target(parquet),
                    )
            finally:  # whether that failed or not: a file that was replaced since the scan is the reason to give
                require_unchanged(store, [file.info for file in snapshot.files])
            relation = step.save(
                draft,
                columns=contract.sql_types,
                parquet=parquet,
                deletes=deletes if counted.deleted else None,
                additions=additions if counted.added else None,
                constants=counted.constants if reads_deletes else {},
                grain=counted.grain,
                rows=counted.accepted,
                counts={"source_rows": counted.rows, "quarantined": sum(counted.quarantined.values())},
                details=StagedDetails(
                    quarantine=quarantine,
                    quarantined=counted.quarantined,
                    nulled=counted.nulled,
                    emptied=counted.emptied,
                    invisible=counted.invisible,
                    profiles=counted.profiles,
                    file_medians=counted.file_medians,
                    shared=counted.shared,
                    keys=counted.keys,
                    quarantined_keys=tuple(counted.quarantined_keys),
                    causes=counted.causes,
                ),
            )
            step.remember(relation, engine.duckdb(store))
        return _materialized(step, relation, contract)

    return staged


def _materialized(step: Step, relation: Relation, contract: Contract) -> dg.MaterializeResult[Any]:
    details = relation.details_as(StagedDetails)
    return step.materialized(
        relation,
        {
            "quarantined_by_reason": details.quarantined,
            "cells_nulled": details.nulled,
            "cells_that_read_as_empty": details.emptied,
            **_shown(details.profiles),
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


def _shown(profiles: dict[str, Profile]) -> dict[str, Any]:
    """Profiles as metadata: a table, and numbers of their own, which the UI plots over time."""
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
    medians = {f"median: {name}": float(one.median) for name, one in profiles.items() if one.median is not None}
    nulls = {f"null_pct: {name}": float(share_pct(one.nulls, one.rows)) for name, one in profiles.items()}
    return {"profile": records_table(table), **medians, **nulls}


def quarantine_asset(domain: Domain, contracts: dict[str, Contract]) -> dg.AssetsDefinition:
    """The asset of the quarantined rows of all sources of a domain."""
    key = quarantine_of(domain.name)

    @dg.asset(
        key=key.split("/"),
        group_name="staging",
        kinds={"duckdb", "parquet"},
        owners=["team:data-platform"],
        description="Every row that broke its contract: source, file, record number, reason, and the row as it was.",
        deps=[["staging", source] for source in contracts],
        partitions_def=partitions(domain.cadence),
        code_version="1",
    )
    def quarantine(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake) as step:
            store = step.lake
            staged = {name: step.input(name) for name in (f"staging/{source}" for source in contracts)}
            fingerprint = step.fingerprint(key, __name__, staged)
            if (relation := step.recall(key, fingerprint, staged)) is not None:
                return step.materialized(relation)
            parts = [
                Relation(
                    key=f"part/{number}",
                    run_id=relation.run_id,
                    as_of=relation.as_of,
                    kind="table",
                    columns=QUARANTINE_COLUMNS,
                    parquet=relation.details_as(StagedDetails).quarantine,
                )
                for number, relation in enumerate(staged.values())
            ]
            selects = [exp.select(*QUARANTINE_COLUMNS).from_(table_of(part.key)) for part in parts]
            with engine.duckdb(store).session(parts) as session:
                rows = exp.union(*selects, distinct=False) if len(selects) > 1 else selects[0]
                draft = step.draft(key, made_from=staged, kind="table", fingerprint=fingerprint)
                made = session.create(draft, rows)
            relation = step.save(made)
            step.remember(relation, engine.duckdb(store))
        return step.materialized(relation)

    return quarantine


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
    """Quarantined rows of all rows."""
    details = step.relation.details_as(StagedDetails)
    return not_above(
        sum(details.quarantined.values()),
        step.relation.counts["source_rows"],
        limits,
        details.quarantined_keys,
        details.causes,
    )


def no_cell_nulled(step: CheckedStep) -> Outcome:
    """Bad cells in columns that are not required."""
    nulled = step.relation.details_as(StagedDetails).nulled
    outcome = none_of(sum(nulled.values()), blocks=False, unit="cells")
    return replace(outcome, description=", ".join(f"{name}: {cells}" for name, cells in nulled.items()) or None)


def nothing_invisible(step: CheckedStep) -> Outcome:
    """Characters that no eye sees, taken out of texts."""
    invisible = step.relation.details_as(StagedDetails).invisible
    outcome = none_of(sum(invisible.values()), blocks=False, unit="cells")
    return replace(outcome, description=", ".join(f"{name}: {cells}" for name, cells in invisible.items()) or None)


CHECKS = [
    Check("every_row_accounted_for", "Rows in the files = rows accepted + rows quarantined.", every_row_accounted_for),
    Check("keys_unique", "No two accepted rows have the same key.", keys_unique),
    Check(
        "quarantine_is_small",
        "Few rows of the source are in quarantine.",
        quarantine_is_small,
        limits="checks.quarantine_ratio_pct",
    ),
    Check("no_cell_nulled", "No bad cell of an optional column became null.", no_cell_nulled, may_block=False),
    Check("nothing_invisible", "No text had characters that no eye sees.", nothing_invisible, may_block=False),
]


def staging_checks(domain: Domain, contract: Contract) -> dg.AssetChecksDefinition:
    """The checks of one source; those of its numbers and ids if the contract says how they should be."""

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
        checks.append(Check("medians_plausible", "Medians are where the contract says that they must be.", medians))
    if any(is_compared(column) for column in contract.columns):
        looks_alike = "Numbers look as in the snapshot published before."
        checks.append(Check("profile_steady", looks_alike, steady, limits="checks.profile_change"))
    if any(column.shared_share for column in contract.columns):
        least = "checks.profile_change.least_rows"
        checks.append(Check("ids_not_shared", "Few rows share one id.", not_shared, limits=least))
    return relation_checks(domain, f"staging/{contract.source}", checks)


def quarantine_checks(domain: Domain, contracts: dict[str, Contract]) -> dg.AssetChecksDefinition:
    """The check of the quarantine as a whole."""

    def quarantine_is_whole(step: CheckedStep) -> Outcome:
        staged = [step.input(f"staging/{source}") for source in contracts]
        return equal(step.relation.rows, sum(one.counts["quarantined"] for one in staged), "rows quarantined by source")

    whole = Check("quarantine_is_whole", "It holds every row that a source lost.", quarantine_is_whole)
    return checks_of(domain, quarantine_of(domain.name), [whole])
