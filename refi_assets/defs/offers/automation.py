"""The job of each program, and its schedule, as the program's file says."""

import dagster as dg

from refi_assets.defs.offers import OFFERS
from refi_assets.defs.offers.programs import own_programs
from refi_assets.orchestration.jobs import program_job


@dg.definitions
def program_automation() -> dg.Definitions:
    """A job for each program."""
    return dg.Definitions(jobs=[program_job(program.key, OFFERS.name, OFFERS.cadence) for program in own_programs()])
