"""Asset activation/audience_file: the one step that publishes, downstream of every blocking check."""

import time
from datetime import timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import RefiError
from refi_assets.identity import HISTORY, QUEUE
from refi_assets.lake import ObjectStore, Relation
from refi_assets.lake.relations import with_inputs
from refi_assets.lineage.columns import descriptions
from refi_assets.orchestration.column_lineage import column_sources
from refi_assets.orchestration.resources import EngineResource, LakeResource, RefiPolicyResource
from refi_assets.orchestration.steps import AS_OF_DAYS, after_publication, asset_step
from refi_assets.publishing.manifests import LATEST, unpublished_run_ids
from refi_assets.publishing.publish import MODEL, publish_audience
from refi_assets.publishing.published import last_two_runs
from refi_assets.publishing.retention import remove_left_overs, remove_old_relations
from refi_assets.refi.diff import audience_changes, counted
from refi_assets.refi.metrics import put_metrics, run_metrics
from refi_assets.settings import settings
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.sql_models import load_sql_models

# Not only the audience: each of these carries checks without which nothing may be published.
INPUTS = (
    *("refi/refi_audience", "refi/unmatched_borrowers", "staging/quarantine"),
    *(QUEUE, HISTORY),
)


class PublishConfig(dg.Config):
    """How to publish."""

    force_latest: bool = Field(
        default=False, description="Move latest.json even to an earlier day, or for an overridden policy."
    )


@dg.asset(
    key=["activation", "audience_file"],
    group_name="activation",
    kinds={"csv", "file"},
    owners=["team:data-platform"],
    description="The published audience: a CSV, its manifest, and last the pointer output/latest.json.",
    deps=[key.split("/") for key in INPUTS],
    partitions_def=AS_OF_DAYS,
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=1)),
    code_version=load_sql_models()[MODEL].sha256[:16],
)
def audience_file(
    context: dg.AssetExecutionContext,
    config: PublishConfig,
    lake: LakeResource,
    engine: EngineResource,
    refi_policy: RefiPolicyResource,
) -> dg.MaterializeResult[Any]:
    """Publish the audience."""
    with asset_step(context, lake) as step:
        store = step.lake
        made_from = {key: step.input(key) for key in INPUTS}
        published = publish_audience(
            store,
            engine.duckdb(store),
            step.folder.run_id,
            step.as_of,
            list(made_from.values()),
            refi_policy.policy,
            policy_overridden=refi_policy.overridden,
            force_latest=config.force_latest,
        )
        with after_publication():
            if published.held_back is None:
                relations = with_inputs(store, list(made_from.values()))
                shown = [one for one in relations if one.kind != "files"]
                engine.open(store).publish(shown, {one.name: _comments(one) for one in shown})
                if settings().metrics_namespace:
                    _put_metrics(context, relations, published.rows)
            latest = _latest_run_id(store) or step.folder.run_id
            left_overs = remove_left_overs(store, timedelta(days=settings().keep_unpublished_days))
            left_overs += remove_old_relations(store, settings().keep_runs, latest)
            engine.open(store).keep_only(unpublished_run_ids(store) | {step.folder.run_id, latest})
        relation = step.save(
            step.draft(
                "activation/audience_file",
                made_from=made_from,
                kind="files",
                columns=made_from["refi/refi_audience"].columns,
                rows=published.rows,
                details={
                    "audience": published.audience,
                    "manifest": published.manifest,
                    "sha256": published.sha256,
                    "held_back": published.held_back,
                },
            )
        )
    return step.materialized(
        relation,
        {
            "audience": store.url(published.audience),
            "manifest": store.url(published.manifest),
            "sha256": published.sha256,
            "left_overs_removed": left_overs,
            "latest": f"not moved: {published.held_back}" if published.held_back else "names this audience",
            **({} if published.held_back else _changes(store, engine.duckdb(store))),
        },
        descriptions("audience_file"),
        column_sources(load_sql_models()[MODEL], made_from.values()),
    )


def _put_metrics(context: dg.AssetExecutionContext, relations: list[Relation], audience_rows: int) -> None:
    """Tell CloudWatch of the run. That it cannot be told is no reason to fail: the audience is published."""
    try:
        record = context.instance.get_run_record_by_id(context.run.run_id)
        seconds = time.time() - record.start_time if record and record.start_time else 0.0
        metrics = run_metrics(context.run.run_id, relations, audience_rows, seconds)
        put_metrics(settings().metrics_namespace, metrics)
    except RefiError as error:
        context.log.warning(f"The numbers of this run are not in CloudWatch: {error}")


def _comments(relation: Relation) -> dict[str, str]:
    """What a relation's columns mean, by its contract or its SQL."""
    if relation.name in load_contracts():
        return load_contracts()[relation.name].descriptions
    return descriptions(relation.name) if relation.key in load_sql_models() else {}


def _latest_run_id(store: ObjectStore) -> str | None:
    latest = store.get_json(LATEST)
    return latest and str(latest["run_id"])


def _changes(store: ObjectStore, engine: DuckDBEngine) -> dict[str, Any]:
    """Who moved since the audience of the day before, by what moved them, as numbers to be plotted over time."""
    try:
        before, after = last_two_runs(store, engine)
        counts = counted(audience_changes(before, after))
    except RefiError as error:  # the audience stands; there is only nothing to compare it with
        return {"compared_with": str(error)}
    numbers = {f"{change}: {moved_by}": n for change, by in counts.items() for moved_by, n in by.items()}
    return {"compared_with": f"{before.as_of} (run {before.run_id})", **numbers}
