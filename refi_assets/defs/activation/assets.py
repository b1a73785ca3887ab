"""Assets of the activation domain: the published audience, and what follows from its publication.

What is in the file is decided by sql/activation/audience_file.sql, how it is published by publishing/.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from refi_assets.defs.activation import ACTIVATION
from refi_assets.errors import RefiError, best_effort
from refi_assets.identity import HISTORY, QUEUE
from refi_assets.identity.details import identity_behind
from refi_assets.identity.settings import IdentitySettings
from refi_assets.lake import Details, Relation
from refi_assets.lake.relations import with_inputs
from refi_assets.lineage.graph import descriptions, is_described
from refi_assets.observability.cloudwatch import put_metrics
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.publications import publication_asset
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.orchestration.steps import Step, after_publication, asset_step
from refi_assets.publishing.publish import PublishedDetails
from refi_assets.refi.audience import AUDIENCE, PublishedAudience, consent, counts
from refi_assets.refi.diff import audience_changes, counted
from refi_assets.refi.metrics import run_metrics
from refi_assets.settings import settings_of
from refi_assets.specs.names import short_name

FILE, TABLES, NUMBERS = "activation/audience_file", "activation/shown_tables", "activation/run_numbers"

# Not only the audience: each of these carries checks without which nothing may be published.
INPUTS = ("refi/refi_audience", "refi/unmatched_borrowers", "staging/quarantine")


class NumbersDetails(Details):
    """Of activation/run_numbers: what could not be compared or sent, and why."""

    problems: tuple[str, ...] = ()


def in_manifest(relations: Sequence[Relation]) -> dict[str, Any]:
    """What the manifest of an audience says besides: how persons were found, all that was counted, and consent."""
    return {"identity": identity_behind(relations), "counts": counts(relations), "consent": consent(relations)}


@dg.asset(
    key=TABLES.split("/"),
    group_name="activation",
    kinds={"table"},
    owners=["team:data-platform"],
    description="The catalog's tables, on an engine that has one: they show the relations behind the latest audience.",
    deps=[FILE.split("/")],
    partitions_def=partitions(ACTIVATION.cadence),
    code_version="1",
)
def shown_tables(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult[Any]:
    """Swap the catalog's tables."""
    with asset_step(context, lake) as step, after_publication():
        published, relations = _published(step)
        held_back = published.details_as(PublishedDetails).held_back
        shown = [] if held_back else [one for one in relations if one.kind != "files"]
        engine.open(step.lake).publish(shown, {one.key: _comments(one) for one in shown})
        relation = step.save(step.draft(TABLES, made_from={FILE: published}, kind="files", rows=len(shown)))
    return step.materialized(relation, {"tables": ", ".join(sorted(short_name(one.key) for one in shown)) or "none"})


@dg.asset(
    key=NUMBERS.split("/"),
    group_name="activation",
    kinds={"json"},
    owners=["team:data-platform"],
    description="Who moved since the audience of the day before, and why, in numbers; the run's CloudWatch metrics.",
    deps=[FILE.split("/")],
    partitions_def=partitions(ACTIVATION.cadence),
    code_version="1",
)
def run_numbers(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult[Any]:
    """Compare and count. The audience stands, whatever cannot be compared or sent: a check says what could not."""
    with asset_step(context, lake) as step, after_publication():
        published, relations = _published(step)
        changes: dict[str, Any] = {}
        problems: list[str] = []
        if published.details_as(PublishedDetails).held_back is None:
            with best_effort(lambda why: problems.append(f"Not compared with the day before: {why}")):
                changes = _changes(step, engine)
            with best_effort(lambda why: problems.append(f"Not in CloudWatch: {why}")):
                _put_metrics(context, relations, published.rows)
        draft = step.draft(NUMBERS, made_from={FILE: published}, kind="files", rows=len(changes))
        relation = step.save(draft, details=NumbersDetails(problems=tuple(problems)))
    return step.materialized(relation, changes)


def _published(step: Step) -> tuple[Relation, list[Relation]]:
    """The record of the publication, and everything behind the audience."""
    published = step.input(FILE)
    return published, [relation for relation in with_inputs(step.lake, [published]) if relation.key != FILE]


def _put_metrics(context: dg.AssetExecutionContext, relations: list[Relation], audience_rows: int) -> None:
    """Send the run's numbers to CloudWatch, if that is wanted."""
    namespace = settings_of(ObservabilitySettings).metrics_namespace
    if not namespace:
        return
    record = context.instance.get_run_record_by_id(context.run.run_id)
    seconds = time.time() - record.start_time if record and record.start_time else 0.0
    put_metrics(namespace, run_metrics(context.run.run_id, relations, audience_rows, seconds))


def _comments(relation: Relation) -> dict[str, str]:
    """What a relation's columns mean, by its contract or its SQL."""
    return descriptions(relation.key) if is_described(relation.key) else {}


def _changes(step: Step, engine: EngineResource) -> dict[str, Any]:
    """Who moved since the audience of the day before, by what moved them, as numbers to be plotted over time."""
    try:
        before, after = PublishedAudience.last_two(AUDIENCE, step.lake, engine.duckdb(step.lake))
        changes = counted(audience_changes(before, after))
    except RefiError as error:
        return {"compared_with": str(error)}
    numbers = {f"{change}: {moved_by}": n for change, by in changes.items() for moved_by, n in by.items()}
    return {"compared_with": f"{before.as_of} (run {before.run_id})", **numbers}


@dg.definitions
def activation_assets() -> dg.Definitions:
    """The published audience, the tables that show what is behind it, and its numbers."""
    inputs = (*INPUTS, *(QUEUE, HISTORY)) if settings_of(IdentitySettings).is_matching_on else INPUTS
    audience_file = publication_asset(
        ACTIVATION, FILE, AUDIENCE, inputs, in_manifest=in_manifest, due_every=timedelta(days=1)
    )
    return dg.Definitions(assets=[audience_file, shown_tables, run_numbers])
