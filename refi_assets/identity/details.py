"""Details in the records of pairs and persons, and in the manifest of a publication that is derived from persons."""

from collections.abc import Sequence
from typing import Any

from refi_assets.identity import PAIRS, PERSONS
from refi_assets.lake import Details, Relation


class PairsDetails(Details):
    """Details of identity/matched_pairs: the matcher, its thresholds (probabilities) and its result.

    `model` is Model.as_json(), by Splink; `decisions` is the key of a copy of the decisions file as the run read it;
    `aws_job` and `records_not_processed` are from AWS.
    """

    engine: str
    match_threshold: float
    review_threshold: float
    model: dict[str, Any] | None
    decisions: str | None = None
    aws_job: str | None = None
    records_not_processed: int | None = None


class PersonsDetails(Details):
    """Details of identity/resolved_borrower: the run whose person ids were kept, and the links that were not followed.

    `report` is the key of the report on the matching; `report_failure` says why there is none.
    """

    engine: str
    previous_run: str | None
    splits: dict[str, int]
    shown_splits: tuple[dict[str, Any], ...]
    report: str | None = None
    report_failure: str | None = None


def identity_behind(relations: Sequence[Relation]) -> dict[str, Any]:
    """How records of one person were found, for a manifest; a replay finds them again by it."""
    by_key = {relation.key: relation for relation in relations}
    if PAIRS not in by_key:
        return {"engine": "off", "match_threshold": None, "persons": None, "person_ids_of": None, "decisions": None}
    pairs = by_key[PAIRS].details_as(PairsDetails)
    return {
        "engine": pairs.engine,
        "match_threshold": pairs.match_threshold,
        "persons": by_key[PERSONS].counts["persons"],
        "person_ids_of": by_key[PERSONS].details_as(PersonsDetails).previous_run,
        "decisions": pairs.decisions,
    }
