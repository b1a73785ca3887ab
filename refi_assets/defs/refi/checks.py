"""Asset checks of the refi group, which must pass before an audience may be published.

Limits come from policies/refi/refi.yaml; the SQL that finds rows that break a rule is in sql/refi/checks/.
Checks on the source files themselves belong to orchestration/sources/.
"""

from dataclasses import replace

from refi_assets.orchestration.asset_checks import Check, CheckedStep
from refi_assets.specs.outcomes import Outcome, less_than, most_frequent, not_above, not_below
from refi_assets.specs.policies import Above, At, Below
from refi_assets.specs.sql_models import load_sql_models


def borrowers_match(step: CheckedStep, limits: Below) -> Outcome:
    """The share of accepted borrowers that are unified."""
    borrowers = step.input("staging/borrower_information").rows
    outcome = not_below(step.relation.counts["borrowers"], borrowers, limits)
    if outcome.passed:
        return outcome
    differences = [*_differences(step, "loan_information"), *_differences(step, "home_of_loan")]
    causes = most_frequent(step.rows_by("refi/unmatched_borrowers", "reason"))
    return replace(outcome, causes=causes, description="; ".join(differences) or None)


def audience_not_empty(step: CheckedStep) -> Outcome:
    """Somebody is in the audience."""
    counts = step.input("refi/refi_eligibility").counts
    reasons = {name: rows for name, rows in counts.items() if ": " not in name and name != "eligible"}
    rows = step.relation.rows
    return Outcome(rows > 0, rows, "at least 1 borrower", causes=most_frequent(reasons))


def audience_share_is_plausible(step: CheckedStep, limits: Above) -> Outcome:
    """The share of accepted borrowers that are in the audience."""
    borrowers = step.input("staging/borrower_information").rows
    return not_above(step.relation.rows, borrowers, limits)


def loans_match(step: CheckedStep, limits: At) -> Outcome:
    """Accepted loans without an accepted borrower."""
    return _without_partner(step, "loan_information", "loans_without_borrower", limits)


def engagement_matches(step: CheckedStep, limits: At) -> Outcome:
    """Accepted engagement without an accepted borrower."""
    return _without_partner(step, "borrower_engagement", "engagement_without_borrower", limits)


def offers_match(step: CheckedStep, limits: At) -> Outcome:
    """Accepted offers for a home that no accepted loan or borrower names."""
    return _without_partner(step, "market_equity", "offers_without_home", limits)


def _without_partner(step: CheckedStep, source: str, count: str, limits: At) -> Outcome:
    rows, unmatched = step.input(f"staging/{source}").rows, step.relation.counts[count]
    outcome = less_than(unmatched, rows, limits)
    if outcome.passed:
        return outcome
    sentences = [f"{unmatched:,} of {rows:,} {IDS[source][0]} have no partner", *_differences(step, source)]
    return replace(outcome, description="; ".join(sentences))


# Source -> the rows that have the id, the ids that it should match, and the relation of the rows.
IDS = {
    "loan_information": ("loans", "a borrower's id", "loan_information"),
    "borrower_engagement": ("rows of engagement", "a borrower's id", "borrower_engagement"),
    "market_equity": ("offers", "a known home's id", "market_equity"),
    "home_of_loan": ("homes of loans", "an offer's property_id", "loan_information"),
}


def _differences(step: CheckedStep, source: str) -> list[str]:
    """Sentences on ids without a partner that differ from a partner's only in how they are written."""
    rows_name, partners, relation = IDS[source]
    rows = step.input(f"staging/{relation}").rows
    sentences = []
    for row in step.ask(load_sql_models()["refi/answers/ids_without_partner"], source=source):
        if row["differs_by"] is not None:
            sentences.append(
                f"{row['amount']:,} of {rows:,} {rows_name} differ from {partners} only by {row['differs_by']}"
            )
        if row["would_be_one"] is not None:
            sentences.append(f"without these, {row['would_be_one']} would be one id")
    return sentences


OF_JUDGED_OFFERS = [
    Check(
        "offers_match",
        "Most offers are for a known home.",
        offers_match,
        may_block=False,
        limits="checks.unmatched_others_pct",
    ),
]
OF_UNIFIED_DATASET = [
    Check(
        "borrowers_match",
        "Most borrowers have a loan and a market offer.",
        borrowers_match,
        limits="checks.match_ratio_pct",
    ),
    Check(
        "engagement_matches",
        "Most engagement has a borrower.",
        engagement_matches,
        may_block=False,
        limits="checks.unmatched_others_pct",
    ),
]
OF_UNMATCHED_BORROWERS = [
    Check("loans_match", "Most loans have a borrower.", loans_match, limits="checks.unmatched_loans_pct"),
]
OF_AUDIENCE = [
    Check("audience_not_empty", "Somebody is in the audience.", audience_not_empty),
    Check(
        "audience_share_is_plausible",
        "Not nearly everybody is in the audience.",
        audience_share_is_plausible,
        limits="checks.audience_share_pct",
    ),
]
