"""The refi publication: the audience, the counts in its manifest, and the relations behind it.

The rows of the file are defined by sql/activation/audience_file.sql; publishing them belongs to publishing/.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from refi_assets.lake import Details, Relation
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.publish import source_counts
from refi_assets.publishing.published import PublishedRun
from refi_assets.specs.policies import policy_of
from refi_assets.specs.python_relations import python_relations
from refi_assets.specs.sql_models import DIALECT, load_sql_models

AUDIENCE = Publication("refi", contents="audience")

PAIRS, PERSONS = "identity/matched_pairs", "identity/resolved_borrower"
QUEUE, HISTORY = "identity/review_queue", "identity/person_history"
OFFERS = "refi/judged_offer"


class PublishedAudience(PublishedRun):
    """One published audience."""

    @cached_property
    def relations(self) -> list[Relation]:
        """Everything behind the audience. Raises LakeError if it is not kept any more."""
        return with_identity(super().relations)


def with_identity(relations: list[Relation]) -> list[Relation]:
    """A run's relations; if it had matching off, with those of the identity group as their SQL files define them."""
    audience = next((relation for relation in relations if relation.key == "refi/refi_audience"), None)
    if audience is None or PERSONS in audience.inputs:
        return relations
    parameters = policy_of("refi").parameters
    columns = {key: declared.sql_types for key, declared in python_relations().items()}
    thresholds = {
        f"{name}_threshold": float(str(parameters[f"{name}_probability"].value)) for name in ("match", "review")
    }
    details = Details.model_validate({"engine": "off", "model": None, **thresholds})
    views = [
        audience.model_copy(
            update={
                **{"key": key, "kind": "view", "parquet": None, "inputs": {}, "counts": {}, "details": details},
                "columns": columns[PAIRS if key == QUEUE else key],  # the queue holds pairs
                "sql": load_sql_models()[key].bind(parameters).sql(DIALECT),
            }
        )
        for key in (PAIRS, PERSONS, QUEUE, HISTORY)
    ]
    return [*relations, *views]


def audience_counts(relations: Sequence[Relation]) -> dict[str, Any]:
    """The counts of all steps to an audience, by name; a stopped run has those of the relations that it made."""
    by_key = {relation.key: relation for relation in relations}
    counts: dict[str, Any] = {"sources": source_counts(relations)}
    if unified := by_key.get("refi/unified_refi_dataset"):
        counts["unified"] = unified.rows
        counts["engagement_without_borrower"] = unified.counts["engagement_without_borrower"]
    if offers := by_key.get(OFFERS):
        counts["offers_without_home"] = offers.counts["offers_without_home"]
    if judged := by_key.get("refi/refi_eligibility"):
        counts["eligible"] = judged.counts["eligible"]
        counts["letter_to_another"] = judged.counts["letter to another"]
    if unmatched := by_key.get("refi/unmatched_borrowers"):
        reasons = dict(unmatched.counts)
        counts["loans_without_borrower"] = reasons.pop("loans_without_borrower")
        counts["unmatched"] = reasons
    if judged:
        counts["tiers"] = _amounts(judged.counts, "tier: ")
    if audience := by_key.get("refi/refi_audience"):
        counts["audience_tiers"] = _amounts(audience.counts, "tier: ")
    return counts


def consent_counts(relations: Sequence[Relation]) -> dict[str, int]:
    """Number of persons in the audience who may get text messages (`yes`) and who may not, by the reason."""
    (audience,) = (relation for relation in relations if relation.key == "refi/refi_audience")
    return _amounts(audience.counts, "sms: ")


def _amounts(counts: dict[str, int], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): count for name, count in counts.items() if name.startswith(prefix)}
