"""Retraining starts on the first Monday of a month, and once for each verdict of drift."""

import calendar
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.retraining import (
    DriftVerdict,
    RetrainingCursor,
    drift_tick,
    retraining,
    retraining_due,
)

NEW_YORK = ZoneInfo("America/New_York")
MODELS = Domain("ml", cadence="daily")
WEEK = timedelta(days=7)
AT = datetime(2026, 5, 4, 9, tzinfo=NEW_YORK)

# From a printed calendar of 2026.
FIRST_MONDAYS_OF_2026 = [
    *("2026-01-05", "2026-02-02", "2026-03-02", "2026-04-06", "2026-05-04", "2026-06-01"),
    *("2026-07-06", "2026-08-03", "2026-09-07", "2026-10-05", "2026-11-02", "2026-12-07"),
]


@dg.asset(key=["ml", "a_model"], partitions_def=partitions("daily"))
def trained_model() -> None:
    """A model."""


@dg.asset_check(asset=trained_model)
def inputs_as_in_training(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """A drift check whose result is a tag of its run."""
    passed, _, severity = context.run.tags["result"].partition(" ")
    return dg.AssetCheckResult(passed=passed == "passed", severity=dg.AssetCheckSeverity(severity or "ERROR"))


CHECK = next(iter(inputs_as_in_training.check_keys))
RETRAIN = dg.define_asset_job("retrain", dg.AssetSelection.assets("ml/a_model"))


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    parts = dg.Definitions(assets=[trained_model], asset_checks=[inputs_as_in_training], jobs=[RETRAIN])
    return dg.Definitions.merge(parts, retraining(MODELS, "retrain", [CHECK], WEEK))


def starts(definitions: dg.Definitions, after: datetime, count: int) -> list[datetime]:
    """When Dagster starts the schedule."""
    schedule = definitions.resolve_schedule_def("retrain_every_first_monday")
    times = schedule_execution_time_iterator(
        after.timestamp(), schedule.cron_schedule, schedule.execution_timezone, ascending=True
    )
    return [next(times) for _ in range(count)]


def test_dagster_starts_retraining_on_the_twelve_first_mondays_of_2026(definitions):
    times = starts(definitions, datetime(2026, 1, 1, tzinfo=NEW_YORK), 12)
    assert [str(time.astimezone(NEW_YORK)) for time in times] == [
        f"{day} 03:00:00-0{4 if '2026-03-08' < day < '2026-11-01' else 5}:00" for day in FIRST_MONDAYS_OF_2026
    ]


def test_it_is_the_first_monday_in_every_month_of_thirty_years(definitions):
    def first_monday(year: int, month: int) -> date:
        return next(date(year, month, week[0]) for week in calendar.monthcalendar(year, month) if week[0])

    expected = [first_monday(year, month) for year in range(2020, 2050) for month in range(1, 13)]
    times = starts(definitions, datetime(2020, 1, 1, tzinfo=NEW_YORK), len(expected))
    assert [time.astimezone(NEW_YORK).date() for time in times] == expected


def test_the_obvious_schedule_would_start_on_other_days_as_well():
    times = schedule_execution_time_iterator(
        datetime(2026, 1, 1, tzinfo=NEW_YORK).timestamp(), "0 3 1-7 * 1", str(NEW_YORK), ascending=True
    )
    days = [next(times).astimezone(NEW_YORK).date().isoformat() for _ in range(4)]
    assert days == ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"], "cron joins both fields with OR"


def test_the_schedule_requests_the_job_for_its_day(definitions):
    schedule = definitions.resolve_schedule_def("retrain_every_first_monday")
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2026, 5, 4, 3, tzinfo=NEW_YORK),
        repository_def=definitions.get_repository_def(),
    )
    (request,) = schedule.evaluate_tick(context).run_requests
    assert (schedule.job_name, request.partition_key) == ("retrain", "2026-05-04")


@pytest.mark.parametrize(
    ("verdicts", "answered", "days_ago", "due"),
    [
        ([("inputs", 7, True)], 0, None, 7),
        ([("inputs", 7, False)], 0, None, None),
        ([], 0, None, None),
        ([("inputs", 7, True)], 7, 30, None),  # once per verdict
        ([("inputs", 8, True)], 7, 30, 8),
        ([("inputs", 8, True)], 7, 6.9, None),  # within the pause
        ([("inputs", 8, True)], 7, 7, 8),
        ([("inputs", 7, True), ("scores", 9, True), ("outcomes", 10, False)], 3, 30, 9),
    ],
)
def test_drift_asks_for_retraining_once_and_not_again_within_the_pause(verdicts, answered, days_ago, due):
    last = RetrainingCursor(number=answered, requested_at=None if days_ago is None else AT - timedelta(days=days_ago))
    verdict = retraining_due([DriftVerdict(*verdict) for verdict in verdicts], last, AT, WEEK)
    assert (verdict and verdict.number) == due


def test_a_tick_requests_the_day_of_now_and_remembers_the_verdict():
    verdicts = [DriftVerdict("ml/a_model:inputs_as_in_training", 7, asks=True)]
    first = drift_tick(MODELS, verdicts, None, AT, WEEK)
    (request,) = first.run_requests or ()
    assert (request.partition_key, request.tags["refi/drift"]) == ("2026-05-04", "ml/a_model:inputs_as_in_training")
    assert not drift_tick(MODELS, verdicts, first.cursor, AT + 5 * WEEK, WEEK).run_requests


@pytest.mark.parametrize(
    ("results", "is_requested"),
    [
        (["failed ERROR"], True),
        (["failed WARN"], False),
        (["failed ERROR", "passed"], False),
        (["passed", "failed ERROR"], True),
        ([], False),
    ],
)
def test_the_sensor_follows_the_newest_result_of_the_check(definitions, results, is_requested):
    instance = dg.DagsterInstance.ephemeral()
    job = definitions.resolve_implicit_global_asset_job_def()
    for result in results:
        job.execute_in_process(instance=instance, partition_key="2026-05-04", tags={"result": result})
    sensor = definitions.resolve_sensor_def("retrain_on_drift")
    tick = sensor.evaluate_tick(dg.build_sensor_context(instance, repository_def=definitions.get_repository_def()))
    assert bool(tick.run_requests) == is_requested
