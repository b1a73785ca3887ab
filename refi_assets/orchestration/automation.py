"""The automatic starts of a domain's job: a sensor on arrivals in the raw zone, and a schedule."""

from datetime import date, datetime, timedelta

import dagster as dg

from refi_assets.errors import LakeError
from refi_assets.ingestion.arrival_events import Woken, ask_queue
from refi_assets.ingestion.arrivals import Seen, look_for_arrivals
from refi_assets.ingestion.raw_zone import Place
from refi_assets.ingestion.settings import IngestionSettings
from refi_assets.orchestration import partitions
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.jobs import domain_job
from refi_assets.orchestration.resources import LakeResource
from refi_assets.settings import PlatformSettings, settings_of
from refi_assets.specs.contracts import contracts_of


def automation(
    domain: Domain, groups: tuple[str, ...], *, sensor: str, schedule: str, cron_schedule: str
) -> dg.Definitions:
    """The job of a domain over these groups, the sensor on its sources, and a schedule that is off by default."""
    return dg.Definitions(
        jobs=[domain_job(domain.name, groups, domain.cadence)],
        sensors=[_arrivals(domain, sensor)],
        schedules=[domain_schedule(domain, schedule, cron_schedule)],
    )


def _arrivals(domain: Domain, name: str) -> dg.SensorDefinition:
    is_on = settings_of(IngestionSettings).watch

    @dg.sensor(
        name=name,
        job_name=domain.name,
        minimum_interval_seconds=15,
        description="Requests a run when the snapshot in the raw zone has changed and is complete.",
        default_status=dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED,
    )
    def arrivals(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        """Look at the raw zone once. The cursor moves together with the request, or not at all.

        The messages of a queue, if there is one, name the places to look at. The next tick deletes them, since the
        cursor is stored by then.
        """
        return tick(domain, context.cursor, lake, partitions.now())

    return arrivals


def tick(domain: Domain, cursor: str | None, lake: LakeResource, at: datetime) -> dg.SensorResult:
    """One tick of the sensor at a given time."""
    seen = Seen.model_validate_json(cursor) if cursor else Seen()
    contracts = contracts_of(domain.name).items()
    due_every_days = {source: contract.due_every_days for source, contract in contracts if not contract.is_own_record}
    partition = partitions.partition_key(domain.cadence, at)
    as_of = partitions.as_of_day(domain.cadence, partition)
    woken = Woken()
    try:
        objects = lake.open()
        woken = ask_queue(settings_of(IngestionSettings).arrivals_queue_url, objects, due_every_days, seen)
        quiet = timedelta(minutes=settings_of(IngestionSettings).quiet_minutes)
        arrivals = look_for_arrivals(objects, due_every_days, seen, as_of, at, quiet, woken.places)
    except LakeError as error:  # the next look may find it
        kept = seen if woken.places is None else _recorded(seen, woken, woken.places)
        return dg.SensorResult(skip_reason=dg.SkipReason(f"{error}{woken.message}"), cursor=kept.model_dump_json())
    requests = [_request(arrivals.run_key, partition, arrivals.new)] if arrivals.run_key else []
    skip_reason = None if requests else dg.SkipReason(f"{arrivals.message}{woken.message}")
    seen = _recorded(arrivals.seen, woken, woken.new)
    return dg.SensorResult(run_requests=requests, skip_reason=skip_reason, cursor=seen.model_dump_json())


def _recorded(seen: Seen, woken: Woken, places: list[Place]) -> Seen:
    """Add the places that the next tick must look at, and the messages that it can delete."""
    return seen.model_copy(update={"woken": places, "receipts": woken.receipts})


def _request(run_key: str, partition: str | None, new: dict[str, date]) -> dg.RunRequest:
    tags = {f"refi/new_{source}": f"load_date={load_date}" for source, load_date in new.items()}
    return dg.RunRequest(run_key=run_key, partition_key=partition, tags=tags)


def domain_schedule(domain: Domain, name: str, cron_schedule: str, job_name: str = "") -> dg.ScheduleDefinition:
    """A schedule of a domain's job, or of another job over its assets, by the lender's clock."""
    zone = settings_of(PlatformSettings).time_zone
    return cron_schedule_of(domain, name, cron_schedule, job_name or domain.name, zone)


def cron_schedule_of(
    domain: Domain, name: str, cron_schedule: str, job_name: str, time_zone: str = "UTC"
) -> dg.ScheduleDefinition:
    """A schedule of a job in a time zone; off by default. A run is of the lender's partition at that moment."""

    @dg.schedule(
        name=name,
        job_name=job_name,
        cron_schedule=cron_schedule,
        execution_timezone=time_zone,
        description=f"By the clock of {time_zone}. Off by default.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """A run of the current partition."""
        partition = partitions.partition_key(domain.cadence, context.scheduled_execution_time)
        return dg.RunRequest(run_key=partition or context.scheduled_execution_time.isoformat(), partition_key=partition)

    return schedule
