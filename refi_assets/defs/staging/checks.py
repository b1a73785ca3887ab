"""Asset checks of the staging group: is every row accounted for, and are few enough in quarantine?

The numbers are those that staging counted while it read the files.
"""

import dagster as dg

from refi_assets.defs.asset_checks import Check, CheckedStep, checks_of
from refi_assets.specs.checks import Outcome, equal, none_of, not_above
from refi_assets.specs.contracts import load_contracts


def every_row_accounted_for(step: CheckedStep) -> Outcome:
    """Rows in the files = accepted + quarantined."""
    return equal(
        step.relation.rows + sum(step.relation.details["quarantined"].values()),
        step.relation.counts["source_rows"],
        "rows in the files",
    )


def keys_unique(step: CheckedStep) -> Outcome:
    """Accepted rows have distinct keys."""
    return none_of(step.relation.rows - step.relation.details["keys"], what="rows with a key that another row has")


def quarantine_is_small(step: CheckedStep) -> Outcome:
    """Quarantined rows of all rows."""
    details = step.relation.details
    return not_above(
        sum(details["quarantined"].values()),
        step.relation.counts["source_rows"],
        step.policy.checks.quarantine_ratio_pct,
        details["quarantined_borrower_ids"],
    )


def no_cell_nulled(step: CheckedStep) -> Outcome:
    """Bad cells in columns that are not required."""
    nulled = step.relation.details["nulled"]
    outcome = none_of(sum(nulled.values()), blocks=False, what="cells")
    return Outcome(**{**vars(outcome), "description": ", ".join(f"{k}: {v}" for k, v in nulled.items()) or None})


CHECKS = [
    Check("every_row_accounted_for", "Rows in the files = rows accepted + rows quarantined.", every_row_accounted_for),
    Check("keys_unique", "No two accepted rows have the same key.", keys_unique),
    Check("quarantine_is_small", "Few rows of the source are in quarantine.", quarantine_is_small),
    Check("no_cell_nulled", "No bad cell of an optional column became null.", no_cell_nulled, may_block=False),
]


@dg.definitions
def checks() -> dg.Definitions:
    """The checks of every source, and of the quarantine as a whole."""
    contracts = load_contracts()

    def quarantine_is_whole(step: CheckedStep) -> Outcome:
        staged = [step.input(f"staging/{source}") for source in contracts]
        return equal(step.relation.rows, sum(one.counts["quarantined"] for one in staged), "rows quarantined by source")

    whole = Check("quarantine_is_whole", "It holds every row that a source lost.", quarantine_is_whole)
    return dg.Definitions(
        asset_checks=[
            *(checks_of(f"staging/{source}", CHECKS) for source in contracts),
            checks_of("staging/quarantine", [whole]),
        ]
    )
