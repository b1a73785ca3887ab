"""Cadences: assets by day, week or hour, or without partitions; and the as-of day of each partition.

A partition's as-of day is the last day of its time window, so a week includes every arrival in it. An asset without
partitions has the day on which its run started, by the lender's clock.
"""

from datetime import date, datetime, time, timedelta
from functools import cache

import dagster as dg

from refi_assets.lake.relations import Cadence
from refi_assets.settings import PlatformSettings, lender_now, settings_of

FIRST_DAY = "2000-01-01"

Partitions = dg.TimeWindowPartitionsDefinition | None
Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


def now() -> datetime:
    """The current time in the lender's time zone."""
    return lender_now()


@cache
def partitions(cadence: Cadence) -> Partitions:
    """Dagster's partitions of a cadence, including the current one; None for the cadence 'none'."""
    zone = settings_of(PlatformSettings).time_zone
    if cadence == "daily":
        return dg.DailyPartitionsDefinition(FIRST_DAY, end_offset=1, timezone=zone)
    if cadence == "weekly":  # weeks start on Monday
        return dg.WeeklyPartitionsDefinition(FIRST_DAY, end_offset=1, timezone=zone, day_offset=1)
    if cadence == "hourly":
        return dg.HourlyPartitionsDefinition(f"{FIRST_DAY}-00:00", end_offset=1, timezone=zone)
    return None


def partition_key(cadence: Cadence, at: datetime) -> str | None:
    """The partition that a time is in; None for the cadence 'none'."""
    definition = partitions(cadence)
    return None if definition is None else definition.get_partition_key_for_timestamp(at.timestamp())


def partition_of_day(cadence: Cadence, day: date) -> str | None:
    """The partition that a day is in; if it has several, the last that has started. None for the cadence 'none'."""
    time_of_day = now()
    if day != time_of_day.date():
        time_of_day = datetime.combine(day, time.max, time_of_day.tzinfo)
    return partition_key(cadence, time_of_day)


def as_of_day(cadence: Cadence, key: str | None) -> date:
    """The as-of day of a partition."""
    definition = partitions(cadence)
    if definition is None or key is None:
        return now().date()
    return (definition.time_window_for_partition_key(key).end - timedelta(microseconds=1)).date()


def cadence_of(context: Context) -> Cadence:
    """The cadence of a step's asset, by the length of its partition."""
    if not context.has_partition_key:
        return "none"
    window = context.partition_time_window
    hours = (window.end - window.start) / timedelta(hours=1)
    return "hourly" if hours <= 2 else "daily" if hours <= 26 else "weekly"  # a day can have 23 or 25 hours
