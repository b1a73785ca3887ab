"""From accepted records to pairs, persons and how they changed: the work behind the assets of the domain.

It needs no Dagster. All of it runs in DuckDB, whatever the engine of the models is. What relations hold without
matching is in sql/identity/.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBEngine, DuckDBSession
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import needs_packages, not_needed
from refi_assets.identity import PACKAGES, PAIRS, PERSONS
from refi_assets.identity.decisions import DECISIONS, Decisions
from refi_assets.identity.details import PairsDetails, PersonsDetails
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
    """Pairs of records that may be of one person, by the matcher that `details` names. Raises RefiError."""
    with _packages():
        from refi_assets.identity import resolution

    attributes = person_attributes()
    with engine.session(readable(lake, [borrowers])) as session:
        resolution.make_records(session, attributes)
        if details.engine == "splink":
            pairs = resolution.pairs_by_splink(session, attributes, details.review_threshold, log)
            details = details.model_copy(update={"model": pairs.as_json()})
        else:
            details = details.model_copy(update=_groups_of_aws(lake, draft, session, attributes, log))
        resolution.add_decisions(session, decisions)
        order = "match_weight DESC NULLS LAST, borrower_id_1, borrower_id_2"
        relation = resolution.save_table(session, lake, draft, resolution.PAIRS, order)
    if decisions.sha256 is not None:  # as they are now: the file goes on
        kept = RunFolder(lake, draft.run_id).key(PAIRS, ".decisions.csv")
        lake.put(kept, lake.open(DECISIONS).read())
        details = details.model_copy(update={"decisions": kept})
    return relation.model_copy(update={"details": details})


def resolve_persons(
    lake: ObjectStore,
    engine: DuckDBEngine,
    draft: Relation,
    borrowers: Relation,
    pairs: Relation,
    before: Relation | None,
) -> Relation:
    """The person of each record, who keeps the id that `before` has.

    A report that cannot be written is noted in the details. Raises RefiError.
    """
    with _packages():
        from refi_assets.identity import resolution

    matched = pairs.details_as(PairsDetails)
    attributes = person_attributes()
    relations = readable(lake, [borrowers, pairs, *([before] if before else [])])
    with engine.session(relations) as session:
        resolution.make_records(session, attributes)
        known = session.query(exp.select("borrower_id", "person_id").from_(table_of(before.key))) if before else []
        resolved = resolution.resolve_persons(
            session,
            attributes,
            matched.match_threshold,
            {row["borrower_id"]: row["person_id"] for row in known},
            matched.model,
        )
        relation = resolution.save_table(session, lake, draft, "resolved", "borrower_id")
    details = PersonsDetails(
        engine=matched.engine,
        previous_run=before.run_id if before else None,
        splits=resolved.splits,
        shown_splits=tuple(resolved.shown_splits),
    )
    about_report: dict[str, str] = {}
    if matched.model:
        with not_needed(lambda reason: about_report.update(report_failure=reason)):
            about_report["report"] = _write_report(lake, draft, matched, resolved)
    return relation.model_copy(update={"details": details.model_copy(update=about_report)})


def compare_with_before(lake: ObjectStore, engine: DuckDBEngine, draft: Relation, persons: Relation) -> Relation:
    """What became of the persons of the run whose ids `persons` kept. Raises RefiError."""
    with _packages():
        from refi_assets.identity.resolution import save_table

    before = previous_persons(lake, persons.details_as(PersonsDetails).previous_run or "")
    with engine.session([persons, *([before] if before else [])]) as session:
        session.create_table("history", load_sql_models()[PERSON_CHANGES].text)
        return save_table(session, lake, draft, "history", "person_id, from_person_id")


def numbers(details: PairsDetails) -> dict[str, Any]:
    """What the model estimated, as numbers to be plotted over time."""
    shown = details.model_dump(include={"engine", "aws_job", "records_not_processed"}, exclude_none=True)
    if details.model is None:
        return shown
    names = ("prior", "expected_pairs", "compared_pairs", "unlinkable_share", "has_families", "is_shipped")
    return shown | {name: details.model[name] for name in names}


def person_attributes() -> dict[str, str]:
    """Column -> what it says of a person, for the columns by which borrowers are compared."""
    return load_contracts()["borrower_information"].person_attributes


def _packages() -> AbstractContextManager[None]:
    return needs_packages("Matching (REFI_IDENTITY_ENGINE, --identity)", PACKAGES, "identity", "make run")


def _write_report(lake: ObjectStore, draft: Relation, matched: PairsDetails, resolved: Any) -> str:
    from refi_assets.identity.report import report_html

    key = RunFolder(lake, draft.run_id).key(PERSONS, ".report.html")
    thresholds = {"match": matched.match_threshold, "review": matched.review_threshold}
    title = f"Who is who, as of {draft.as_of}"
    html = report_html(
        matched.model or {}, resolved.links, resolved.cluster_sizes, thresholds, resolved.shown_splits, title
    )
    lake.put(key, html.encode())
    return key


def _groups_of_aws(
    lake: ObjectStore,
    draft: Relation,
    session: DuckDBSession,
    attributes: Mapping[str, str],
    log: Callable[[str], None],
) -> dict[str, Any]:
    """Let AWS match the records; leaves its pairs in the session, returns what the job came to."""
    from refi_assets.engines.glue import GlueTables
    from refi_assets.engines.remote import run_table
    from refi_assets.identity import resolution
    from refi_assets.identity.aws_matching import AwsMatching, match_groups, match_on_aws

    matching, glue = (
        AwsMatching.of(settings_of(IdentitySettings)),
        GlueTables(settings_of(EngineSettings).glue_database),
    )
    records_draft = draft.model_copy(update={"key": f"identity/{resolution.RECORDS}", "inputs": {}})
    resolution.remove_placeholders(session, attributes, log)
    session.execute(f"ALTER TABLE {resolution.RECORDS} ALTER record TYPE VARCHAR")
    records = resolution.save_table(session, lake, records_draft, resolution.RECORDS, "borrower_id")
    shown_as = run_table(records_draft)
    glue.create(shown_as, records.columns, lake.address(records.parquet or ""))
    try:
        matches = match_on_aws(
            matching,
            lake,
            glue.database,
            shown_as,
            "borrower_id",
            {attribute: attribute for attribute in attributes.values()},
            f"resolved/aws/{draft.run_id}/",
        )
    finally:
        glue.delete([shown_as])
    session.execute(f"ALTER TABLE {resolution.RECORDS} ALTER record TYPE BIGINT")
    resolution.pairs_by_groups(session, match_groups(lake, matches.files, "borrower_id"))
    return {"aws_job": matches.job_id, "records_not_processed": matches.records_not_processed}
