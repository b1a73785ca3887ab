"""Asset checks of the identity group: are persons plausible, and is every decision of people kept?

Limits come from policies/refi/refi.yaml; the SQL that finds rows that break a rule is in sql/identity/checks/.
"""

import dagster as dg

from refi_assets.defs.identity import IDENTITY
from refi_assets.identity import HISTORY, PAIRS, PERSONS, QUEUE
from refi_assets.identity.details import PairsDetails, PersonsDetails
from refi_assets.identity.settings import IdentitySettings
from refi_assets.lake import RunFolder
from refi_assets.orchestration.asset_checks import Check, CheckedStep, relation_checks
from refi_assets.settings import settings_of
from refi_assets.specs.outcomes import Outcome, share_pct
from refi_assets.specs.policies import Bounds, Change


def expected_duplicates_are_plausible(step: CheckedStep, limits: Bounds) -> Outcome:
    """The pairs that the model expects, in percent of the records: its prior in familiar units."""
    model = step.relation.details_as(PairsDetails).model
    limit = f"warns below {limits.warn_below} %, above {limits.warn_above} %"
    if model is None:
        return Outcome(True, 0, limit, blocks=False, description="no model")
    share = 100 * model["expected_pairs"] / max(model["records"], 1)
    return Outcome(limits.warn_below <= share <= limits.warn_above, round(share, 3), limit, blocks=False)


def largest_cluster_is_plausible(step: CheckedStep, limit: int) -> Outcome:
    """The largest number of records of one person."""
    largest = step.relation.counts["largest cluster"]
    return Outcome(largest <= limit, largest, f"at most {limit} records of one person")


def clustered_share_is_steady(step: CheckedStep, limits: Change) -> Outcome:
    """The share of records that share a person, against that of the run whose ids were kept."""
    limit = f"warns beyond {limits.warn_beyond} percentage points"
    previous = step.relation.details_as(PersonsDetails).previous_run
    before = RunFolder(step.lake, previous).find(step.relation.key) if previous else None
    if before is None:
        return Outcome(True, 0, f"{limit}; no run before to compare with", blocks=False)
    now, then = (share_pct(persons.counts["records in clusters"], persons.rows) for persons in (step.relation, before))
    return Outcome(abs(now - then) <= limits.warn_beyond, float(now - then), limit, blocks=False)


def report_written(step: CheckedStep) -> Outcome:
    """Whether the page about the matching was written, if there was a model."""
    failure = step.relation.details_as(PersonsDetails).report_failure
    return Outcome(failure is None, int(failure is not None), "0 failures", blocks=False, description=failure)


EXPECTED_DUPLICATES = Check(
    "expected_duplicates_are_plausible",
    "The model expects neither too few nor too many duplicates.",
    expected_duplicates_are_plausible,
    may_block=False,
    limits="identity.expected_duplicates_pct",
)
CHECKS_OF_PERSONS = [
    Check(
        "largest_cluster",
        "Nobody has too many records.",
        largest_cluster_is_plausible,
        limits="identity.largest_cluster",
    ),
    Check(
        "clustered_share_is_steady",
        "About as many records share a person as in the run before.",
        clustered_share_is_steady,
        may_block=False,
        limits="identity.clustered_share_pct",
    ),
    Check("report_written", "The page about the matching was written.", report_written, may_block=False),
]


@dg.definitions
def identity_checks() -> dg.Definitions:
    """The checks of pairs, the queue, persons and their history; none if matching is off."""
    if not settings_of(IdentitySettings).is_matching_on:
        return dg.Definitions()
    own = {PAIRS: [EXPECTED_DUPLICATES], QUEUE: [], PERSONS: CHECKS_OF_PERSONS, HISTORY: []}
    return dg.Definitions(asset_checks=[relation_checks(IDENTITY, key, checks) for key, checks in own.items()])
