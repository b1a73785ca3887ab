"""The log of runs if REFI_LOG_FORMAT is json: one line for each event, with its run and asset.

The format of a line is in refi_assets/observability/json_logs.py.
"""

import logging
from typing import Any

import dagster as dg

from refi_assets.observability.json_logs import Fields, JsonFormatter, stderr_handler
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.orchestration.steps import asset_of_step, failure_reason
from refi_assets.settings import settings_of


class EventFormatter(JsonFormatter):
    """Formats the events of a run and the log messages of its steps."""

    def fields(self, record: logging.LogRecord) -> Fields:
        """Run, job and asset; for an event also its type, and for a failure the reason."""
        context: dict[str, Any] = getattr(record, "dagster_meta", {})
        event: dg.DagsterEvent | None = context.get("dagster_event")
        step = context.get("step_key")
        fields: Fields = {
            "run_id": context.get("run_id"),
            "job": context.get("job_name"),
            "asset": asset_of_step(step) if step else None,
            "event": "LOG",
            "message": context.get("orig_message"),
        }
        if event is None:
            return fields
        return fields | {"event": event.event_type.name} | _message_fields(event, context.get("run_id") or "")


def _message_fields(event: dg.DagsterEvent, run_id: str) -> Fields:
    """The message of an event, and for a failed check the level of its severity."""
    message = event.message or ""
    if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        check = event.asset_check_evaluation_data
        if check.passed:
            return {"message": f"{check.check_name} passed: {check.description}"}
        level = "ERROR" if check.severity == dg.AssetCheckSeverity.ERROR else "WARNING"
        return {"level": level, "message": f"{check.check_name} failed: {check.description}"}
    if event.event_type == dg.DagsterEventType.STEP_FAILURE:
        return {"message": f"{message} {failure_reason(event, run_id) or 'A blocking check failed.'}"}
    return {"message": message}


def json_console(context: dg.InitLoggerContext) -> logging.Logger:
    """The logger of one run: one JSON object per line, on stderr."""
    logger = logging.Logger("refi_assets", level=str(context.logger_config["log_level"]).upper())
    logger.addHandler(stderr_handler(EventFormatter()))
    return logger


def log_runs_as_json() -> None:
    """Make Dagster's console logger write JSON if REFI_LOG_FORMAT is json.

    Dagster 1.13 uses a logger of Definitions only in runs whose configuration names it; runs of the sensor, the UI and
    `dg launch` do not, and use the console logger. The `python_logs` of an instance add a handler but keep the text.
    """
    if settings_of(ObservabilitySettings).log_format == "json":
        dg.colored_console_logger._logger_fn = json_console  # there is no public way
