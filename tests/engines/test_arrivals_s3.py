"""The sensor on a raw zone on S3, with and without a queue of events: its listings and its run requests."""

import random
import time
from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import pytest

from refi_assets.ingestion import arrival_events, fingerprints, sweeps
from refi_assets.ingestion.arrivals import Seen
from refi_assets.ingestion.fingerprints import SUM_LIMIT, fingerprint_of, summand_of
from refi_assets.ingestion.raw_zone import load_dates_of, objects_of
from refi_assets.lake import ObjectStore, open_lake
from tests.engines.arrival_lender import NAMES, S3Lender, eventbridge_message, expired, s3_lender, s3_message
from tests.fakes.aws import Aws
from tests.support.arriving import SOURCES, START, TODAY, YESTERDAY, news, said

ALL_OF_TODAY = dict.fromkeys(SOURCES, TODAY)
# Requests for the recent load dates of a source: one if fourteen are in the cursor, else one more for its folders.
KNOWN, YOUNG = 1, 2
OTHERS = YOUNG * (len(SOURCES) - 1)


@pytest.fixture
def alone(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Lender]:
    """A lender without a queue."""
    with s3_lender(aws, monkeypatch, with_queue=False) as lender:
        yield lender


@pytest.fixture
def lender(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Lender]:
    """A lender with a queue."""
    with s3_lender(aws, monkeypatch, with_queue=True) as lender:
        yield lender


def test_without_a_queue_changes_are_found_by_listing(alone: S3Lender) -> None:
    alone.drop_all(TODAY)
    assert alone.new() == ALL_OF_TODAY
    assert alone.new(10) is None
    alone.drop("loan_information", TODAY, "other")
    assert alone.new() == {"loan_information": TODAY}
    alone.remove(alone.drop("loan_information", TODAY, name="further.csv"))
    assert alone.new() is None


def test_without_a_queue_each_tick_lists_only_recent_load_dates(alone: S3Lender) -> None:
    for days in range(30):
        alone.drop("loan_information", START.date() - timedelta(days=days))
    for source in SOURCES:
        alone.drop(source, TODAY)
    alone.tick()
    every_tick = {"ListObjectsV2": KNOWN + OTHERS}
    assert alone.requests_of_a_tick() == (every_tick, None)
    next_day, _ = alone.requests_of_a_tick(24 * 60)
    assert next_day == {"ListObjectsV2": KNOWN + OTHERS + 1}, "the sixteen older ones"
    assert alone.requests_of_a_tick() == (every_tick, None)


def test_the_snapshot_is_found_behind_any_number_of_future_load_dates(alone: S3Lender) -> None:
    alone.drop_all(TODAY)
    for days in range(1, 21):
        alone.drop("market_equity", START.date() + timedelta(days=days))
    assert alone.new() == ALL_OF_TODAY
    alone.drop("market_equity", TODAY, "other")
    assert alone.new() == {"market_equity": TODAY}


def test_a_late_file_for_an_old_load_date_is_reported_the_next_day_and_starts_no_run(alone: S3Lender) -> None:
    for days in range(30):
        alone.drop("loan_information", START.date() - timedelta(days=days))
    for source in SOURCES:
        alone.drop(source, TODAY)
    assert alone.new() == ALL_OF_TODAY
    alone.drop("loan_information", START.date() - timedelta(days=25), "late")
    assert "Changed" not in said(alone.tick(10))
    tick = alone.tick(24 * 60)
    assert said(tick).endswith("Changed since the last look: loan_information before 2026-02-07.")
    assert "Changed" not in said(alone.tick(24 * 60)), "it is reported once"


def test_old_load_dates_are_listed_a_part_at_a_time(alone: S3Lender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "SWEEP_FILES", 10)
    alone.drop_all(TODAY)
    for days in range(1, 60):
        alone.drop("loan_information", START.date() - timedelta(days=days))
    listings = [alone.requests_of_a_tick()[0]["ListObjectsV2"] for _ in range(7)]
    recent, parts = KNOWN + OTHERS, 5  # of the 46 older ones
    assert listings == [YOUNG + OTHERS + 1, *[recent + 1] * (parts - 1), recent, recent]
    alone.drop("loan_information", START.date() - timedelta(days=50), "late")
    ticks = [alone.tick(24 * 60), *(alone.tick() for _ in range(5))]
    assert ["loan_information before" in said(tick) for tick in ticks] == [False] * 4 + [True, False]


@pytest.mark.parametrize(
    ("in_one", "in_each_other", "pages"),
    [(1_010, 3, [1] * 2), pytest.param(2_500, 250, [1] * 11, marks=pytest.mark.long)],
    ids=["a thousand", "ten thousand"],
)
def test_old_objects_are_listed_once_a_day_whatever_arrives(
    lender: S3Lender, in_one: int, in_each_other: int, pages: list[int]
) -> None:
    """`pages`: pages per tick, for `in_one` objects in one old load date and `in_each_other` in each of thirty others.

    A load date of more than a page is listed over several ticks.
    """
    days = [START.date() - timedelta(days=20 + n) for n in range(31)]
    names = [(days[0], f"part-{n}.csv") for n in range(in_one)]
    names += [(day, f"part-{n}.csv") for day in days[1:] for n in range(in_each_other)]
    lender.drop_empty("loan_information", names)
    lender.drop_all(TODAY)
    for n in range(13):
        lender.drop("loan_information", START.date() - timedelta(days=1 + n))
    recent = KNOWN + OTHERS
    queue = {"ReceiveMessage": 1}

    assert lender.requests_of_a_tick() == (
        {"ListObjectsV2": YOUNG + OTHERS + pages[0], **queue},
        ALL_OF_TODAY,
    ), "the first tick"
    for page in pages[1:]:
        assert lender.requests_of_a_tick() == ({"ListObjectsV2": recent + page, **queue}, None)
    assert lender.requests_of_a_tick() == (queue, None), "nothing woke it"
    lender.tell_of(lender.key("loan_information", days[0], "part-7.csv"))
    with_message = {"ReceiveMessage": 2}
    assert lender.requests_of_a_tick() == (with_message, None), "a superseded load date is not listed"
    lender.tell_of(lender.drop("loan_information", YESTERDAY, "late"))
    assert lender.requests_of_a_tick() == ({"ListObjectsV2": 1, "DeleteMessageBatch": 1, **with_message}, None)
    assert lender.requests_of_a_tick() == ({"ListObjectsV2": 1, "DeleteMessageBatch": 1, **queue}, None), "once more"
    assert lender.requests_of_a_tick() == (queue, None)
    lender.tell_of(lender.drop("loan_information", TODAY, "other"))
    woken, new = lender.requests_of_a_tick()
    assert new == {"loan_information": TODAY}
    assert woken == {"ListObjectsV2": 1 + recent, **with_message}, "a run request follows from a new listing"
    next_day = [lender.requests_of_a_tick(24 * 60), *(lender.requests_of_a_tick() for _ in pages[1:])]
    assert [requests["ListObjectsV2"] for requests, _ in next_day] == [recent + page for page in pages]
    assert lender.requests_of_a_tick() == (queue, None)
    by_day = all_of(open_lake(lender.lake_url), "loan_information")
    seen = Seen.model_validate_json(lender.cursor or "")
    assert seen.totals["loan_information"] == sum(map(summand_of, by_day.values())) % SUM_LIMIT


def test_a_load_date_of_more_than_a_thousand_files_is_listed_completely(lender: S3Lender) -> None:
    lender.drop_all(TODAY)
    assert lender.new() == ALL_OF_TODAY
    lender.drop_empty("market_equity", [(TODAY, f"part-{number:05}.csv") for number in range(1200)])
    lender.tell_of(lender.key("market_equity", TODAY, "part-00000.csv"))
    assert lender.new() == {"market_equity": TODAY}
    lender.tell_of(lender.drop("market_equity", TODAY, "changed", "part-01199.csv"))
    assert lender.new() == {"market_equity": TODAY}


def test_after_random_changes_the_sensor_has_seen_exactly_the_objects_in_the_lake(
    alone: S3Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files come, change and go in load dates of any age, more of them than are recent, and are swept in parts."""
    monkeypatch.setattr(fingerprints, "RECENT_LOAD_DATES", 2)
    monkeypatch.setattr(sweeps, "SWEEP_FILES", 4)
    chance = random.Random(11)
    keys: set[str] = set()

    def change_some(number: int) -> None:
        for _ in range(chance.randrange(10, 30)):
            day = alone.at.date() + timedelta(days=chance.choice([6, 5, 4, 3, 0, -1, -2, -3, -5, -8, -13, -40]))
            source, name = chance.choice(SOURCES[:2]), chance.choice([*NAMES, "_SUCCESS"])
            key = alone.key(source, day, name)
            if key in keys and chance.random() < 0.6:
                alone.remove(key)
                keys.discard(key)
            else:
                keys.add(alone.drop(source, day, str(number), name))

    def swept() -> Seen:
        """The cursor after all older load dates have been listed."""
        for _ in range(100):
            seen = Seen.model_validate_json(alone.cursor or "")
            if not seen.sweeps:
                return seen
            alone.tick()
        raise AssertionError("a sweep never ends")

    for number in range(6):
        alone.tick(24 * 60)
        change_some(number)
        alone.tick()
        swept()
        alone.tick(24 * 60)  # which finds changes behind the last sweep
        seen = swept()
        for source in SOURCES[:2]:
            by_day = all_of(open_lake(alone.lake_url), source)
            snapshot = max((day for day in by_day if day <= alone.at.date()), default=None)
            newest = {*sorted(by_day)[-2:], snapshot}
            assert seen.recent[source] == {day: by_day[day] for day in by_day if day in newest}
            assert seen.totals[source] == sum(map(summand_of, by_day.values())) % SUM_LIMIT


def all_of(lake: ObjectStore, source: str) -> dict[date, str]:
    """The fingerprints of all load dates, each listed by itself."""
    all_days = {day: fingerprint_of(objects_of(lake, source, day)) for day in load_dates_of(lake, source)}
    return {day: fingerprint for day, fingerprint in all_days.items() if fingerprint}


@pytest.mark.parametrize(
    ("ticks", "least_requests"), [(20, 5), pytest.param(60, 15, marks=pytest.mark.long)], ids=["20 ticks", "60 ticks"]
)
def test_each_random_change_is_reported_once_and_is_an_input_of_its_run(
    lender: S3Lender, monkeypatch: pytest.MonkeyPatch, ticks: int, least_requests: int
) -> None:
    """12 arrivals, overwrites and deletions before each tick; lost, delayed and duplicate events; failing ticks."""
    monkeypatch.setattr(arrival_events, "HIDDEN_SECONDS", 1)
    chance = random.Random(7)
    files: dict[tuple[str, str, str], int] = {}
    requested: dict[str, tuple[str, dict[str, int]]] = {}
    in_transit: list[tuple[int, str]] = []  # the tick before which a message is delivered
    is_all_reported = True  # no event was lost or delayed since the last full listing
    listed_on: date | None = None
    version = requests = 0

    def snapshot() -> dict[str, tuple[str, dict[str, int]]]:
        """By source: the newest load date up to today, and its files with their versions."""
        snapshots = {}
        for source in SOURCES:
            days = [day for s, day, _ in files if s == source and day <= str(lender.at.date())]
            if days:
                snapshots[source] = (
                    max(days),
                    {n: v for (s, d, n), v in files.items() if (s, d) == (source, max(days))},
                )
        return snapshots

    def require_inputs(new: dict[str, str], now: dict[str, tuple[str, dict[str, int]]]) -> None:
        assert new == {source: held[0] for source, held in now.items() if requested.get(source) != held}
        for source, day in new.items():
            assert lender.snapshot_keys(source) == sorted(lender.key(source, day, name) for name in now[source][1])

    for number in range(ticks):
        for _ in range(12):
            version += 1
            source = chance.choice(SOURCES)
            day = str(lender.at.date() + timedelta(days=chance.choice([-20, -3, -1, 0, 0, 0, 1])))
            name = chance.choice(NAMES)
            if (source, day, name) in files and chance.random() < 0.2:
                lender.remove(lender.key(source, day, name))
                del files[source, day, name]
            else:
                lender.drop(source, day, str(version), name)
                files[source, day, name] = version
            if chance.random() < 0.02:
                is_all_reported = False
                continue
            form = chance.choice([s3_message, eventbridge_message])
            for _ in range(chance.choice([1, 1, 1, 2, 3])):
                delay = chance.choice([0, 0, 0, 0, 1, 3]) if chance.random() < 0.2 else 0
                in_transit.append((number + delay, form(lender.bucket, lender.key(source, day, name))))
        arriving = [body for due, body in in_transit if due <= number]
        in_transit = [(due, body) for due, body in in_transit if due > number]
        lender.tell(*chance.sample(arriving, len(arriving)))

        fate = chance.random()
        if fate < 0.1:
            lender.at += timedelta(minutes=7)  # a missed tick
            continue
        if fate < 0.15:  # a tick whose end was not recorded: its messages are delivered again
            before = lender.cursor
            lender.tick()
            lender.cursor = before
            time.sleep(1.1)
            continue
        if fate < 0.25:
            lender.aws.faults(expired(chance.choice(["s3:ListObjectsV2", "sqs:ReceiveMessage"])))
        elif fate < 0.3:
            lender.instance = dg.DagsterInstance.ephemeral()  # a restart keeps only the cursor
        tick = lender.tick(chance.choice([1, 6, 240, 480]))
        new = news(tick.run_requests[0]) if tick.run_requests else None
        now = snapshot()
        if new is not None:
            requests += 1
            require_inputs(new, now)
            requested = now
        elif "ExpiredToken" not in said(tick):
            is_all_reported = is_all_reported or lender.at.date() != listed_on
            listed_on = lender.at.date()
            is_complete = all(source in now and now[source][0] == str(lender.at.date()) for source in SOURCES)
            if is_all_reported and not in_transit:
                assert now == requested or not is_complete
        lender.aws.clear_faults()

    assert requests > least_requests
    lender.tell(*(body for _, body in in_transit))
    lender.at += timedelta(days=1)
    for _ in range(3):
        new = lender.new(10)
        if new is not None:
            require_inputs(new, snapshot())
            requested = snapshot()
    assert requested == snapshot(), "all changes were reported in the end"
    while lender.messages_left():
        assert lender.new() is None
