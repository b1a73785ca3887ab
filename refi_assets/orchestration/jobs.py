"""The job of a domain, and the job that cleans up after all of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from refi_assets.ingestion.settings import IngestionSettings
from refi_assets.lake.relations import Cadence
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.publishing.retention import clean_up, shown_run_ids
from refi_assets.publishing.settings import PublishingSettings
from refi_assets.settings import settings_of
from refi_assets.specs.contracts import contracts_of, quarantine_of

CLEAN_UP_JOB, MASK_JOB = "clean_up", "mask"  # after the jobs of domains

# Two runs of the same job and partition would repeat the same work; infra/dagster.yaml allows one at a time.
JOB_PARTITION_TAG = "refi/job_partition"
PROGRAM_TAG = "refi/program"  # one run of a program at a time


def source_keys(domain: str) -> list[str]:
    """Keys of the assets of a domain's sources."""
    sources = contracts_of(domain)
    keys = [f"{stage}/{source}" for source in sources for stage in ("raw", "catalog", "staging")]
    return [*keys, quarantine_of(domain)] if sources else []


def domain_job(domain: str, groups: tuple[str, ...], cadence: Cadence) -> UnresolvedAssetJobDefinition:
    """The job with the domain's name: its sources and these groups, with all checks."""
    sources = dg.AssetSelection.assets(*(key.split("/") for key in source_keys(domain)))
    return dg.define_asset_job(
        domain,
        selection=sources | dg.AssetSelection.groups(*groups),
        description=f"All of {domain} for one partition, from its source files to its publications.",
        tags={"refi/domain": domain},
        config=_by_partition(domain, cadence),
    )


def program_jobs(program: str, domain: Domain, export: str) -> list[UnresolvedAssetJobDefinition]:
    """The jobs of a program of a domain: all of it, and its asset `export` alone."""
    quarantine = dg.AssetSelection.assets(quarantine_of(domain.name).split("/"))
    parts = {
        program: (dg.AssetSelection.groups(program).upstream() | quarantine, "from its source files on"),
        f"{program}_{export}": (dg.AssetSelection.assets([program, export]), "its export alone"),
    }
    return [
        dg.define_asset_job(
            name,
            selection=selection,
            description=f"The program {program} for one partition, {part}.",
            tags={"refi/domain": domain.name, PROGRAM_TAG: program},
            config=_by_partition(name, domain.cadence),
        )
        for name, (selection, part) in parts.items()
    ]


def upstream_job(name: str, assets: Sequence[str], cadence: Cadence, description: str) -> UnresolvedAssetJobDefinition:
    """The job that makes assets and everything that they are made from."""
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*(key.split("/") for key in assets)).upstream(),
        description=description,
        config=_by_partition(name, cadence),
    )


def _by_partition(job: str, cadence: Cadence) -> Any:
    definition = partitions(cadence)
    return definition and dg.PartitionedConfig(
        definition,
        run_config_for_partition_key_fn=lambda _: {},
        tags_for_partition_key_fn=lambda key: {JOB_PARTITION_TAG: f"{job} {key}"},
    )


@dg.op(description="Delete old relations, and leftovers of runs that were cut short.")
def remove_unneeded(context: dg.OpExecutionContext, lake: LakeResource, engine: EngineResource) -> None:
    """Clean up the lake, then the engine's catalog."""
    store = lake.open()
    limits = settings_of(PublishingSettings)
    deleted = clean_up(store, limits.keep_runs, timedelta(days=limits.keep_unpublished_days))
    engine.open(store).keep_only(shown_run_ids(store))
    context.log.info(f"{deleted} objects deleted.")


@dg.job(name=CLEAN_UP_JOB, description="Delete old objects from the lake. `refi run` starts it after publishing.")
def clean_up_job() -> None:
    """One step."""
    remove_unneeded()


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="clean_up_after_runs",
    request_job=clean_up_job,
    minimum_interval_seconds=60,
    description="Requests a clean-up after each successful run. `refi run` cleans up on its own.",
    default_status=(
        dg.DefaultSensorStatus.RUNNING if settings_of(IngestionSettings).watch else dg.DefaultSensorStatus.STOPPED
    ),
)
def clean_up_after_runs(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    """One clean-up after each run, except after a clean-up."""
    if context.dagster_run.job_name in (CLEAN_UP_JOB, MASK_JOB):
        return dg.SkipReason("That run left nothing to clean up.")
    return dg.RunRequest(run_key=context.dagster_run.run_id)
