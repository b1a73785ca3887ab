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


class MatchedDetails(PairsDetails, PersonsDetails):
    """Details of a relation of persons that was made in one step: those of its pairs as well."""


def identity_behind(relations: Sequence[Relation], pairs: str = PAIRS, persons: str = PERSONS) -> dict[str, Any]:
    """How records of one person were found, for a manifest; a replay finds them again by it.

    `pairs` and `persons` are the relations with both details, which may be one.
    """
    by_key = {relation.key: relation for relation in relations}
    if pairs not in by_key or not is_matched(by_key[persons]):
        return {"engine": "off", "match_threshold": None, "persons": None, "person_ids_of": None, "decisions": None}
    matched = by_key[pairs].details_as(PairsDetails)
    return {
        "engine": matched.engine,
        "match_threshold": matched.match_threshold,
        "persons": by_key[persons].counts["persons"],
        "person_ids_of": by_key[persons].details_as(PersonsDetails).previous_run,
        "decisions": matched.decisions,
    }


def is_matched(persons: Relation) -> bool:
    """Whether matching made a relation of persons; if SQL made it, each record is a person."""
    return persons.kind != "view" and persons.details_as(PersonsDetails).engine != "off"
