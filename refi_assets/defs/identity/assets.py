"""Assets of the identity group: pairs, what people are to decide, persons, and how persons have changed.

How pairs are found and persons made is in refi_assets/identity; what relations hold without matching, in sql/identity.
All of it runs in DuckDB, whatever the engine of the models is.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import dagster as dg
from sqlglot import exp

from refi_assets.defs.identity import IDENTITY
from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.errors import needs_packages
from refi_assets.identity import HISTORY, PACKAGES, PAIRS, PERSONS, QUEUE
from refi_assets.identity.decisions import DECISIONS, load_decisions
from refi_assets.identity.previous import previous_persons
from refi_assets.lake import Relation
from refi_assets.lake.relations import readable
from refi_assets.lineage.columns import descriptions
from refi_assets.orchestration.column_lineage import column_sources
from refi_assets.orchestration.resources import EngineResource, IdentityResource, LakeResource, PoliciesResource
from refi_assets.orchestration.sql_assets import described_by, made_by_sql, measure
from refi_assets.orchestration.steps import Step, asset_step, not_needed
from refi_assets.settings import settings
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.sql_models import Parameter, SqlModel, load_sql_models

BORROWERS = "staging/borrower_information"


def _needs_packages() -> AbstractContextManager[None]:
    return needs_packages("Matching (REFI_IDENTITY_ENGINE, --identity)", PACKAGES, "identity", "make run")


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
    """Pairs of records that may be of one person."""
    with asset_step(context, lake) as step:
        made_from = {BORROWERS: step.input(BORROWERS)}
        thresholds = policies.of(IDENTITY).parameters_of(["identity"])
        details: dict[str, Any] = {
            "engine": identity.kind,
            "match_threshold": _probability(thresholds["match_probability"]),
            "review_threshold": _probability(thresholds["review_probability"]),
            "model": None,
        }
        if identity.kind == "off":
            return _by_sql(step, engine, PAIRS, made_from, details)
        with _needs_packages():
            from refi_assets.identity import resolution

        decisions = load_decisions(step.lake)
        attributes = load_contracts()["borrower_information"].person_attributes
        draft = step.draft(PAIRS, made_from=made_from, kind="table")
        with engine.duckdb(step.lake).session(readable(step.lake, list(made_from.values()))) as session:
            resolution.make_records(session, attributes)
            if identity.kind == "splink":
                found = resolution.pairs_by_splink(session, attributes, details["review_threshold"], context.log.info)
                details["model"] = found.as_json()
            else:
                details |= _groups_of_aws(step, session, attributes)
            resolution.add_decisions(session, decisions)
            made = resolution.save_table(
                session,
                step.lake,
                draft,
                resolution.PAIRS,
                "match_weight DESC NULLS LAST, borrower_id_1, borrower_id_2",
            )
        if decisions.sha256 is not None:  # as they are now: the file goes on
            details["decisions"] = step.folder.key(PAIRS, ".decisions.csv")
            step.lake.put(details["decisions"], step.lake.open(DECISIONS).read())
        return _materialized(step, engine, made.model_copy(update={"details": details}), made_from, _numbers(details))


@_asset(PERSONS, [BORROWERS, PAIRS])
def resolved_borrower(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, identity: IdentityResource
) -> dg.MaterializeResult[Any]:
    """The person of each record."""
    with asset_step(context, lake) as step:
        store = step.lake
        made_from = {key: step.input(key) for key in (BORROWERS, PAIRS)}
        pairs = made_from[PAIRS].details
        details: dict[str, Any] = {"engine": pairs["engine"], "previous_run": None, "splits": {}, "shown_splits": []}
        if pairs["engine"] == "off":
            return _by_sql(step, engine, PERSONS, made_from, details)
        with _needs_packages():
            from refi_assets.identity import resolution
            from refi_assets.identity.report import report_html

        before = previous_persons(store, identity.person_ids_of)
        attributes = load_contracts()["borrower_information"].person_attributes
        relations = readable(store, [*made_from.values()])
        draft = step.draft(PERSONS, made_from=made_from, kind="table")
        with engine.duckdb(store).session([*relations, *([before] if before else [])]) as session:
            resolution.make_records(session, attributes)
            known = session.query(exp.select("borrower_id", "person_id").from_(before.name)) if before else []
            resolved = resolution.resolve_persons(
                session,
                attributes,
                pairs["match_threshold"],
                {row["borrower_id"]: row["person_id"] for row in known},
                pairs["model"],
            )
            made = resolution.save_table(session, store, draft, "resolved", "borrower_id")
        details |= {
            "previous_run": before.run_id if before else None,
            "splits": resolved.splits,
            "shown_splits": resolved.shown_splits,
        }
        shown: dict[str, Any] = {"splits": sum(resolved.splits.values()), "splits_by_reason": resolved.splits}
        if pairs["model"]:
            report = step.folder.key(PERSONS, ".report.html")
            thresholds = {name: pairs[f"{name}_threshold"] for name in ("match", "review")}
            title = f"Who is who, as of {step.as_of}"
            with not_needed(lambda reason: details.update(report_failure=reason)):
                html = report_html(
                    pairs["model"], resolved.links, resolved.cluster_sizes, thresholds, resolved.shown_splits, title
                )
                store.put(report, html.encode())
                shown["report"] = dg.MetadataValue.path(store.url(report))  # browsers follow no link to a file
        return _materialized(step, engine, made.model_copy(update={"details": details}), made_from, shown)


@_asset(QUEUE, [PAIRS], ["identity"])
def review_queue(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, policies: PoliciesResource
) -> dg.MaterializeResult[Any]:
    """Pairs for people to decide."""
    with asset_step(context, lake) as step:
        thresholds = policies.of(IDENTITY).parameters_of(["identity"])
        return _by_sql(step, engine, QUEUE, {PAIRS: step.input(PAIRS)}, parameters=thresholds)


@_asset(HISTORY, [PERSONS])
def person_history(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult[Any]:
    """What became of the persons of the run before."""
    with asset_step(context, lake) as step:
        made_from = {PERSONS: step.input(PERSONS)}
        previous = made_from[PERSONS].details["previous_run"]
        if previous is None:
            return _by_sql(step, engine, HISTORY, made_from)
        with _needs_packages():
            from refi_assets.identity.resolution import save_table

        before = previous_persons(step.lake, previous)
        relations = [made_from[PERSONS], *([before] if before else [])]
        with engine.duckdb(step.lake).session(relations) as session:
            session.create_table("history", load_sql_models()["identity/answers/person_changes"].text)
            draft = step.draft(HISTORY, made_from=made_from, kind="table")
            made = save_table(session, step.lake, draft, "history", "person_id, from_person_id")
        return _materialized(step, engine, made, made_from, {})


def _probability(parameter: Parameter) -> float:
    return float(str(parameter.value))


def _by_sql(
    step: Step,
    engine: EngineResource,
    key: str,
    made_from: dict[str, Relation],
    details: dict[str, Any] | None = None,
    parameters: Mapping[str, Parameter] | None = None,
) -> dg.MaterializeResult[Any]:
    return made_by_sql(
        step, engine.duckdb(step.lake), parameters or {}, load_sql_models()[key], "table", made_from, details
    )


def _materialized(
    step: Step, engine: EngineResource, made: Relation, made_from: dict[str, Relation], shown: dict[str, Any]
) -> dg.MaterializeResult[Any]:
    model: SqlModel = load_sql_models()[made.key]
    with engine.duckdb(step.lake).session([made]) as session:
        counts = measure(session, model)
    saved = step.save(made, rows=counts.pop("rows"), counts=counts)
    return step.materialized(saved, shown, descriptions(model.name), column_sources(model, made_from.values()))


def _numbers(details: dict[str, Any]) -> dict[str, Any]:
    """What the model found, as numbers to be plotted over time."""
    told = {"engine", "aws_job", "records_not_processed"}
    found = {name: value for name, value in details.items() if name in told}
    if details["model"] is None:
        return found
    names = ("prior", "expected_pairs", "compared_pairs", "unlinkable_share", "has_families", "is_shipped")
    return found | {name: details["model"][name] for name in names}


def _groups_of_aws(step: Step, session: DuckDBSession, attributes: dict[str, str]) -> dict[str, Any]:
    """Let AWS match the records; leaves found_pair, returns what the job came to."""
    from refi_assets.engines.glue import GlueTables
    from refi_assets.engines.remote import run_table
    from refi_assets.identity import resolution
    from refi_assets.identity.aws_matching import AwsMatching, match_groups, match_on_aws

    store, matching, glue = step.lake, AwsMatching.of(settings()), GlueTables(settings().glue_database)
    draft = step.draft(f"identity/{resolution.RECORDS}", kind="table")
    session.execute(f"ALTER TABLE {resolution.RECORDS} ALTER record TYPE VARCHAR")
    records = resolution.save_table(session, store, draft, resolution.RECORDS, "borrower_id")
    shown_as = run_table(draft)
    glue.create(shown_as, records.columns, store.url(records.parquet or ""))
    try:
        matches = match_on_aws(
            matching,
            store,
            glue.database,
            shown_as,
            "borrower_id",
            {attribute: attribute for attribute in attributes.values()},
            f"resolved/aws/{draft.run_id}/",
        )
    finally:
        glue.delete([shown_as])
    resolution.pairs_by_groups(session, match_groups(store, matches.files, "borrower_id"))
    return {"aws_job": matches.job_id, "records_not_processed": matches.records_not_processed}


@dg.definitions
def identity_assets() -> dg.Definitions:
    """Pairs, the queue for review, persons and their history."""
    return dg.Definitions(assets=[matched_pairs, resolved_borrower, review_queue, person_history])
