"""The automatic starts of a job that trains models: on the first Monday of a month, and when drift asks for it.

Whether a model has drifted is the verdict of an asset check; what is compared, and with which limits, belongs to the
check.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
from pydantic import BaseModel

from refi_assets.orchestration import partitions
from refi_assets.orchestration.automation import domain_schedule
from refi_assets.orchestration.domain import Domain

FIRST_MONDAY = "0 3 * * 1#1"  # at 03:00; `0 3 1-7 * 1` would be every Monday and each of the first seven days


@dataclass(frozen=True)
class DriftVerdict:
    """The newest evaluation of a drift check. `number` grows from evaluation to evaluation, over all checks."""

    check: str
    number: int
    asks: bool


class RetrainingCursor(BaseModel):
    """The newest verdict for which retraining was requested, and when."""

    number: int = 0
    requested_at: datetime | None = None


def retraining(
    domain: Domain, job_name: str, drift_checks: Sequence[dg.AssetCheckKey], pause: timedelta
) -> dg.Definitions:
    """The schedule and the sensor of a job. Drift starts it again no sooner than `pause` after the last time."""

    @dg.sensor(
        name=f"{job_name}_on_drift",
        job_name=job_name,
        minimum_interval_seconds=300,
        description="Requests a run if the newest verdict of a drift check failed with an error, once per verdict.",
    )
    def on_drift(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        """Look at the newest verdicts once."""
        verdicts = _newest_verdicts(context.instance, drift_checks)
        return drift_tick(domain, verdicts, context.cursor, partitions.now(), pause)

    schedule = domain_schedule(domain, f"{job_name}_every_first_monday", FIRST_MONDAY, job_name)
    return dg.Definitions(schedules=[schedule], sensors=[on_drift])


def retraining_due(
    verdicts: Iterable[DriftVerdict], last: RetrainingCursor, at: datetime, pause: timedelta
) -> DriftVerdict | None:
    """The newest verdict that asks for retraining and has not been answered; None within the pause."""
    if last.requested_at is not None and at - last.requested_at < pause:
        return None
    unanswered = [verdict for verdict in verdicts if verdict.asks and verdict.number > last.number]
    return max(unanswered, key=lambda verdict: verdict.number, default=None)


def drift_tick(
    domain: Domain, verdicts: Iterable[DriftVerdict], cursor: str | None, at: datetime, pause: timedelta
) -> dg.SensorResult:
    """One tick of the sensor at a given time."""
    last = RetrainingCursor.model_validate_json(cursor) if cursor else RetrainingCursor()
    verdict = retraining_due(verdicts, last, at, pause)
    if verdict is None:
        return dg.SensorResult(skip_reason=dg.SkipReason("No new verdict asks for retraining."), cursor=cursor)
    request = dg.RunRequest(
        run_key=f"drift {verdict.number}",
        partition_key=partitions.partition_key(domain.cadence, at),
        tags={"refi/drift": verdict.check},
    )
    asked = RetrainingCursor(number=verdict.number, requested_at=at.astimezone(UTC))
    return dg.SensorResult(run_requests=[request], cursor=asked.model_dump_json())


def _newest_verdicts(instance: dg.DagsterInstance, checks: Sequence[dg.AssetCheckKey]) -> list[DriftVerdict]:
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    verdicts = []
    for key, record in records.items():
        evaluation = record.evaluation
        if evaluation is not None:  # else it has only been planned
            asks = not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR
            verdicts.append(DriftVerdict(key.to_user_string(), record.id, asks))
    return verdicts
