"""The sensor that alerts people: it finds failures, overdue assets, and numbers that they want to know each day.

Its cursor records the runs it has looked at and the alerts it has sent. The text of an alert, and when it is sent
again, belong to observability/alerts.py.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy

from refi_assets.errors import SettingError
from refi_assets.observability.alerts import Alert, AlertMemory, send_due_alerts, sns_sender
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.orchestration.partitions import now
from refi_assets.orchestration.steps import asset_of_step, failure_reason
from refi_assets.settings import PlatformSettings, settings_of

Event = dg.DagsterEventType

DAILY_NOTICE = "refi/daily_notice"  # metadata of an asset: the count of it that people are told, once a day


@dg.sensor(
    minimum_interval_seconds=30,
    description="Reports failed runs, failed blocking checks, overdue assets and daily numbers to the SNS topic.",
    default_status=(
        dg.DefaultSensorStatus.RUNNING
        if settings_of(ObservabilitySettings).alerts_topic_arn
        else dg.DefaultSensorStatus.STOPPED
    ),
)
def alerts(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Look at the instance once. Alerts that could not be sent stay in the cursor for the next tick."""
    topic = settings_of(ObservabilitySettings).alerts_topic_arn
    if not topic:
        return dg.SensorResult(skip_reason=dg.SkipReason("REFI_ALERTS_TOPIC_ARN is not set."), cursor=context.cursor)
    memory = AlertMemory.model_validate_json(context.cursor) if context.cursor else AlertMemory()
    at = now()
    due = [*_failures(context, memory.look_from(at)), *_overdue(context, at)]
    noticed = dict(memory.noticed)
    for asset, day, notice in _notices(context, memory.noticed, at):
        noticed[asset] = day
        due.append(notice)
    try:
        result = send_due_alerts(memory.model_copy(update={"noticed": noticed}), due, at, sns_sender(topic))
    except SettingError as error:  # nothing was looked at; the next look begins where this one did
        context.log.error(str(error))
        return dg.SensorResult(skip_reason=dg.SkipReason(str(error)), cursor=context.cursor)
    if result.problem:
        context.log.error(result.problem)
    message = f"{result.sent} alerts sent. {result.problem or ''}".strip()
    return dg.SensorResult(skip_reason=dg.SkipReason(message), cursor=result.memory.model_dump_json())


def _failures(context: dg.SensorEvaluationContext, since: datetime) -> Iterator[Alert]:
    """Alerts for runs of this code location that have failed since a time."""
    location = context.code_location_origin
    failed = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since)
    for record in context.instance.get_run_records(failed, order_by="update_timestamp", ascending=True):
        origin = record.dagster_run.remote_job_origin  # a run of the command line has none
        is_ours = location is None or origin is None or origin.location_name == location.location_name
        ended = record.end_time or record.update_timestamp.timestamp()
        if is_ours and ended >= since.timestamp():  # a new tag also updates a run
            yield from _why_failed(context.instance, record.dagster_run, _time(ended))


def _why_failed(instance: dg.DagsterInstance, run: dg.DagsterRun, ended: datetime) -> Iterator[Alert]:
    """The blocking checks and the steps by which a run failed; or the run itself, if it has no such cause."""
    day = run.tags.get("dagster/partition")
    place = {"run": f"{run.run_id}, job {run.job_name}" + (f", as of {day}" if day else ""), "link": _link(run.run_id)}
    reason: str | None
    is_explained = False
    for entry in instance.all_logs(run.run_id, of_type={Event.STEP_FAILURE, Event.ASSET_CHECK_EVALUATION}):
        event, at = entry.get_dagster_event(), _time(entry.timestamp)
        if event.event_type == Event.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if check.passed or not check.blocking or check.severity != dg.AssetCheckSeverity.ERROR:
                continue
            kind, what = "check_failed", f"Blocking check {check.check_name} failed"
            where, reason = check.asset_key.to_user_string(), check.description or ""
        else:
            kind, what = "run_failed", "Run failed"
            where, reason = asset_of_step(event.step_key or ""), failure_reason(event, run.run_id)
            if reason is None:
                continue
        yield Alert(kind=kind, what=what, where=where, since=at, seen=at, reason=reason, **place)
        is_explained = True
    if not is_explained:
        reason = "No step reports why: its process was lost or could not start."
        where = f"job {run.job_name}"
        yield Alert(kind="run_failed", what="Run failed", where=where, since=ended, seen=ended, reason=reason, **place)


def _overdue(context: dg.SensorEvaluationContext, at: datetime) -> Iterator[Alert]:
    """Assets whose last materialization is older than their freshness policy allows.

    The rule is that of Dagster's own daemon, which does not record when an asset became overdue. An asset that was
    never materialized is not overdue.
    """
    assert context.repository_def is not None  # noqa: S101 - the daemon passes it, and so must a test
    for node in context.repository_def.asset_graph.asset_nodes:
        policy = node.freshness_policy
        if not isinstance(policy, TimeWindowFreshnessPolicy):
            continue
        latest = context.instance.get_latest_materialization_event(node.key)
        if latest is None:
            continue
        window = policy.fail_window.to_timedelta()
        due = _time(latest.timestamp) + window
        if at >= due:
            yield Alert(
                kind="overdue",
                what="Overdue",
                where=node.key.to_user_string(),
                since=due,
                seen=at,
                reason=f"It is due every {_days(window)} and was last materialized {due - window:%Y-%m-%d %H:%M}.",
                run=f"{latest.run_id}, the last that materialized it",
                link=_link(latest.run_id),
            )


def _notices(
    context: dg.SensorEvaluationContext, noticed: Mapping[str, date], at: datetime
) -> Iterator[tuple[str, date, Alert]]:
    """The numbers above zero of assets with a daily notice, each with the asset and its as-of day.

    A number is that of the newest materialization, if its run has succeeded. Further runs as of the same day or of an
    earlier one are silent.
    """
    assert context.repository_def is not None  # noqa: S101 - as above
    for node in context.repository_def.asset_graph.asset_nodes:
        count, asset = node.metadata.get(DAILY_NOTICE), node.key.to_user_string()
        event = context.instance.get_latest_materialization_event(node.key) if count else None
        materialization = event and event.asset_materialization
        if not event or not materialization or not materialization.partition:
            continue
        day, number = date.fromisoformat(materialization.partition[:10]), materialization.metadata[str(count)].value
        run = context.instance.get_run_by_id(event.run_id)
        if not number or day <= noticed.get(asset, date.min) or run is None or not run.is_success:
            continue
        notice = Alert(
            kind="notice",
            what=str(count).replace("_", " ").capitalize(),
            where=f"{asset}, as of {day}",
            since=_time(event.timestamp),
            seen=at,
            reason=f"Their number is {number:,}.",
            run=f"{run.run_id}, job {run.job_name}",
            link=_link(run.run_id),
        )
        yield asset, day, notice


def _days(window: timedelta) -> str:
    return "day" if window == timedelta(days=1) else f"{window / timedelta(days=1):g} days"


def _time(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, ZoneInfo(settings_of(PlatformSettings).time_zone))


def _link(run_id: str) -> str:
    return f"{settings_of(ObservabilitySettings).ui_url.rstrip('/')}/runs/{run_id}"
