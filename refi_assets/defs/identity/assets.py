"""Assets of the identity domain: matched pairs, the review queue, persons, and their history.

The work is in refi_assets/identity/pipeline.py. With matching off, sql/identity/ defines the relations.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg

from refi_assets.defs.identity import IDENTITY
from refi_assets.identity import HISTORY, PAIRS, PERSONS, QUEUE
from refi_assets.identity.decisions import load_decisions
from refi_assets.identity.details import PairsDetails, PersonsDetails
from refi_assets.identity.pipeline import (
    BORROWERS,
    PERSON_CHANGES,
    compare_with_before,
    match_records,
    numbers,
    resolve_persons,
)
from refi_assets.identity.previous import content_of, previous_persons
from refi_assets.identity.settings import IdentitySettings
from refi_assets.lake import ObjectStore, Relation
from refi_assets.orchestration.resources import EngineResource, IdentityResource, LakeResource, PoliciesResource
from refi_assets.orchestration.sql_assets import Kind, described_by, made_by_python, made_by_sql, materialize
from refi_assets.orchestration.steps import Step, asset_step
from refi_assets.settings import settings_of
from refi_assets.specs.sql_models import Parameter, load_sql_models


def _asset(key: str, inputs: list[str], parameters: Sequence[str] = ()) -> Callable[..., dg.AssetsDefinition]:
    return described_by(IDENTITY, load_sql_models()[key], inputs, parameters=parameters, kinds={"parquet", "table"})


@_asset(PAIRS, [BORROWERS])
def matched_pairs(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    engine: EngineResource,
    identity: IdentityResource,
    policies: PoliciesResource,
) -> dg.MaterializeResult[Any]:
    """Pairs of records that may belong to one person."""
    with asset_step(context, lake) as step:
        borrowers = step.input(BORROWERS)
        made_from = {BORROWERS: borrowers}
        details = pairs_details(identity, policies)
        duckdb, decisions = engine.duckdb(step.lake), load_decisions(step.lake)
        relation = made_by_python(
            step,
            duckdb,
            PAIRS,
            made_from,
            lambda draft: match_records(step.lake, duckdb, draft, borrowers, details, decisions, context.log.info),
            # A service may match differently tomorrow.
            remembered=identity.kind != "aws",
            matching=details.model_dump(mode="json"),
            decisions=decisions.sha256,
        )
    return materialize(step, relation, made_from, numbers(relation.details_as(PairsDetails)))


@_asset(PERSONS, [BORROWERS, PAIRS])
def resolved_borrower(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, identity: IdentityResource
) -> dg.MaterializeResult[Any]:
    """The person of each record."""
    with asset_step(context, lake) as step:
        borrowers, pairs = step.input(BORROWERS), step.input(PAIRS)
        made_from = {BORROWERS: borrowers, PAIRS: pairs}
        duckdb = engine.duckdb(step.lake)
        before = previous_persons(step.lake, identity.person_ids_of)
        relation = made_by_python(
            step,
            duckdb,
            PERSONS,
            made_from,
            lambda draft: resolve_persons(step.lake, duckdb, draft, borrowers, pairs, before),
            details={"previous_run": before.run_id if before else None},
            earlier_ids=content_of(step.lake, before),
        )
    details = relation.details_as(PersonsDetails)
    return materialize(step, relation, made_from, shown_persons(step.lake, details))


@_asset(QUEUE, [PAIRS], ["identity"])
def review_queue(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, policies: PoliciesResource
) -> dg.MaterializeResult[Any]:
    """The pairs that people should decide."""
    with asset_step(context, lake) as step:
        thresholds = policies.of(IDENTITY).parameters_of(["identity"])
        return _by_sql(step, engine, QUEUE, {PAIRS: step.input(PAIRS)}, thresholds)


@_asset(HISTORY, [PERSONS])
def person_history(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult[Any]:
    """The changes of persons since the run before."""
    with asset_step(context, lake) as step:
        persons = step.input(PERSONS)
        made_from = {PERSONS: persons}
        if persons.details_as(PersonsDetails).previous_run is None:
            return _by_sql(step, engine, HISTORY, made_from)
        duckdb = engine.duckdb(step.lake)
        relation = made_by_python(
            step,
            duckdb,
            HISTORY,
            made_from,
            lambda draft: compare_with_before(step.lake, duckdb, draft, persons),
            changes=load_sql_models()[PERSON_CHANGES].sha256,
        )
    return materialize(step, relation, made_from)


def pairs_details(identity: IdentityResource, policies: PoliciesResource) -> PairsDetails:
    """The matcher and its thresholds, before it has matched anything."""
    thresholds = policies.of(IDENTITY).parameters_of(["identity"])
    return PairsDetails(
        engine=identity.kind,
        match_threshold=_probability(thresholds["match_probability"]),
        review_threshold=_probability(thresholds["review_probability"]),
        model=None,
    )


def shown_persons(lake: ObjectStore, details: PersonsDetails) -> dict[str, Any]:
    """Metadata on persons: the links that were not followed, and the report."""
    shown: dict[str, Any] = {"splits": sum(details.splits.values()), "splits_by_reason": details.splits}
    if details.report:  # a path, since browsers do not follow links to files
        shown["report"] = dg.MetadataValue.path(lake.address(details.report))
    return shown


def _probability(parameter: Parameter) -> float:
    return float(str(parameter.value))


def _by_sql(
    step: Step,
    engine: EngineResource,
    key: str,
    made_from: dict[str, Relation],
    parameters: Mapping[str, Parameter] | None = None,
) -> dg.MaterializeResult[Any]:
    kind: Kind = "view" if engine.kind == "duckdb" else "table"  # other engines read files
    return made_by_sql(step, engine.duckdb(step.lake), parameters or {}, load_sql_models()[key], kind, made_from)


@dg.definitions
def identity_assets() -> dg.Definitions:
    """Pairs, the queue for review, persons and their history; nothing if matching is off."""
    assets = [matched_pairs, resolved_borrower, review_queue, person_history]
    return dg.Definitions(assets=assets if settings_of(IdentitySettings).is_matching_on else [])
