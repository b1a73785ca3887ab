"""The refi publication: the audience, what its manifest says besides, and the relations behind one.

What is in the file is decided by sql/activation/audience_file.sql; how it is published belongs to publishing/.
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
    """A run's relations, and if it had matching off, those of the identity group as their SQL files define them."""
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


def counts(relations: Sequence[Relation]) -> dict[str, Any]:
    """Everything that was counted on the way to an audience, by what it says; of a run that was stopped, as far as it
    came."""
    by_key = {relation.key: relation for relation in relations}
    counted: dict[str, Any] = {"sources": source_counts(relations)}
    if unified := by_key.get("refi/unified_refi_dataset"):
        counted["unified"] = unified.rows
        counted |= _counted(unified, "engagement_without_borrower")
    if offers := by_key.get(OFFERS):
        counted |= _counted(offers, "offers_without_home")
    if judged := by_key.get("refi/refi_eligibility"):
        counted["eligible"] = judged.counts["eligible"]
        counted["letter_to_another"] = judged.counts.get("letter to another", 0)
    if unmatched := by_key.get("refi/unmatched_borrowers"):
        reasons = dict(unmatched.counts)
        counted["loans_without_borrower"] = reasons.pop("loans_without_borrower")
        counted["unmatched"] = reasons
    if judged:
        counted["tiers"] = _amounts(judged.counts, "tier: ")
    if audience := by_key.get("refi/refi_audience"):
        counted["audience_tiers"] = _amounts(audience.counts, "tier: ")
    return counted


def consent(relations: Sequence[Relation]) -> dict[str, int]:
    """Number of persons in the audience who may get text messages (`yes`), and of those who may not, by why."""
    (audience,) = (relation for relation in relations if relation.key == "refi/refi_audience")
    return _amounts(audience.counts, "sms: ")


def _counted(relation: Relation, name: str) -> dict[str, int]:
    """One count of a relation; older ones do not have it."""
    return {name: relation.counts[name]} if name in relation.counts else {}


def _amounts(measured: dict[str, int], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): amount for name, amount in measured.items() if name.startswith(prefix)}
