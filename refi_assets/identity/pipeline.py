"""From accepted records to pairs, persons and their changes: the work behind the domain's assets.

It runs in DuckDB, whatever the engine of the models. The relations without matching are in sql/identity/.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBEngine, DuckDBSession
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import best_effort, needs_packages
from refi_assets.identity import PACKAGES, PAIRS
from refi_assets.identity.decisions import DECISIONS, Decisions
from refi_assets.identity.details import MatchedDetails, PairsDetails, PersonsDetails
from refi_assets.identity.previous import previous_persons
from refi_assets.identity.settings import IdentitySettings
from refi_assets.lake import ObjectStore, Relation, RunFolder
from refi_assets.lake.relations import readable
from refi_assets.settings import settings_of
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.names import table_of
from refi_assets.specs.sql_models import load_sql_models

BORROWERS = "staging/borrower_information"
PERSON_CHANGES = "identity/answers/person_changes"  # SQL


def match_records(
    lake: ObjectStore,
    engine: DuckDBEngine,
    draft: Relation,
    borrowers: Relation,
    details: PairsDetails,
    decisions: Decisions,
    log: Callable[[str], None],
) -> Relation:
    """Pairs of records that may be of one person, by the matcher in `details.engine`. Raises RefiError."""
    with _packages():
        from refi_assets.identity import resolution

    attributes = person_attributes()
    with engine.session(readable(lake, [borrowers])) as session:
        resolution.make_records(session, attributes, borrowers.key, "borrower_id")
        details = details.model_copy(update=_find_pairs(lake, draft, session, attributes, details, log))
        resolution.add_decisions(session, decisions)
        order = "match_weight DESC NULLS LAST, borrower_id_1, borrower_id_2"
        relation = resolution.save_table(session, lake, draft, resolution.PAIRS, order)
    if decisions.sha256 is not None:  # a copy, since the file will change
        key = RunFolder(lake, draft.run_id).key(PAIRS, ".decisions.csv")
        lake.put(key, lake.open(DECISIONS).read())
        details = details.model_copy(update={"decisions": key})
    return relation.model_copy(update={"details": details})


def resolve_persons(
    lake: ObjectStore,
    engine: DuckDBEngine,
    draft: Relation,
    borrowers: Relation,
    pairs: Relation,
    before: Relation | None,
) -> Relation:
    """The person of each record; persons keep their ids of `before`.

    If the report cannot be written, the details say so. Raises RefiError.
    """
    with _packages():
        from refi_assets.identity import resolution

    matched = pairs.details_as(PairsDetails)
    attributes = person_attributes()
    relations = readable(lake, [borrowers, pairs, *([before] if before else [])])
    with engine.session(relations) as session:
        resolution.make_records(session, attributes, borrowers.key, "borrower_id")
        persons_before = _persons_in(session, before, "borrower_id")
        resolved = resolution.resolve_borrowers(
            session, table_of(pairs.key).sql(), attributes, matched.match_threshold, persons_before, matched.model
        )
        relation = resolution.save_table(session, lake, draft, "resolved", "borrower_id")
    details = PersonsDetails(
        engine=matched.engine,
        previous_run=before.run_id if before else None,
        splits=resolved.splits,
        shown_splits=tuple(resolved.shown_splits),
    )
    report = _try_report(lake, draft, matched, resolved)
    return relation.model_copy(update={"details": details.model_copy(update=report)})


def find_persons(
    lake: ObjectStore,
    engine: DuckDBEngine,
    draft: Relation,
    records: Relation,
    key: str,
    attributes: Mapping[str, str],
    details: PairsDetails,
    before: Relation | None,
    log: Callable[[str], None],
) -> Relation:
    """The person of each record of any relation: pairs and persons as of borrowers, in one step and without decisions.

    `key` is the column that names a record, in `records` and in the result; `attributes`: column -> person attribute.
    Pairs that only people may link are not linked. Persons keep their ids of `before`. Raises RefiError.
    """
    with _packages():
        from refi_assets.identity import resolution

    with engine.session(readable(lake, [records])) as session:
        resolution.make_records(session, attributes, records.key, key)
        details = details.model_copy(update=_find_pairs(lake, draft, session, attributes, details, log))
        resolution.add_decisions(session, Decisions())
        pairs = session.connection.table(resolution.PAIRS).df()
    with engine.session(readable(lake, [records, *([before] if before else [])])) as session:
        resolution.make_records(session, attributes, records.key, key)
        session.connection.register(resolution.PAIRS, pairs)
        resolved = resolution.resolve_borrowers(
            *(session, resolution.PAIRS, attributes, details.match_threshold),
            *(_persons_in(session, before, key), details.model),
        )
        session.execute(f'ALTER TABLE resolved RENAME borrower_id TO "{key}"')
        relation = resolution.save_table(session, lake, draft, "resolved", key)
    matched = MatchedDetails(
        **details.model_dump(),
        previous_run=before.run_id if before else None,
        splits=resolved.splits,
        shown_splits=tuple(resolved.shown_splits),
    )
    report = _try_report(lake, draft, details, resolved)
    return relation.model_copy(update={"details": matched.model_copy(update=report)})


def compare_with_before(lake: ObjectStore, engine: DuckDBEngine, draft: Relation, persons: Relation) -> Relation:
    """Merges and splits of persons since the run whose ids `persons` kept. Raises RefiError."""
    with _packages():
        from refi_assets.identity.resolution import save_table

    before = previous_persons(lake, persons.details_as(PersonsDetails).previous_run or "")
    with engine.session([persons, *([before] if before else [])]) as session:
        session.create_table("history", load_sql_models()[PERSON_CHANGES].text)
        return save_table(session, lake, draft, "history", "person_id, from_person_id")


def numbers(details: PairsDetails) -> dict[str, Any]:
    """The estimates of the model, as metadata that Dagster plots over time."""
    metadata = details.model_dump(include={"engine", "aws_job", "records_not_processed"}, exclude_none=True)
    if details.model is None:
        return metadata
    names = ("prior", "expected_pairs", "compared_pairs", "unlinkable_share", "has_families", "is_shipped")
    return metadata | {name: details.model[name] for name in names}


def person_attributes() -> dict[str, str]:
    """Column -> person attribute, for the columns by which borrowers are compared."""
    return load_contracts()["borrower_information"].person_attributes


def _packages() -> AbstractContextManager[None]:
    return needs_packages("Matching (REFI_IDENTITY_ENGINE, --identity)", PACKAGES, "identity", "make run")


def _persons_in(session: DuckDBSession, before: Relation | None, key: str) -> dict[str, str]:
    """The person of each record in an earlier relation."""
    rows = session.query(exp.select(key, "person_id").from_(table_of(before.key))) if before else []
    return {row[key]: row["person_id"] for row in rows}


def _try_report(lake: ObjectStore, draft: Relation, matched: PairsDetails, resolved: Any) -> dict[str, str]:
    """Write the report on a model, if there is one. Returns its key, or why it could not be written, as details."""
    report: dict[str, str] = {}
    if matched.model:
        with best_effort(lambda reason: report.update(report_failure=reason)):
            report["report"] = _write_report(lake, draft, matched, resolved)
    return report


def _write_report(lake: ObjectStore, draft: Relation, matched: PairsDetails, resolved: Any) -> str:
    from refi_assets.identity.report import report_html

    key = RunFolder(lake, draft.run_id).key(draft.key, ".report.html")
    thresholds = {"match": matched.match_threshold, "review": matched.review_threshold}
    title = f"Who is who, as of {draft.as_of}"
    html = report_html(
        matched.model or {}, resolved.links, resolved.cluster_sizes, thresholds, resolved.shown_splits, title
    )
    lake.put(key, html.encode())
    return key


def _find_pairs(
    lake: ObjectStore,
    draft: Relation,
    session: DuckDBSession,
    attributes: Mapping[str, str],
    details: PairsDetails,
    log: Callable[[str], None],
) -> dict[str, Any]:
    """Match the session's records into its table found_pair, by the matcher in `details`; returns further details."""
    from refi_assets.identity import resolution

    if details.engine == "aws":
        return _match_on_aws(lake, draft, session, attributes, log)
    return {"model": resolution.pairs_by_splink(session, attributes, details.review_threshold, log).as_json()}


def _match_on_aws(
    lake: ObjectStore,
    draft: Relation,
    session: DuckDBSession,
    attributes: Mapping[str, str],
    log: Callable[[str], None],
) -> dict[str, Any]:
    """Match the records on AWS into the session's table found_pair; returns the details of the job."""
    from refi_assets.engines.glue import GlueTables
    from refi_assets.engines.remote import run_table
    from refi_assets.identity import resolution
    from refi_assets.identity.aws_matching import match_groups, match_on_aws

    glue = GlueTables(settings_of(EngineSettings).glue_database)
    records_draft = draft.model_copy(update={"key": f"identity/{resolution.RECORDS}", "inputs": {}})
    resolution.clear_placeholders(session, attributes, log)
    session.execute(f"ALTER TABLE {resolution.RECORDS} ALTER record TYPE VARCHAR")
    records = resolution.save_table(session, lake, records_draft, resolution.RECORDS, "borrower_id")
    table = run_table(records_draft)
    glue.create(table, records.columns, lake.address(records.parquet or ""))
    try:
        matches = match_on_aws(
            settings_of(IdentitySettings),
            lake,
            glue.database,
            table,
            "borrower_id",
            {attribute: attribute for attribute in attributes.values()},
            f"resolved/aws/{draft.run_id}/",
        )
    finally:
        glue.delete([table])
    session.execute(f"ALTER TABLE {resolution.RECORDS} ALTER record TYPE BIGINT")
    resolution.pairs_by_groups(session, match_groups(lake, matches.files, "borrower_id"))
    return {"aws_job": matches.job_id, "records_not_processed": matches.records_not_processed}
