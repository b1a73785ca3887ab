"""Assets of the activation domain: the published audience, and what follows its publication.

The rows of the file are defined by sql/activation/audience_file.sql; publishing them belongs to publishing/.
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
from refi_assets.refi.audience import AUDIENCE, PublishedAudience, audience_counts, consent_counts
from refi_assets.refi.diff import audience_changes, change_counts
from refi_assets.refi.metrics import run_metrics
from refi_assets.settings import settings_of
from refi_assets.specs.names import short_name
from refi_assets.specs.policies import Policy

FILE, TABLES, NUMBERS = "activation/audience_file", "activation/shown_tables", "activation/run_numbers"

# Nothing may be published unless the blocking checks of all of these pass.
INPUTS = ("refi/refi_audience", "refi/unmatched_borrowers", "staging/quarantine")


class NumbersDetails(Details):
    """The details of activation/run_numbers: why numbers could not be compared or sent."""

    problems: tuple[str, ...] = ()


def in_manifest(relations: Sequence[Relation], _: Policy) -> dict[str, Any]:
    """The audience's own part of its manifest: how records were matched, all counts, and consent."""
    return {
        "identity": identity_behind(relations),
        "counts": audience_counts(relations),
        "consent": consent_counts(relations),
    }


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
        shown = [] if held_back else [relation for relation in relations if relation.kind != "files"]
        engine.open(step.lake).publish(shown, {relation.key: _comments(relation) for relation in shown})
        relation = step.save(step.draft(TABLES, made_from={FILE: published}, kind="files", rows=len(shown)))
    return step.materialized(
        relation, {"tables": ", ".join(sorted(short_name(relation.key) for relation in shown)) or "none"}
    )


@dg.asset(
    key=NUMBERS.split("/"),
    group_name="activation",
    kinds={"json"},
    owners=["team:data-platform"],
    description="Borrowers who moved since the audience of the day before, by cause; the run's CloudWatch metrics.",
    deps=[FILE.split("/")],
    partitions_def=partitions(ACTIVATION.cadence),
    code_version="1",
)
def run_numbers(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult[Any]:
    """Compare and count. A failure leaves the audience published; a check reports it."""
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
    """Send the run's numbers to CloudWatch, if a namespace is set."""
    namespace = settings_of(ObservabilitySettings).metrics_namespace
    if not namespace:
        return
    record = context.instance.get_run_record_by_id(context.run.run_id)
    seconds = time.time() - record.start_time if record and record.start_time else 0.0
    put_metrics(namespace, run_metrics(context.run.run_id, relations, audience_rows, seconds))


def _comments(relation: Relation) -> dict[str, str]:
    """The meaning of a relation's columns, from its contract or its SQL."""
    return descriptions(relation.key) if is_described(relation.key) else {}


def _changes(step: Step, engine: EngineResource) -> dict[str, Any]:
    """The number of borrowers who moved since the audience of the day before, by cause, to be plotted over time."""
    try:
        before, after = PublishedAudience.last_two(AUDIENCE, step.lake, engine.duckdb(step.lake))
        changes = change_counts(audience_changes(before, after))
    except RefiError as error:
        return {"compared_with": str(error)}
    numbers = {f"{change}: {cause}": number for change, causes in changes.items() for cause, number in causes.items()}
    return {"compared_with": f"{before.as_of} (run {before.run_id})", **numbers}


@dg.definitions
def activation_assets() -> dg.Definitions:
    """The published audience, the tables that show the relations behind it, and its numbers."""
    inputs = (*INPUTS, QUEUE, HISTORY) if settings_of(IdentitySettings).is_matching_on else INPUTS
    audience_file = publication_asset(
        ACTIVATION, FILE, AUDIENCE, inputs, in_manifest=in_manifest, due_every=timedelta(days=1)
    )
    return dg.Definitions(assets=[audience_file, shown_tables, run_numbers])
