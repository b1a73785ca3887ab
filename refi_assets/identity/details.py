"""What the records of pairs and persons hold, and what a publication that is made from persons says of them."""

from collections.abc import Sequence
from typing import Any

from refi_assets.identity import PAIRS, PERSONS
from refi_assets.lake import Details, Relation


class PairsDetails(Details):
    """Of identity/matched_pairs: the matcher, probabilities, and what it found.

    `model` is Model.as_json() of Splink's; `decisions` (a key) the file of decisions as the run read it; `aws_job` and
    `records_not_processed` are AWS's.
    """

    engine: str
    match_threshold: float
    review_threshold: float
    model: dict[str, Any] | None
    decisions: str | None = None
    aws_job: str | None = None
    records_not_processed: int | None = None


class PersonsDetails(Details):
    """Of identity/resolved_borrower: the run whose ids of persons were kept, and the links that were not followed.

    `report` (a key) is the page about the matching; `report_failure` says why there is none.
    """

    engine: str
    previous_run: str | None
    splits: dict[str, int]
    shown_splits: tuple[dict[str, Any], ...]
    report: str | None = None
    report_failure: str | None = None


def identity_behind(relations: Sequence[Relation]) -> dict[str, Any]:
    """How records of one person were found, and what a replay needs to find them so again, for a manifest."""
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
