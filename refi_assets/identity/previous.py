"""The persons of an earlier run, whose ids a later one keeps."""

from refi_assets.identity import PERSONS
from refi_assets.identity.details import PersonsDetails
from refi_assets.lake import ObjectStore, Relation, RunFolder
from refi_assets.publishing.publication import Publication


def previous_persons(lake: ObjectStore, run_id: str = "") -> Relation | None:
    """The relation before_identity.resolved_borrower of a run, by default of the latest published one.

    None if there is none. A run without matching has none, since its ids do not say who is who.
    """
    run_id = run_id or (Publication("refi").latest(lake) or {}).get("run_id", "")
    persons = RunFolder(lake, run_id).find(PERSONS) if run_id else None
    if persons is None or persons.details_as(PersonsDetails).engine == "off":
        return None
    return persons.model_copy(update={"key": f"before_{PERSONS}"})


def content_of(lake: ObjectStore, persons: Relation | None) -> list[str]:
    """Hashes of the relation's files; none without a relation."""
    if persons is None or persons.parquet is None:
        return []
    return [lake.sha256(info.key) for info in lake.objects(persons.parquet.rstrip("/"))]
