"""Copies for analysts, in Dagster: the job that makes them after runs, and what it needs of lineage and engine.

The copies themselves belong to publishing/masked_copies.py.
"""

from collections.abc import Sequence

import dagster as dg

from refi_assets.engines import open_analysts_catalog
from refi_assets.ingestion.settings import IngestionSettings
from refi_assets.lake import ObjectStore, Relation
from refi_assets.lineage.graph import descriptions, lineage_graph
from refi_assets.lineage.personal_columns import personal_kinds, personal_kinds_sha256
from refi_assets.orchestration.jobs import CLEAN_UP_JOB, MASK_JOB
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.orchestration.steps import user_errors
from refi_assets.publishing.masked_copies import MaskedCopy, Masking, copies_by_folder, copy_for_analysts
from refi_assets.publishing.masking_key import MaskingKey, is_masking_key_set
from refi_assets.publishing.publication import publications
from refi_assets.settings import settings_of


def copy_publications(lake: ObjectStore, engine: EngineResource) -> list[MaskedCopy]:
    """Copy the latest run of each publication for analysts, unless that was done; returns the newest copies.

    An engine with a catalog shows the copies. Raises RefiError.
    """
    masking = Masking(
        MaskingKey.of_deployment(), lambda keys: personal_kinds(lineage_graph(keys)), personal_kinds_sha256()
    )
    catalog = open_analysts_catalog(engine.kind, lake)

    def show(relations: Sequence[Relation]) -> None:
        if catalog is not None:
            catalog.publish(relations, {relation.key: descriptions(relation.key) for relation in relations})

    copies = [
        copy_for_analysts(publication, lake, engine.duckdb(lake), masking, show) for publication in publications(lake)
    ]
    if catalog is not None:
        catalog.keep_only(set(copies_by_folder(lake).values()))
    return [copy for copy in copies if copy is not None]


@dg.op(description="Copy published relations for analysts, with personal columns masked.")
def mask_publications(context: dg.OpExecutionContext, lake: LakeResource, engine: EngineResource) -> None:
    """Make the copies that are due."""
    with user_errors("The copies of the runs before are unchanged."):
        copies = copy_publications(lake.open(), engine)
    context.log.info(f"Copies for analysts: {', '.join(copy.publication for copy in copies) or 'none'}.")


@dg.job(name=MASK_JOB, description="Copy published relations for analysts. `refi run` does this on its own.")
def mask_job() -> None:
    """One step."""
    mask_publications()


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="mask_after_runs",
    request_job=mask_job,
    minimum_interval_seconds=60,
    description="Requests copies for analysts after each successful run, if there is a masking key.",
    default_status=(
        dg.DefaultSensorStatus.RUNNING
        if settings_of(IngestionSettings).watch and is_masking_key_set()
        else dg.DefaultSensorStatus.STOPPED
    ),
)
def mask_after_runs(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    """One request after each run that may have published something."""
    if context.dagster_run.job_name in (CLEAN_UP_JOB, MASK_JOB):
        return dg.SkipReason("That run publishes nothing.")
    return dg.RunRequest(run_key=context.dagster_run.run_id)
