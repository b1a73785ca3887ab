"""The persons of an earlier run, whose ids a later one keeps."""

from collections.abc import Sequence
from operator import itemgetter

from refi_assets.identity import PERSONS
from refi_assets.identity.details import is_matched
from refi_assets.lake import ObjectStore, Relation, RunFolder
from refi_assets.publishing.publication import Publication


def previous_persons(
    lake: ObjectStore, run_id: str = "", key: str = PERSONS, publications: Sequence[str] = ("refi",)
) -> Relation | None:
    """The relation of persons `key` of a run, as before_<key>; by default of the one that was published last.

    None if there is none. A run without matching has none, since its ids do not say who is who.
    """
    run_id = run_id or _latest_run(lake, publications)
    persons = RunFolder(lake, run_id).find(key) if run_id else None
    if persons is None or not is_matched(persons):
        return None
    return persons.model_copy(update={"key": f"before_{key}"})


def _latest_run(lake: ObjectStore, publications: Sequence[str]) -> str:
    commits = [commit for name in publications if (commit := Publication(name).latest(lake))]
    return max(commits, key=itemgetter("as_of", "run_id"))["run_id"] if commits else ""


def content_of(lake: ObjectStore, persons: Relation | None) -> list[str]:
    """Hashes of the relation's files; none without a relation."""
    if persons is None or persons.parquet is None:
        return []
    return [lake.sha256(info.key) for info in lake.objects(persons.parquet.rstrip("/"))]
