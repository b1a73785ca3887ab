"""Asset checks of the refi group: what must hold before an audience may be published.

Limits come from policies/refi/refi.yaml; the SQL that finds what breaks a rule is in sql/refi/checks/.
Checks on the source files themselves belong to orchestration/sources/.
"""

import dagster as dg

from refi_assets.defs.refi import REFI
from refi_assets.orchestration.asset_checks import Check, CheckedStep, checks_of, sql_checks_of
from refi_assets.specs.checks import Outcome, not_above, not_below


def borrowers_match(step: CheckedStep) -> Outcome:
    """Unified borrowers of all accepted ones."""
    borrowers = step.input("staging/borrower_information").rows
    return not_below(step.relation.counts["borrowers"], borrowers, step.policy.checks.match_ratio_pct)


def audience_not_empty(step: CheckedStep) -> Outcome:
    """Somebody is in the audience."""
    return Outcome(step.relation.rows > 0, step.relation.rows, "at least 1 borrower")


def audience_share_is_plausible(step: CheckedStep) -> Outcome:
    """Borrowers in the audience of all accepted ones."""
    borrowers = step.input("staging/borrower_information").rows
    return not_above(step.relation.rows, borrowers, step.policy.checks.audience_share_pct)


@dg.definitions
def checks() -> dg.Definitions:
    """The checks of the refi group."""
    return dg.Definitions(
        asset_checks=[
            checks_of(REFI, "refi/judged_offer", sql_checks_of("refi/judged_offer")),
            checks_of(
                REFI,
                "refi/unified_refi_dataset",
                [
                    *sql_checks_of("refi/unified_refi_dataset"),
                    Check("borrowers_match", "Most borrowers have a loan and a market offer.", borrowers_match),
                ],
            ),
            checks_of(REFI, "refi/unmatched_borrowers", sql_checks_of("refi/unmatched_borrowers")),
            checks_of(REFI, "refi/refi_eligibility", sql_checks_of("refi/refi_eligibility")),
            checks_of(
                REFI,
                "refi/refi_audience",
                [
                    *sql_checks_of("refi/refi_audience"),
                    Check("audience_not_empty", "Somebody is in the audience.", audience_not_empty),
                    Check(
                        "audience_share_is_plausible",
                        "Not nearly everybody is in the audience.",
                        audience_share_is_plausible,
                    ),
                ],
            ),
        ]
    )
