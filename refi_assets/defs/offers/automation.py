"""The jobs of each program, and their schedules, as the program's file says. All are off by default."""

from typing import cast

import dagster as dg

from refi_assets.defs.offers import OFFERS
from refi_assets.offers.policy import ProgramPolicy
from refi_assets.orchestration.automation import cron_schedule_of
from refi_assets.orchestration.jobs import program_jobs
from refi_assets.specs.policies import policy_of
from refi_assets.specs.programs import ProgramFile, programs_of

HOURS_AFTER_BATCH = 2


@dg.definitions
def program_automation() -> dg.Definitions:
    """The batch and the export of every program."""
    return dg.Definitions.merge(*map(_of_program, programs_of(OFFERS.name)))


def _of_program(file: ProgramFile) -> dg.Definitions:
    program = cast(ProgramPolicy, policy_of(file.key)).program
    batch, export = jobs = program_jobs(file.key, OFFERS, "export")
    schedules = [cron_schedule_of(OFFERS, f"{batch.name}_batch", program.batch_cron, batch.name)]
    if (cron := export_cron(program.batch_cron)) is not None:
        schedules.append(cron_schedule_of(OFFERS, f"{export.name}_after_batch", cron, export.name))
    return dg.Definitions(jobs=jobs, schedules=schedules if program.enabled else [])


def export_cron(batch_cron: str) -> str | None:
    """A quarter past the second hour after the batch: 04:15 after 02:00. None if that is not on the batch's days.

    The batch exports, too; this repeats it after a failure.
    """
    _, hour, *days = batch_cron.split()
    is_same_day = hour.isdigit() and int(hour) + HOURS_AFTER_BATCH < 24
    return " ".join(("15", str(int(hour) + HOURS_AFTER_BATCH), *days)) if is_same_day else None
