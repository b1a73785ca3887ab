"""EventBridge's schedules as cron's five fields: every one that is accepted is one of Dagster's."""

from datetime import UTC, datetime
from itertools import islice

import pytest
from dagster._utils.schedules import cron_string_iterator, is_valid_cron_schedule

from refi_assets.offers.cron import cron_of

TRANSLATED = {
    "cron(0 2 ? * MON *)": "0 2 * * 1",
    "cron(0 2 ? * 2 *)": "0 2 * * 1",
    "cron(0 2 ? * 1,7 *)": "0 2 * * 0,6",
    "cron(0 2 ? * 2-6 *)": "0 2 * * 1-5",
    "cron(0 2 ? * MON-FRI *)": "0 2 * * 1-5",
    "cron(0 2 ? * mon *)": "0 2 * * 1",
    "cron(0 3 ? * 2#1 *)": "0 3 * * 1#1",
    "cron(0 3 ? * MON#1 *)": "0 3 * * 1#1",
    "cron(15 4 * * ? *)": "15 4 * * *",
    "cron(0/15 * ? * * *)": "0-59/15 * * * *",
    "cron(*/5 8-17 ? * 2/2 *)": "*/5 8-17 * * 1-6/2",
    "cron(0 8 1 1/3 ? *)": "0 8 1 1-12/3 *",
    "cron(0 8 1,15 JAN,JUL ? *)": "0 8 1,15 1,7 *",
    "cron(0 8 29 2 ? *)": "0 8 29 2 *",
    "cron( 0  2 ? * WED * )": "0 2 * * 3",
}


@pytest.mark.parametrize(("schedule", "cron"), TRANSLATED.items())
def test_a_schedule_is_translated_into_one_that_dagster_accepts(schedule: str, cron: str) -> None:
    assert cron_of(schedule) == cron
    assert is_valid_cron_schedule(cron)


@pytest.mark.parametrize(
    ("schedule", "days"),
    [
        ("cron(0 2 ? * 2 *)", ["2026-01-05", "2026-01-12", "2026-01-19"]),  # Mondays
        ("cron(0 2 ? * 2#1 *)", ["2026-01-05", "2026-02-02", "2026-03-02"]),  # first Mondays
        ("cron(0 2 ? * 7#5 *)", ["2026-01-31", "2026-05-30", "2026-08-29"]),  # fifth Saturdays
        ("cron(0 2 ? * 2/2 *)", ["2026-01-02", "2026-01-05", "2026-01-07"]),  # Mondays, Wednesdays, Fridays
        ("cron(0 2 1/10 * ? *)", ["2026-01-01", "2026-01-11", "2026-01-21"]),
    ],
)
def test_dagster_runs_it_on_the_days_that_eventbridge_means(schedule: str, days: list[str]) -> None:
    ticks = cron_string_iterator(datetime(2026, 1, 1, tzinfo=UTC).timestamp(), cron_of(schedule), "UTC")
    assert [tick.isoformat() for tick in islice(ticks, 3)] == [f"{day}T02:00:00+00:00" for day in days]


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("cron(0 2 ? * MON 2026)", "year"),
        ("cron(0 2 ? * MON 2026-2030)", "year"),
        ("cron(0 2 L * ? *)", "L .last."),
        ("cron(0 2 ? * 6L *)", "L .last."),
        ("cron(0 2 ? * FRIL *)", "L .last."),
        ("cron(0 2 15W * ? *)", "W .nearest weekday."),
        ("cron(0 2 LW * ? *)", "W .nearest weekday."),
        ("cron(0 2 * * * *)", "must be \\?"),
        ("cron(0 2 1 * MON *)", "must be \\?"),
        ("cron(0 2 ? * ? *)", "must be \\?"),
        ("cron(60 2 ? * MON *)", "minutes 60"),
        ("cron(0 24 ? * MON *)", "hours 24"),
        ("cron(0 2 32 * ? *)", "day of month 32"),
        ("cron(0 2 1 13 ? *)", "month 13"),
        ("cron(0 2 30 2 ? *)", "does not exist"),
        ("cron(0 2 31 4,6 ? *)", "does not exist"),
        ("cron(0 2 ? * 0 *)", "day of week 0"),
        ("cron(0 2 ? * 8 *)", "day of week 8"),
        ("cron(0 2 ? * MONDAY *)", "MONDAY"),
        ("cron(0 2 ? * 2#6 *)", "cannot be read"),
        ("cron(0 2 ? * 2#1,3#1 *)", "alone"),
        ("cron(0 17-9 ? * MON *)", "from the lower"),
        ("cron(*/0 2 ? * MON *)", "a step"),
        ("cron(*/60 2 ? * MON *)", "a step"),
        ("cron(? 2 ? * MON *)", "minutes '\\?' cannot be read"),
        ("cron(0, 2 ? * MON *)", "cannot be read"),
        ("cron(-1 2 ? * MON *)", "cannot be read"),
        ("cron(0 2 ? * MON)", "cannot be read; write cron"),
        ("0 2 * * 1", "cannot be read; write cron"),
        ("rate(7 days)", "cannot be read; write cron"),
        ("", "cannot be read; write cron"),
    ],
)
def test_a_schedule_that_five_fields_cannot_say_is_refused_in_words(schedule: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        cron_of(schedule)
