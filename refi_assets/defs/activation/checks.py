"""Asset checks of the activation domain, on what follows a publication. None of them blocks."""

from dataclasses import replace

import dagster as dg

from refi_assets.defs.activation import ACTIVATION
from refi_assets.defs.activation.assets import NUMBERS, NumbersDetails
from refi_assets.orchestration.asset_checks import Check, CheckedStep, checks_of
from refi_assets.specs.outcomes import Outcome, none_of


def numbers_complete(step: CheckedStep) -> Outcome:
    """Whether the run's numbers could be compared and sent."""
    problems = step.relation.details_as(NumbersDetails).problems
    return replace(none_of(len(problems), blocks=False, unit="problems"), description=" ".join(problems) or None)


@dg.definitions
def activation_checks() -> dg.Definitions:
    """The check of the run's numbers."""
    complete = Check("numbers_complete", "The run's numbers are compared and sent.", numbers_complete, may_block=False)
    return dg.Definitions(asset_checks=[checks_of(ACTIVATION, NUMBERS, [complete])])
