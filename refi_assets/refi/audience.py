"""The refi publication: the audience, what its manifest says besides, and the relations behind one.

What is in the file is decided by sql/activation/audience_file.sql; how it is published belongs to publishing/.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from refi_assets.lake import Relation
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.publish import source_counts
from refi_assets.publishing.published import PublishedRun
from refi_assets.specs.sql_models import DIALECT, load_sql_models

AUDIENCE = Publication("refi", contents="audience")

WITHOUT_PARTNER = ("engagement_without_borrower", "offers_without_home")  # measured since contracts have parties

PERSONS = "identity/resolved_borrower"


class PublishedAudience(PublishedRun):
    """One published audience."""

    @cached_property
    def relations(self) -> list[Relation]:
        """Everything behind the audience. Raises LakeError where it is not kept any more."""
        relations = super().relations
        if PERSONS in self.manifest["relations"]:
            return relations
        # Published before records were matched: every borrower was a person.
        persons = load_sql_models()[PERSONS].bind({}).sql(DIALECT)
        return [*relations, Relation(key=PERSONS, run_id=self.run_id, as_of=self.as_of, kind="view", sql=persons)]


def counts(relations: Sequence[Relation]) -> dict[str, Any]:
    """Everything that was counted on the way to an audience, by what it says."""
    by_key = {relation.key: relation for relation in relations}
    unmatched, eligibility = dict(by_key["refi/unmatched_borrowers"].counts), by_key["refi/refi_eligibility"].counts
    loans_without_borrower = unmatched.pop("loans_without_borrower")
    unified = by_key["refi/unified_refi_dataset"]
    return {
        "sources": source_counts(relations),
        "unified": unified.rows,
        "eligible": eligibility["eligible"],
        "unmatched": unmatched,
        "loans_without_borrower": loans_without_borrower,
        **{name: unified.counts[name] for name in WITHOUT_PARTNER if name in unified.counts},
        "tiers": _tiers(eligibility),
        "audience_tiers": _tiers(by_key["refi/refi_audience"].counts),
    }


def _tiers(measured: dict[str, int]) -> dict[str, int]:
    return {name.removeprefix("tier: "): amount for name, amount in measured.items() if name.startswith("tier: ")}
