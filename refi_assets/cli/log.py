"""refi log: the events of a run, from Dagster's instance, with messages and tracebacks of errors."""

import os
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from refi_assets.cli.terminal import Terminal
from refi_assets.errors import RefiError
from refi_assets.orchestration.steps import asset_of_step
from refi_assets.project import set_dagster_home
from refi_assets.settings import PROJECT_DIR, PlatformSettings, settings_of


def show_log(run_id: str) -> None:
    """Print the log of a run, failures with their tracebacks. Raises RefiError if the instance has no such run."""
    set_dagster_home(PROJECT_DIR)
    console = Terminal()
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        if run is None:
            raise RefiError(f"Dagster's instance in {os.environ['DAGSTER_HOME']} has no run {run_id}.")
        console.say(f"Run {run.run_id}, job {run.job_name}: {run.status.value}")
        for entry in instance.all_logs(run_id):
            event = entry.dagster_event
            at = datetime.fromtimestamp(entry.timestamp, ZoneInfo(settings_of(PlatformSettings).time_zone))
            kind = event.event_type.name if event else "LOG"
            where = asset_of_step(entry.step_key) if entry.step_key else ""
            message = (event.message if event else entry.user_message) or ""
            console.say(" ".join(filter(None, (f"{at:%Y-%m-%d %H:%M:%S}", kind, where, message))))
            if event and event.event_type == dg.DagsterEventType.STEP_FAILURE and event.step_failure_data.error:
                console.say(event.step_failure_data.error.to_string(), style="red")
