"""The sensor on a raw zone on S3, alone and with a queue of events: what is listed, what is asked for, and when."""

import json
import random
import time
from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import pytest

from refi_assets.defs import automation
from refi_assets.lake import arrival_events, arrivals
from refi_assets.settings import settings
from tests.arriving import SOURCES, START, TODAY, YESTERDAY, news
from tests.engines.arrival_lender import S3Lender, eventbridge_message, s3_message, sns_message
from tests.engines.aws import Aws
from tests.engines.faults import Fault

ALL_OF_TODAY = dict.fromkeys(SOURCES, TODAY)
NAMES = ["part.csv", "part 2.csv", "Zürich Σ.csv", "a+b=c&d.csv", "5 % off.csv", "日本.csv"]
EXPIRED = {"status": 400, "code": "ExpiredToken", "message": "The provided token has expired."}
# A listing of the recent load dates: the folders of each source, then one for each of their load dates.
FOLDERS = len(SOURCES)


@pytest.fixture
def fresh_settings() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def alone(aws: Aws, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> S3Lender:
    """A lender without a queue."""
    return S3Lender(aws, monkeypatch, with_queue=False)


@pytest.fixture
def lender(aws: Aws, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> S3Lender:
    """A lender with a queue."""
    return S3Lender(aws, monkeypatch, with_queue=True)


@pytest.fixture
def settled(lender: S3Lender) -> S3Lender:
    """A lender with a queue, whose files of today were asked a run for."""
    lender.drop_all(TODAY)
    assert lender.new() == ALL_OF_TODAY
    return lender


def test_without_a_queue_changes_are_found_by_listing(alone: S3Lender) -> None:
    alone.drop_all(TODAY)
    assert alone.new() == ALL_OF_TODAY
    assert alone.new(10) is None
    alone.drop("loan_information", TODAY, "other")
    assert alone.new() == {"loan_information": TODAY}
    alone.remove(alone.drop("loan_information", TODAY, name="further.csv"))
    assert alone.new() is None


def test_without_a_queue_only_recent_load_dates_are_listed_at_each_look(alone: S3Lender) -> None:
    for days in range(30):
        alone.drop("loan_information", START.date() - timedelta(days=days))
    for source in SOURCES:
        alone.drop(source, TODAY)
    alone.tick()
    at_each_look = {"ListObjectsV2": FOLDERS + 14 + (len(SOURCES) - 1)}
    assert alone.requests_of_a_tick() == (at_each_look, None)
    next_day, _ = alone.requests_of_a_tick(24 * 60)
    assert next_day == {"ListObjectsV2": at_each_look["ListObjectsV2"] + FOLDERS + (30 - 14)}
    assert alone.requests_of_a_tick() == (at_each_look, None)


def test_the_snapshot_is_found_behind_any_number_of_load_dates_to_come(alone: S3Lender) -> None:
    alone.drop_all(TODAY)
    for days in range(1, 21):
        alone.drop("market_equity", START.date() + timedelta(days=days))
    assert alone.new() == ALL_OF_TODAY
    alone.drop("market_equity", TODAY, "other")
    assert alone.new() == {"market_equity": TODAY}


def test_a_late_file_for_an_old_load_date_is_told_the_next_day_and_starts_nothing(alone: S3Lender) -> None:
    for days in range(30):
        alone.drop("loan_information", START.date() - timedelta(days=days))
    for source in SOURCES:
        alone.drop(source, TODAY)
    assert alone.new() == ALL_OF_TODAY
    alone.drop("loan_information", START.date() - timedelta(days=25), "late")
    assert "Changed" not in alone.tick(10).skip_reason.skip_message
    told = alone.tick(24 * 60)
    assert told.skip_reason.skip_message.endswith("Changed since the last look: loan_information before 2026-02-07.")
    assert "Changed" not in alone.tick(24 * 60).skip_reason.skip_message, "it is told once"


def test_old_load_dates_are_listed_a_part_at_a_time(alone: S3Lender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "SWEEP_REQUESTS", 10)
    alone.drop_all(TODAY)
    for days in range(1, 60):
        alone.drop("loan_information", START.date() - timedelta(days=days))
    recent = FOLDERS + 14 + (len(SOURCES) - 1)
    looks = [alone.requests_of_a_tick()[0]["ListObjectsV2"] for _ in range(7)]
    left = 60 - 14
    parts = [10, 10, 10, 10, left - 40]
    assert looks == [recent + 4 + parts[0], *(recent + 1 + part for part in parts[1:]), recent, recent]
    alone.drop("loan_information", START.date() - timedelta(days=50), "late")
    told = [alone.tick(24 * 60), *(alone.tick() for _ in range(5))]
    assert ["loan_information before" in tick.skip_reason.skip_message for tick in told] == [False] * 4 + [True, False]


def test_ten_thousand_old_objects_are_listed_once_a_day_whatever_comes(lender: S3Lender) -> None:
    days = [START.date() - timedelta(days=20 + n) for n in range(31)]
    names = [(days[0], f"part-{n}.csv") for n in range(2500)]
    names += [(day, f"part-{n}.csv") for day in days[1:] for n in range(250)]
    assert len(names) == 10_000
    lender.drop_empty("loan_information", names)
    lender.drop_all(TODAY)
    for n in range(13):
        lender.drop("loan_information", START.date() - timedelta(days=1 + n))
    recent = FOLDERS + 14 + (len(SOURCES) - 1)
    queue = {"ReceiveMessage": 1}

    assert lender.requests_of_a_tick() == (
        {"ListObjectsV2": recent + FOLDERS + 30 + 3, **queue},
        ALL_OF_TODAY,
    ), "the first look: the large load date takes three pages"
    assert lender.requests_of_a_tick() == (queue, None), "nothing woke it"
    lender.tell_of(lender.key("loan_information", days[0], "part-7.csv"))
    handled = {"ReceiveMessage": 2}
    assert lender.requests_of_a_tick() == (handled, None), "an overtaken load date is not listed"
    lender.tell_of(lender.drop("loan_information", YESTERDAY, "late"))
    assert lender.requests_of_a_tick() == ({"ListObjectsV2": 1, "DeleteMessageBatch": 1, **handled}, None)
    assert lender.requests_of_a_tick() == ({"ListObjectsV2": 1, "DeleteMessageBatch": 1, **queue}, None), "once more"
    assert lender.requests_of_a_tick() == (queue, None)
    lender.tell_of(lender.drop("loan_information", TODAY, "other"))
    woken, new = lender.requests_of_a_tick()
    assert new == {"loan_information": TODAY}
    assert woken == {"ListObjectsV2": 1 + recent, **handled}, "a run is asked for from a fresh look"
    next_day, _ = lender.requests_of_a_tick(24 * 60)
    assert next_day["ListObjectsV2"] == recent + FOLDERS + 30 + 3
    assert lender.requests_of_a_tick() == (queue, None)


def test_a_load_date_of_more_than_a_thousand_files_is_seen_to_its_last(settled: S3Lender) -> None:
    settled.drop_empty("market_equity", [(TODAY, f"part-{number:05}.csv") for number in range(1200)])
    settled.tell_of(settled.key("market_equity", TODAY, "part-00000.csv"))
    assert settled.new() == {"market_equity": TODAY}
    settled.tell_of(settled.drop("market_equity", TODAY, "changed", "part-01199.csv"))
    assert settled.new() == {"market_equity": TODAY}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["S3", "EventBridge", "S3 by SNS", "EventBridge by SNS"])
def test_an_event_in_any_form_wakes_whatever_the_name(settled: S3Lender, form: str, name: str) -> None:
    key = settled.drop("loan_information", TODAY, "other", name)
    body = (s3_message if form.startswith("S3") else eventbridge_message)(settled.bucket, key)
    settled.tell(sns_message(body) if form.endswith("SNS") else body)
    assert settled.new() == {"loan_information": TODAY}


def test_s3s_own_notifications_wake(settled: S3Lender) -> None:
    """As moto sends them, for a put and for a deletion."""
    arn = f"arn:aws:sqs:us-east-1:123456789012:{settled.queue.rpartition('/')[2]}"
    settled.aws.client("s3").put_bucket_notification_configuration(
        Bucket=settled.bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}]
        },
    )
    key = settled.drop("loan_information", TODAY, name="Zürich 2.csv")
    assert settled.new() == {"loan_information": TODAY}
    settled.remove(key)
    assert settled.new() == {"loan_information": TODAY}


def test_a_source_that_never_came_wakes_with_its_first_file(lender: S3Lender) -> None:
    for source in SOURCES[:3]:
        lender.drop(source, TODAY)
    assert lender.new() is None
    lender.tell_of(lender.drop(SOURCES[3], TODAY))
    assert lender.new() == ALL_OF_TODAY


def test_the_quiet_period_ends_without_a_message(lender: S3Lender) -> None:
    lender.drop_all(YESTERDAY)
    assert lender.new() is None
    assert lender.new(6) == dict.fromkeys(SOURCES, YESTERDAY)
    lender.tell_of(lender.drop("loan_information", TODAY))
    assert lender.new() is None
    assert lender.new(3) is None
    lender.tell_of(lender.key("loan_information", TODAY))
    assert lender.new(1.5) is None, "a message that is delivered twice"
    assert lender.new(0.6) == {"loan_information": TODAY}, "five minutes after the file came"


def test_with_the_newest_deleted_the_snapshot_before_comes_back(lender: S3Lender) -> None:
    lender.drop_all(YESTERDAY)
    keys = [lender.drop("market_equity", START.date() + timedelta(days=days)) for days in range(15)]
    lender.tick()
    assert lender.new(6) == {**dict.fromkeys(SOURCES, YESTERDAY), "market_equity": TODAY}
    lender.remove(keys[0])
    lender.tell(s3_message(lender.bucket, keys[0], "ObjectRemoved:Delete"))
    assert lender.new() is None, "the others are due"
    assert lender.new(6) == {"market_equity": YESTERDAY}, "which was not among those that were remembered"


def test_messages_that_tell_nothing_do_no_harm_and_go(settled: S3Lender) -> None:
    key = settled.key("loan_information", TODAY)
    nothing = [
        "",
        "no JSON: Maria Silva",
        "null",
        "[1, 2]",
        "[" * 100_000,
        '{"Records": [{"s3": {"bucket": "x"}}, 7]}',
        '{"Records": {"s3": 1}}',
        '{"Type": "Notification", "Message": "{"}',
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": settled.bucket}),
        json.dumps({"source": "aws.ec2", "detail": {"bucket": {"name": settled.bucket}, "object": {"key": key}}}),
        s3_message("another-bucket", key),
        s3_message(settled.bucket, "another lender/" + key.partition("/")[2]),
        s3_message(settled.bucket, settled.key("another_source", TODAY)),
        s3_message(settled.bucket, settled.key("loan_information", "2026-02-30")),
        s3_message(settled.bucket, settled.key("loan_information", TODAY, "_SUCCESS")),
        s3_message(settled.bucket, "a lender/output/latest.json"),
    ]
    settled.tell(*filter(None, nothing))
    told = settled.tick()
    assert told.skip_reason.skip_message.endswith(
        f"Messages in the queue that name no file of a source: {len(nothing) - 1}."
    )
    assert "Maria" not in told.skip_reason.skip_message + told.cursor
    assert settled.messages_left() == 0
    assert "Messages" not in settled.tick().skip_reason.skip_message


def test_a_message_is_deleted_by_the_tick_after_the_one_that_took_it(settled: S3Lender) -> None:
    settled.tell_of(settled.drop("loan_information", TODAY, "other"))
    assert settled.new() == {"loan_information": TODAY}
    assert settled.messages_left() == 1
    assert settled.new() is None
    assert settled.messages_left() == 0


def test_after_a_tick_that_fails_the_message_comes_again(settled: S3Lender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival_events, "HIDDEN_SECONDS", 1)
    settled.tell_of(settled.drop("loan_information", TODAY, "other"))
    with monkeypatch.context() as broken:
        broken.setattr(automation, "_request", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            settled.tick()
    assert settled.messages_left() == 1
    time.sleep(1.1)
    assert settled.new() == {"loan_information": TODAY}


def test_any_number_of_messages_of_one_load_date_are_gone_after_two_ticks(settled: S3Lender) -> None:
    key = settled.drop("loan_information", TODAY, "other")
    settled.tell_of(*[key] * 150)
    assert settled.new() == {"loan_information": TODAY}
    assert settled.messages_left() >= 100
    assert settled.new() is None
    assert settled.messages_left() == 0
    assert len(settled.cursor or "") < 64 * 1024


def test_messages_of_more_places_than_can_be_remembered_lead_to_a_look_at_all(
    settled: S3Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival_events, "PLACES", 3)
    settled.tell_of(*(settled.key("loan_information", f"2025-01-0{day}") for day in range(1, 5)))
    settled.drop("market_equity", TODAY, "other")
    assert settled.new() == {"market_equity": TODAY}
    assert settled.new() is None
    assert settled.messages_left() == 0


def test_where_s3_fails_the_tick_says_so_and_the_next_looks_without_a_new_message(settled: S3Lender) -> None:
    settled.tell_of(settled.drop("loan_information", TODAY, "other"))
    settled.aws.faults(Fault("s3:ListObjectsV2", **EXPIRED))
    failed = settled.tick()
    assert not failed.run_requests
    assert "ExpiredToken: The provided token has expired" in failed.skip_reason.skip_message
    assert settled.new() == {"loan_information": TODAY}


@pytest.mark.parametrize("operation", ["ReceiveMessage", "DeleteMessageBatch"])
def test_where_the_queue_fails_the_tick_looks_without_it_and_says_so(settled: S3Lender, operation: str) -> None:
    settled.tell("malformed")
    settled.drop("loan_information", YESTERDAY)
    settled.aws.faults(Fault(f"sqs:{operation}", **EXPIRED))
    failed = settled.tick()
    assert "loan_information 2026-02-19" in failed.skip_reason.skip_message
    assert "ExpiredToken: The provided token has expired. Looked without the queue." in failed.skip_reason.skip_message
    settled.drop("loan_information", TODAY, "other")
    settled.aws.faults(Fault("sqs:ReceiveMessage", **EXPIRED))
    assert settled.new() == {"loan_information": TODAY}


def test_where_both_fail_what_had_been_told_is_not_forgotten(settled: S3Lender) -> None:
    settled.tell_of(settled.drop("loan_information", TODAY, "other"))
    settled.aws.faults(Fault("s3:ListObjectsV2", count=2, **EXPIRED), Fault("sqs:ReceiveMessage", after=2, **EXPIRED))
    settled.tick()
    settled.tick()
    assert settled.new() == {"loan_information": TODAY}


def test_a_lost_event_is_made_up_for_the_next_day(lender: S3Lender) -> None:
    lender.drop_all(TODAY)
    lender.drop("market_equity", YESTERDAY)
    lender.tick()
    lender.drop("market_equity", TODAY, "other")
    assert lender.new(600) is None
    lender.at = START + timedelta(days=1)
    lender.tick()
    assert lender.new(6) == {"market_equity": TODAY}


def test_a_run_is_told_what_it_will_read_though_an_event_was_lost(settled: S3Lender) -> None:
    settled.drop("market_equity", TODAY, "other")  # of which nobody tells
    settled.tell_of(settled.drop("loan_information", TODAY, "other"))
    assert settled.new() == {"loan_information": TODAY, "market_equity": TODAY}


def test_a_cursor_of_the_time_before_sums_is_read(lender: S3Lender) -> None:
    lender.cursor = json.dumps({"recent": {}, "older": {"loan_information": "0123"}, "run_key": "k"})
    lender.drop_all(TODAY)
    assert lender.new() == ALL_OF_TODAY


def test_at_random_every_change_is_named_once_and_is_an_input_of_its_run(
    lender: S3Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """720 arrivals, overwrites and deletions over 10 days; events lost, delayed, doubled; ticks that fail."""
    monkeypatch.setattr(arrival_events, "HIDDEN_SECONDS", 1)
    chance = random.Random(7)
    files: dict[tuple[str, str, str], int] = {}
    asked: dict[str, tuple[str, dict[str, int]]] = {}
    on_their_way: list[tuple[int, str]] = []  # the tick before which a message is delivered
    is_all_told = True  # nothing was lost or delayed since all was listed
    listed_on: date | None = None
    version = requests = 0

    def snapshot() -> dict[str, tuple[str, dict[str, int]]]:
        """By source: the newest load date up to today, and its files with their versions."""
        found = {}
        for source in SOURCES:
            days = [day for s, day, _ in files if s == source and day <= str(lender.at.date())]
            if days:
                found[source] = (max(days), {n: v for (s, d, n), v in files.items() if (s, d) == (source, max(days))})
        return found

    def require_inputs(new: dict[str, str], now: dict[str, tuple[str, dict[str, int]]]) -> None:
        assert new == {source: held[0] for source, held in now.items() if asked.get(source) != held}
        for source, day in new.items():
            assert lender.snapshot_keys(source) == sorted(lender.key(source, day, name) for name in now[source][1])

    for number in range(60):
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
                is_all_told = False
                continue
            form = chance.choice([s3_message, eventbridge_message])
            for _ in range(chance.choice([1, 1, 1, 2, 3])):
                delay = chance.choice([0, 0, 0, 0, 1, 3]) if chance.random() < 0.2 else 0
                on_their_way.append((number + delay, form(lender.bucket, lender.key(source, day, name))))
        arriving = [body for due, body in on_their_way if due <= number]
        on_their_way = [(due, body) for due, body in on_their_way if due > number]
        lender.tell(*chance.sample(arriving, len(arriving)))

        fate = chance.random()
        if fate < 0.1:
            lender.at += timedelta(minutes=7)  # a tick that never took place
            continue
        if fate < 0.15:  # one whose end was not recorded: its messages come again
            before = lender.cursor
            lender.tick()
            lender.cursor = before
            time.sleep(1.1)
            continue
        if fate < 0.25:
            lender.aws.faults(Fault(chance.choice(["s3:ListObjectsV2", "sqs:ReceiveMessage"]), **EXPIRED))
        elif fate < 0.3:
            lender.instance = dg.DagsterInstance.ephemeral()  # a restart keeps nothing but the cursor
        tick = lender.tick(chance.choice([1, 6, 240, 480]))
        found = news(tick.run_requests[0]) if tick.run_requests else None
        now = snapshot()
        if found is not None:
            requests += 1
            require_inputs(found, now)
            asked = now
        elif "ExpiredToken" not in tick.skip_reason.skip_message:
            is_all_told = is_all_told or lender.at.date() != listed_on
            listed_on = lender.at.date()
            is_complete = all(source in now and now[source][0] == str(lender.at.date()) for source in SOURCES)
            if is_all_told and not on_their_way:
                assert now == asked or not is_complete
        lender.aws.clear_faults()

    assert requests > 15
    lender.tell(*(body for _, body in on_their_way))
    lender.at += timedelta(days=1)
    for _ in range(3):
        found = lender.new(10)
        if found is not None:
            require_inputs(found, snapshot())
            asked = snapshot()
    assert asked == snapshot(), "all was named in the end"
    while lender.messages_left():
        assert lender.new() is None
