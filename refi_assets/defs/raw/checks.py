"""Asset checks of the raw group: is the snapshot young and large enough to go on with?"""

from datetime import date

import dagster as dg

from refi_assets.defs.asset_checks import Check, CheckedStep, checks_of
from refi_assets.specs.checks import Outcome, current, not_fallen
from refi_assets.specs.contracts import Contract, load_contracts


def raw_checks(contract: Contract) -> dg.AssetChecksDefinition:
    """The checks of one source."""

    def source_is_current(step: CheckedStep) -> Outcome:
        load_date = date.fromisoformat(step.relation.details["snapshot"]["load_date"])
        return current(contract, load_date, step.as_of)

    def rows_not_fallen(step: CheckedStep) -> Outcome:
        before = step.relation.details["previous"]
        rows_before = sum(file["rows"] for file in before["files"]) if before else None
        return not_fallen(step.relation.rows, rows_before, step.policy.checks.source_rows_change_pct)

    return checks_of(
        f"raw/{contract.source}",
        [
            Check("source_is_current", "The load date is not older than the source is due.", source_is_current, False),
            Check("rows_not_fallen", "The snapshot has about as many rows as the one before.", rows_not_fallen),
        ],
    )


@dg.definitions
def checks() -> dg.Definitions:
    """The checks of every source."""
    return dg.Definitions(asset_checks=[raw_checks(contract) for contract in load_contracts().values()])
