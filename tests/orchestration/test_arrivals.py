"""The sensor on the raw zone, tick by tick: which drops lead to a run, when, and which sources the run names as new."""

import os
import random
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from refi_assets.orchestration import automation
from tests.support.arriving import DAILY, SOURCES, START, TODAY, YESTERDAY, Watched, news
from tests.support.running import definitions


class Lender(Watched):
    """A lake in a folder, into which files are dropped."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(str(root), monkeypatch)
        self.root = root

    def drop(self, source: str, day: str, content: str = "x", name: str = "part.csv") -> Path:
        path = self.root / "raw" / source / f"load_date={day}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def drop_all(self, day: str) -> None:
        for source in SOURCES:
            self.drop(source, day)


@pytest.fixture
def lender(tmp_path, monkeypatch) -> Lender:
    return Lender(tmp_path, monkeypatch)


def test_four_files_over_several_ticks_are_one_run(lender):
    requests = []
    for source in SOURCES[::-1]:
        lender.drop(source, TODAY)
        requests.append(lender.new())
    requests += [lender.new() for _ in range(20)]
    assert requests == [None, None, None, dict.fromkeys(SOURCES, TODAY), *[None] * 20]


def test_the_run_has_the_lenders_day_and_a_new_key_for_each_snapshot(lender):
    lender.drop_all(TODAY)
    (first,) = lender.tick().run_requests
    lender.drop("loan_information", TODAY, "other")
    (second,) = lender.tick().run_requests
    assert first.partition_key == second.partition_key == TODAY
    assert first.run_key != second.run_key
    assert news(second) == {"loan_information": TODAY}


def test_files_with_equal_timestamps_are_distinguished(lender):
    for source in SOURCES:
        os.utime(lender.drop(source, TODAY), (1, 1))
    assert lender.new() == dict.fromkeys(SOURCES, TODAY)
    os.utime(lender.drop("market_equity", TODAY, name="second.csv"), (1, 1))
    assert lender.new() == {"market_equity": TODAY}


def test_an_overwrite_of_the_same_size_is_a_change(lender):
    lender.drop_all(TODAY)
    lender.new()
    lender.drop("borrower_information", TODAY, "y")
    assert lender.new() == {"borrower_information": TODAY}


def test_a_deletion_restores_the_previous_snapshot(lender):
    lender.drop_all(YESTERDAY)
    lender.new()
    assert lender.new(6) == dict.fromkeys(SOURCES, YESTERDAY)
    path = lender.drop("market_equity", TODAY)
    assert lender.new() is None, "three sources are due"
    assert lender.new(6) == {"market_equity": TODAY}
    path.unlink()
    assert lender.new() is None
    assert lender.new(6) == {"market_equity": YESTERDAY}


def test_a_restored_snapshot_gets_a_run_of_its_own(lender):
    lender.drop_all(TODAY)
    (first,) = lender.tick().run_requests
    path = lender.drop("market_equity", TODAY, name="further.csv")
    (second,) = lender.tick().run_requests
    path.unlink()
    (third,) = lender.tick().run_requests
    assert len({first.run_key, second.run_key, third.run_key}) == 3


def test_a_late_file_for_an_older_load_date_is_reported_and_leads_to_no_run(lender):
    lender.drop_all(TODAY)
    lender.new()
    lender.drop("loan_information", YESTERDAY)
    late = lender.tick()
    assert not late.run_requests
    assert "loan_information before 2026-02-20" in late.skip_reason.skip_message
    lender.drop("loan_information", YESTERDAY, "again")
    assert "loan_information 2026-02-19" in lender.tick().skip_reason.skip_message
    assert "loan_information" not in lender.tick().skip_reason.skip_message, "it is reported once"


def test_an_incomplete_snapshot_waits_for_the_quiet_period(lender):
    lender.drop_all(YESTERDAY)
    lender.new()
    lender.new(6)
    lender.drop("loan_information", TODAY)
    message = lender.tick().skip_reason.skip_message
    assert "Waiting for borrower_engagement, borrower_information, or until 05:13:00" in message
    lender.drop("borrower_information", TODAY)
    assert lender.new(3) is None
    assert lender.new(4.9) is None, "it was quiet for less than five minutes"
    assert lender.new(0.1) == {"loan_information": TODAY, "borrower_information": TODAY}


def test_a_source_that_never_arrived_is_awaited_beyond_the_quiet_period(lender):
    for source in DAILY:
        lender.drop(source, TODAY)
    assert lender.new() is None
    assert "first files of market_equity" in lender.tick(600).skip_reason.skip_message


def test_a_weekly_source_is_not_due_for_a_week(lender):
    lender.drop("market_equity", "2026-02-14")
    for source in DAILY:
        lender.drop(source, TODAY)
    assert lender.new() == {**dict.fromkeys(DAILY, TODAY), "market_equity": "2026-02-14"}


def test_files_of_tomorrow_wait_for_tomorrow(lender):
    lender.drop_all(TODAY)
    lender.new()
    lender.drop("market_equity", "2026-02-21")
    assert lender.new(10) is None
    lender.at = START + timedelta(days=1)
    assert lender.new() == {"market_equity": "2026-02-21"}


def test_hidden_files_and_other_folders_are_not_arrivals(lender):
    lender.drop_all(TODAY)
    lender.new()
    lender.drop("market_equity", TODAY, name="_SUCCESS")
    (lender.root / "raw" / "market_equity" / "notes").mkdir()
    (lender.root / "raw" / "market_equity" / "notes" / "a.csv").write_text("x")
    assert lender.new(10) is None


def test_the_next_tick_makes_up_for_one_that_failed_halfway(lender, monkeypatch):
    lender.drop_all(TODAY)
    lender.new()
    lender.drop("market_equity", TODAY, "changed")
    with monkeypatch.context() as patch:
        patch.setattr(automation, "_request", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            lender.tick()
    assert lender.new() == {"market_equity": TODAY}


def test_the_cursor_stays_small_whatever_the_size_of_the_lake(lender):
    for day in range(3000):
        lender.drop(SOURCES[day % 4], str(date(2017, 1, 1) + timedelta(days=day)))
    lender.tick()
    assert len(lender.cursor) < 64 * 1024
    lender.drop("loan_information", "2017-01-02", "late")
    assert "loan_information before" in lender.tick().skip_reason.skip_message


@pytest.mark.parametrize("ticks", [40, pytest.param(200, marks=pytest.mark.long)])
def test_every_random_change_is_named_once_and_is_an_input_of_its_run(lender, ticks):
    """25 drops, overwrites or deletions before each of up to 200 ticks in 10 days, with restarts and failed ticks."""
    rng = random.Random(7)
    files: dict[tuple[str, str, str], int] = {}
    version = 0

    def snapshot() -> dict[str, tuple[str, dict[str, int]]]:
        """Source -> the newest load date up to today, and its files with their versions."""
        newest_files = {}
        for source in SOURCES:
            days = [day for s, day, _ in files if s == source and day <= str(lender.at.date())]
            if days:
                newest = max(days)
                versions = {name: v for (s, d, name), v in files.items() if (s, d) == (source, newest)}
                newest_files[source] = (newest, versions)
        return newest_files

    requested: dict[str, tuple[str, dict[str, int]]] = {}
    requests = 0
    for _ in range(ticks):
        for _ in range(25):
            version += 1
            source = rng.choice(SOURCES)
            day = str(lender.at.date() + timedelta(days=rng.choice([-20, -3, -1, 0, 0, 0, 1])))
            key = (source, day, f"part-{rng.randrange(6)}.csv")
            if key in files and rng.random() < 0.2:
                (lender.root / "raw" / source / f"load_date={day}" / key[2]).unlink()
                del files[key]
            else:
                lender.drop(source, day, str(version), key[2])
                files[key] = version
        if rng.random() < 0.1:
            lender.instance = dg.DagsterInstance.ephemeral()  # a restart keeps only the cursor
        if rng.random() < 0.1:
            lender.at += timedelta(minutes=7)  # a tick that never took place
            continue
        new = lender.new(rng.choice([1, 6, 90]))
        now = snapshot()
        if new is None:
            is_complete = all(source in now and now[source][0] == str(lender.at.date()) for source in SOURCES)
            assert now == requested or not is_complete
            continue
        requests += 1
        assert new == {source: state[0] for source, state in now.items() if requested.get(source) != state}
        requested = now
    lender.new()
    last = lender.new(10)
    assert requests > ticks // 4
    assert last is None or last == {s: state[0] for s, state in snapshot().items() if requested.get(s) != state}
    assert lender.new(10) is None


def test_the_schedule_runs_the_lenders_morning(monkeypatch):
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 2, 20, 11, 0, tzinfo=ZoneInfo("UTC")))
    schedule = definitions().resolve_schedule_def("every_morning")
    request = schedule(context)
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == TODAY
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * *", "America/New_York")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
