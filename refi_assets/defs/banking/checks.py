"""Asset checks of the banking domain that are more than SQL: every staged row is in silver or in its quarantine.

The SQL that finds rows that break a rule is in sql/banking/silver/checks/ and sql/banking/gold/checks/.
"""

from refi_assets.orchestration.asset_checks import Check, CheckedStep
from refi_assets.specs.contracts import contracts_of
from refi_assets.specs.outcomes import Outcome, equal


def every_staged_row_accounted_for(step: CheckedStep) -> Outcome:
    """Staged rows = silver rows + rows in silver's quarantine."""
    source = step.relation.key.rpartition("/")[2]
    refused = step.input("silver/quarantine").counts.get(source, 0)
    staged = step.input(f"staging/{source}").rows
    return equal(step.relation.rows + refused, staged, "staged rows")


ACCOUNTED_FOR = {
    f"silver/{source}": [
        Check(
            "every_staged_row_accounted_for",
            "Staged rows = rows in silver + rows in silver's quarantine.",
            every_staged_row_accounted_for,
        )
    ]
    for source in contracts_of("banking")
}
