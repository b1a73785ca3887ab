"""A program's own part of the manifest of its offers: counts, amounts, models, and warnings.

Rows are counted by sql/offers/program/measures/.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from refi_assets.lake import Relation
from refi_assets.offers.policy import ProgramPolicy
from refi_assets.offers.scored_details import ScoredDetails
from refi_assets.publishing.publish import source_counts
from refi_assets.specs.policies import Policy
from refi_assets.specs.programs import program_files

CONTENTS = "offers"  # what manifests and commits call the file
LATE_FILTERS = ("score", "offer")  # they judge only those who pass the chain
COUNTS = ("alone", "in_sequence")


def in_manifest(relations: Sequence[Relation], policy: Policy) -> dict[str, Any]:
    """The part of a manifest, from the relations behind the offers and the program's policy."""
    own = cast(ProgramPolicy, policy)
    program, key = own.program, own.program.key
    (scored,) = (relation for relation in relations if relation.key == f"{key}/scored")
    return {
        "program": {"id": program.program_id, "sha256": program.sha256},
        "models": [model.model_dump() for model in scored.details_as(ScoredDetails).models],
        "counts": offer_counts(key, relations),
        "amounts": offer_amounts(key, relations),
        "program_warnings": own.warnings,
    }


def offer_counts(program: str, relations: Sequence[Relation]) -> dict[str, Any]:
    """Customers by what became of them; a run that stopped has the counts of the relations that it made.

    `stopped`: filter -> `alone`, those who fail it; `in_sequence`, those who fail no filter before it; `reasons`, those
    with each code. Customers accepted = offers + the sum of in_sequence.
    """
    by_name = {relation.name: relation for relation in relations if relation.key.startswith(f"{program}/")}
    counts: dict[str, Any] = {"sources": source_counts(relations)}
    if customers := by_name.get("customers"):
        counts["accepted"] = customers.rows
    if stops := by_name.get("stops"):
        counts["stopped"] = {
            name: _stopped(stops.counts, name) for name in (*program_files()[program].filters, *LATE_FILTERS)
        }
    if offers := by_name.get("offers"):
        counts["offers"] = {tier: offers.counts.get(f"tier: {tier}", 0) for tier in _tiers(relations)}
    return counts


def offer_amounts(program: str, relations: Sequence[Relation]) -> dict[str, str]:
    """Tier -> the sum of the amounts offered, in US dollars, as text."""
    (offers,) = (relation for relation in relations if relation.key == f"{program}/offers")
    cents = {tier: offers.counts.get(f"cents: {tier}", 0) for tier in _tiers(relations)}
    return {tier: f"{Decimal(amount).scaleb(-2):f}" for tier, amount in cents.items()}


def _tiers(relations: Sequence[Relation]) -> list[str]:
    """The tiers of the program, the best first."""
    (prices,) = (relation for relation in relations if relation.name == "price_list")
    places = _after(prices.counts, "place: ")
    return sorted(places, key=places.__getitem__)


def _stopped(counts: Mapping[str, int], name: str) -> dict[str, Any]:
    return {count: counts.get(f"{count}: {name}", 0) for count in COUNTS} | {
        "reasons": _after(counts, f"reasons: {name}: ")
    }


def _after(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): count for name, count in counts.items() if name.startswith(prefix)}
