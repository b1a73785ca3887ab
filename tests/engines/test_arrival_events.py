"""S3's events in a queue: which of them wake the sensor, when messages are deleted, and the effect of failures."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from refi_assets.ingestion import arrival_events
from refi_assets.orchestration import automation
from tests.engines.arrival_lender import (
    NAMES,
    S3Lender,
    eventbridge_message,
    expired,
    s3_lender,
    s3_message,
    sns_message,
)
from tests.fakes.aws import Aws
from tests.support.arriving import SOURCES, START, TODAY, YESTERDAY, said

ALL_OF_TODAY = dict.fromkeys(SOURCES, TODAY)


@pytest.fixture
def lender(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Lender]:
    """A lender with a queue."""
    with s3_lender(aws, monkeypatch, with_queue=True) as lender:
        yield lender


@pytest.fixture
def settled(lender: S3Lender) -> S3Lender:
    """A lender with a queue, and a run request for today's files."""
    lender.drop_all(TODAY)
    assert lender.new() == ALL_OF_TODAY
    return lender


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["S3", "EventBridge", "S3 by SNS", "EventBridge by SNS"])
def test_an_event_in_any_form_wakes_the_sensor_whatever_the_file_is_called(
    settled: S3Lender, form: str, name: str
) -> None:
    key = settled.drop("loan_information", TODAY, "other", name)
    body = (s3_message if form.startswith("S3") else eventbridge_message)(settled.bucket, key)
    settled.tell(sns_message(body) if form.endswith("SNS") else body)
    assert settled.new() == {"loan_information": TODAY}


def test_s3s_own_notifications_wake_the_sensor(settled: S3Lender) -> None:
    """From moto, for a put and for a deletion."""
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


def test_the_first_file_of_a_source_wakes_the_sensor(lender: S3Lender) -> None:
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
    assert lender.new(0.6) == {"loan_information": TODAY}, "five minutes after the file arrived"


def test_deleting_the_newest_snapshot_brings_back_the_one_before(lender: S3Lender) -> None:
    lender.drop_all(YESTERDAY)
    keys = [lender.drop("market_equity", START.date() + timedelta(days=days)) for days in range(15)]
    lender.tick()
    assert lender.new(6) == {**dict.fromkeys(SOURCES, YESTERDAY), "market_equity": TODAY}
    lender.remove(keys[0])
    lender.tell(s3_message(lender.bucket, keys[0], "ObjectRemoved:Delete"))
    assert lender.new() is None, "the others are due"
    assert lender.new(6) == {"market_equity": YESTERDAY}, "which was not in the cursor"


def test_meaningless_messages_are_deleted_without_harm(settled: S3Lender) -> None:
    key = settled.key("loan_information", TODAY)
    bodies = [
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
    settled.tell(*filter(None, bodies))
    tick = settled.tick()
    assert said(tick).endswith(f"Messages in the queue that name no file of a source: {len(bodies) - 1}.")
    assert "Maria" not in said(tick) + str(tick.cursor)
    assert settled.messages_left() == 0
    assert "Messages" not in said(settled.tick())


def test_a_message_is_deleted_by_the_tick_after_the_one_that_received_it(settled: S3Lender) -> None:
    settled.tell_of(settled.drop("loan_information", TODAY, "other"))
    assert settled.new() == {"loan_information": TODAY}
    assert settled.messages_left() == 1
    assert settled.new() is None
    assert settled.messages_left() == 0


def test_after_a_failed_tick_the_message_is_delivered_again(settled: S3Lender, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_messages_of_too_many_load_dates_lead_to_a_full_listing(
    settled: S3Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival_events, "PLACES", 3)
    settled.tell_of(*(settled.key("loan_information", f"2025-01-0{day}") for day in range(1, 5)))
    settled.drop("market_equity", TODAY, "other")
    assert settled.new() == {"market_equity": TODAY}
    assert settled.new() is None
    assert settled.messages_left() == 0


def test_if_s3_fails_the_tick_says_so_and_the_next_tick_looks_without_a_new_message(settled: S3Lender) -> None:
    settled.tell_of(settled.drop("loan_information", TODAY, "other"))
    settled.aws.faults(expired("s3:ListObjectsV2"))
    failed = settled.tick()
    assert not failed.run_requests
    assert "ExpiredToken: The provided token has expired" in said(failed)
    assert settled.new() == {"loan_information": TODAY}


@pytest.mark.parametrize("operation", ["ReceiveMessage", "DeleteMessageBatch"])
def test_if_the_queue_fails_the_tick_looks_without_it_and_says_so(settled: S3Lender, operation: str) -> None:
    settled.tell("malformed")
    settled.drop("loan_information", YESTERDAY)
    settled.aws.faults(expired(f"sqs:{operation}"))
    failed = settled.tick()
    assert "loan_information 2026-02-19" in said(failed)
    assert "ExpiredToken: The provided token has expired." in said(failed)
    assert "Looked without the queue." in said(failed)
    settled.drop("loan_information", TODAY, "other")
    settled.aws.faults(expired("sqs:ReceiveMessage"))
    assert settled.new() == {"loan_information": TODAY}


def test_if_both_fail_earlier_messages_are_not_forgotten(settled: S3Lender) -> None:
    settled.tell_of(settled.drop("loan_information", TODAY, "other"))
    settled.aws.faults(expired("s3:ListObjectsV2", count=2), expired("sqs:ReceiveMessage", after=2))
    settled.tick()
    settled.tick()
    assert settled.new() == {"loan_information": TODAY}


def test_a_lost_event_is_noticed_the_next_day(lender: S3Lender) -> None:
    lender.drop_all(TODAY)
    lender.drop("market_equity", YESTERDAY)
    lender.tick()
    lender.drop("market_equity", TODAY, "other")
    assert lender.new(600) is None
    lender.at = START + timedelta(days=1)
    lender.tick()
    assert lender.new(6) == {"market_equity": TODAY}


def test_a_run_request_names_all_new_files_even_if_an_event_was_lost(settled: S3Lender) -> None:
    settled.drop("market_equity", TODAY, "other")  # without a message
    settled.tell_of(settled.drop("loan_information", TODAY, "other"))
    assert settled.new() == {"loan_information": TODAY, "market_equity": TODAY}
