"""What starts a run without a hand: the sensor on arrivals in the raw zone, and the morning's schedule."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from refi_assets.errors import LakeError
from refi_assets.ingestion.arrival_events import Woken, ask_queue
from refi_assets.ingestion.arrivals import Seen, look
from refi_assets.ingestion.raw_zone import Place
from refi_assets.orchestration.jobs import REFI_JOB
from refi_assets.orchestration.resources import LakeResource
from refi_assets.settings import settings
from refi_assets.specs.contracts import load_contracts


def now() -> datetime:
    """The lender's time."""
    return datetime.now(ZoneInfo(settings().time_zone))


@dg.sensor(
    job_name=REFI_JOB,
    minimum_interval_seconds=15,
    description="Asks for a run when the snapshot in the raw zone has changed and is complete.",
    default_status=dg.DefaultSensorStatus.RUNNING if settings().watch else dg.DefaultSensorStatus.STOPPED,
)
def arrivals(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
    """One look at the raw zone. The cursor moves together with the request, or not at all.

    With a queue, its messages say where to look. They are deleted by the tick after, when the cursor has been stored.
    """
    return tick(context.cursor, lake, now())


def tick(cursor: str | None, lake: LakeResource, at: datetime) -> dg.SensorResult:
    """What the sensor does at a given time."""
    seen = Seen.model_validate_json(cursor) if cursor else Seen()
    due_every_days = {source: contract.due_every_days for source, contract in load_contracts().items()}
    woken = Woken()
    try:
        objects = lake.open()
        woken = ask_queue(settings().arrivals_queue_url, objects, due_every_days, seen)
        quiet = timedelta(minutes=settings().quiet_minutes)
        found = look(objects, due_every_days, seen, at.date(), at, quiet, woken.places)
    except LakeError as error:  # the next look may find it
        kept = seen if woken.places is None else _recorded(seen, woken, woken.places)
        return dg.SensorResult(skip_reason=dg.SkipReason(f"{error}{woken.message}"), cursor=kept.model_dump_json())
    requests = [_request(found.run_key, at.date(), found.new)] if found.run_key else []
    skip_reason = None if requests else dg.SkipReason(f"{found.message}{woken.message}")
    now_seen = _recorded(found.seen, woken, woken.new)
    return dg.SensorResult(run_requests=requests, skip_reason=skip_reason, cursor=now_seen.model_dump_json())


def _recorded(seen: Seen, woken: Woken, places: list[Place]) -> Seen:
    """With the places that the next tick must look at, and the messages that it can delete."""
    return seen.model_copy(update={"woken": places, "receipts": woken.receipts})


def _request(run_key: str, as_of: date, new: dict[str, date]) -> dg.RunRequest:
    tags = {f"refi/new_{source}": f"load_date={load_date}" for source, load_date in new.items()}
    return dg.RunRequest(run_key=run_key, partition_key=as_of.isoformat(), tags=tags)


@dg.schedule(
    job_name=REFI_JOB,
    cron_schedule="0 6 * * *",
    execution_timezone=settings().time_zone,
    description="Every morning at six, the lender's time. Off unless turned on.",
)
def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """A run as of the day on which the morning dawns."""
    day = context.scheduled_execution_time.astimezone(ZoneInfo(settings().time_zone)).date()
    return dg.RunRequest(run_key=day.isoformat(), partition_key=day.isoformat())


@dg.definitions
def automation() -> dg.Definitions:
    """The sensor and the schedule."""
    return dg.Definitions(sensors=[arrivals], schedules=[every_morning])
