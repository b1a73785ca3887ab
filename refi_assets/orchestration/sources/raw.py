"""Assets raw/<source>: the files of the snapshot, hashed and counted. Checks: is it recent and large enough?

Of the files' contents, only the header is examined here.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

import dagster as dg

from refi_assets.ingestion.details import SnapshotDetails
from refi_assets.ingestion.raw_zone import others_of
from refi_assets.ingestion.settings import IngestionSettings
from refi_assets.ingestion.snapshots import scan_source
from refi_assets.lake import ObjectStore
from refi_assets.orchestration.asset_checks import Check, CheckedStep, checks_of
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.orchestration.scans import Scanned, ScansResource
from refi_assets.orchestration.steps import Step, asset_of_step, asset_step, records_table
from refi_assets.publishing.baseline import baseline_of
from refi_assets.publishing.publication import Publication
from refi_assets.settings import settings_of
from refi_assets.specs.contracts import Contract, contracts_of
from refi_assets.specs.outcomes import Outcome, current, not_fallen, not_respelled, nothing_unread
from refi_assets.specs.policies import Fall

PutOwnRecord = Callable[[ObjectStore, date], None]  # with the as-of day


def raw_asset(domain: Domain, contract: Contract, own_records: Mapping[str, PutOwnRecord]) -> dg.AssetsDefinition:
    """The asset of one source. New rows of one in `own_records` are put into the raw zone before it is scanned."""
    key = f"raw/{contract.source}"

    @dg.asset(
        key=key.split("/"),
        group_name="raw",
        kinds={"csv", "file"},
        owners=[f"team:{contract.owner}"],
        description=f"{contract.description}\n\nThe files of the newest load date on or before the as-of day.",
        partitions_def=partitions(domain.cadence),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=contract.due_every_days)),
        op_tags={"dagster/priority": "-1"},  # the first starts all scans; other steps run meanwhile
        code_version="1",
    )
    def raw(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, scans: ScansResource
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake, domain.unchanged) as step:
            snapshot, previous = scans.take(contract.source, _scans(domain, context, step, engine, own_records))
            baseline = baseline_of(Publication(domain.name), step.lake, contract.source, snapshot.load_date)
            others = others_of(step.lake, contract.source)
            fingerprint = step.fingerprint(
                key,
                __name__,
                {},
                contract=contract.sha256,  # with the age limit
                snapshot=snapshot.names_and_hashes,
                previous=previous and previous.names_and_hashes,
                baseline=baseline and baseline.model_dump(mode="json"),
                passed_over=[*snapshot.copies, *others],
            )
            details = SnapshotDetails(snapshot=snapshot, previous=previous, baseline=baseline, others=tuple(others))
            draft = step.draft(key, kind="files", rows=snapshot.rows, fingerprint=fingerprint, details=details)
            relation = step.save(draft)
        return step.materialized(
            relation,
            {
                "load_date": snapshot.load_date.isoformat(),
                "compared_with": f"{baseline.load_date} (run {baseline.run_id})" if baseline else "nothing",
                "files": records_table(
                    [{"key": f.key, "bytes": f.size, "rows": f.rows, "sha256": f.sha256} for f in snapshot.files]
                ),
            },
        )

    return raw


def _scans(
    domain: Domain,
    context: dg.AssetExecutionContext,
    step: Step,
    engine: EngineResource,
    own_records: Mapping[str, PutOwnRecord],
) -> dict[str, Callable[[], Scanned]]:
    """Source -> its scan, for each source of the domain that is in the run."""

    def scan(contract: Contract) -> Scanned:
        if contract.source in own_records:
            own_records[contract.source](step.lake, step.as_of)
        return scan_source(
            step.lake,
            engine.duckdb(step.lake),
            contract,
            step.as_of,
            step.folder,
            settings_of(IngestionSettings).max_file_gb,
            use_memo=step.uses_memo,
            tasks=engine.open(step.lake).tasks,
        )

    return {
        contract.source: partial(scan, contract)
        for contract in contracts_of(domain.name).values()
        if _is_in_run(context, f"raw/{contract.source}")
    }


def _is_in_run(context: dg.AssetExecutionContext, key: str) -> bool:
    """Whether the run includes the step of an asset."""
    steps = context.run.step_keys_to_execute
    is_selected = dg.AssetKey(key.split("/")) in context.job_def.asset_layer.selected_asset_keys
    return is_selected and (steps is None or any(asset_of_step(step) == key for step in steps))


def raw_checks(domain: Domain, contract: Contract) -> dg.AssetChecksDefinition:
    """The checks of one source."""

    def source_is_current(step: CheckedStep) -> Outcome:
        return current(contract, step.relation.details_as(SnapshotDetails).snapshot.load_date, step.as_of)

    def rows_not_fallen(step: CheckedStep, limits: Fall) -> Outcome:
        baseline = step.relation.details_as(SnapshotDetails).baseline
        rows_before = baseline.rows if baseline else None
        return not_fallen(step.relation.rows, rows_before, limits)

    def nothing_passed_over(step: CheckedStep) -> Outcome:
        details = step.relation.details_as(SnapshotDetails)
        return nothing_unread(details.others, details.snapshot.copies)

    def names_as_in_contract(step: CheckedStep) -> Outcome:
        return not_respelled(step.relation.details_as(SnapshotDetails).snapshot.respelled)

    delivered = [
        Check(
            "source_is_current",
            "The load date is as recent as the contract requires.",
            source_is_current,
            False,
        ),
        Check(
            "rows_not_fallen",
            "The snapshot has about as many rows as the one published before.",
            rows_not_fallen,
            limits="checks.source_rows_change_pct",
        ),
    ]
    return checks_of(
        domain,
        f"raw/{contract.source}",
        [
            *([] if contract.is_own_record else delivered),
            Check(
                "nothing_passed_over",
                "Every file in the raw zone that seems to be the source's is read, except copies of its files.",
                nothing_passed_over,
                may_block=False,
            ),
            Check(
                "names_as_in_contract",
                "The files write the column names exactly as the contract does.",
                names_as_in_contract,
                may_block=False,
            ),
        ],
    )
