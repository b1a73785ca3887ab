"""Asset checks of the catalog group: has the schema of a source changed since its last snapshot?"""

from typing import Any

import dagster as dg

from refi_assets.defs.asset_checks import Check, CheckedStep, checks_of
from refi_assets.specs.checks import no_column_lost, no_column_new, types_unchanged
from refi_assets.specs.contracts import Contract, load_contracts


def catalog_checks(contract: Contract) -> dg.AssetChecksDefinition:
    """The checks of one source."""
    return checks_of(
        f"catalog/{contract.source}",
        [
            Check(
                "no_column_lost",
                "No column of the contract that the last snapshot had is missing.",
                lambda step: no_column_lost(contract, _inferred(step), _inferred_before(step)),
            ),
            Check(
                "no_column_new",
                "No column came that neither the contract nor the last snapshot has. It is ignored.",
                lambda step: no_column_new(contract, _inferred(step), _inferred_before(step)),
                may_block=False,
            ),
            Check(
                "inferred_types_unchanged",
                "A crawler would infer the same types as from the last snapshot.",
                lambda step: types_unchanged(_inferred(step), _inferred_before(step)),
                may_block=False,
            ),
        ],
    )


def _inferred(step: CheckedStep) -> dict[str, str]:
    inferred: dict[str, str] = step.relation.details["inferred"]
    return inferred


def _inferred_before(step: CheckedStep) -> dict[str, str] | None:
    before: dict[str, Any] | None = step.relation.details["inferred_before"]
    return before


@dg.definitions
def checks() -> dg.Definitions:
    """The checks of every source."""
    return dg.Definitions(asset_checks=[catalog_checks(contract) for contract in load_contracts().values()])
