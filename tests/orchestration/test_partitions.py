"""The partition that a day is in, and the as-of day of each."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from refi_assets.lake.relations import Cadence
from refi_assets.orchestration import partitions

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(autouse=True)
def at_ten_on_a_wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "now", lambda: datetime(2026, 2, 18, 10, 20, tzinfo=NEW_YORK))


@pytest.mark.parametrize(
    ("cadence", "day", "partition", "as_of"),
    [
        ("daily", date(2026, 2, 17), "2026-02-17", date(2026, 2, 17)),
        ("daily", date(2026, 2, 18), "2026-02-18", date(2026, 2, 18)),
        ("daily", date(2025, 11, 2), "2025-11-02", date(2025, 11, 2)),  # has 25 hours
        ("daily", date(2025, 3, 9), "2025-03-09", date(2025, 3, 9)),  # has 23 hours
        ("weekly", date(2026, 2, 15), "2026-02-09", date(2026, 2, 15)),  # a Sunday, the last day of its week
        ("weekly", date(2026, 2, 16), "2026-02-16", date(2026, 2, 22)),
        ("weekly", date(2026, 2, 18), "2026-02-16", date(2026, 2, 22)),
        ("hourly", date(2026, 2, 17), "2026-02-17-23:00", date(2026, 2, 17)),
        ("hourly", date(2026, 2, 18), "2026-02-18-10:00", date(2026, 2, 18)),  # the current hour
        ("none", date(2026, 2, 17), None, date(2026, 2, 18)),
    ],
)
def test_a_day_is_in_a_partition(cadence: Cadence, day: date, partition: str | None, as_of: date) -> None:
    assert partitions.partition_of_day(cadence, day) == partition
    assert partitions.as_of_day(cadence, partition) == as_of
