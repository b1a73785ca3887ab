"""A lender that puts files into a lake on S3, and the messages about them that S3 sends to a queue.

The messages are those of AWS's documentation (S3's "Event message structure", EventBridge's, SNS's envelope). The test
decides when, how often and in which order they are sent.
"""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest

from refi_assets.ingestion import arrival_events
from refi_assets.ingestion.raw_zone import find_snapshot
from refi_assets.lake import open_lake
from refi_assets.settings import forget_settings
from tests.fakes.aws import Aws
from tests.fakes.faults import Fault
from tests.support.arriving import SOURCES, Watched

NAMES = ["part.csv", "part 2.csv", "Zürich Σ.csv", "a+b=c&d.csv", "5 % off.csv", "日本.csv"]


def expired(operation: str, *, after: int = 0, count: int = 1) -> Fault:
    """Expired credentials: an error that no client retries."""
    message = "The provided token has expired."
    return Fault(operation, after=after, count=count, status=400, code="ExpiredToken", message=message)


def s3_message(bucket: str, key: str, event: str = "ObjectCreated:Put") -> str:
    s3 = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/"), "sequencer": "0055AED6DCD90281E5"}}
    return json.dumps({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": event, "s3": s3}]})


def eventbridge_message(bucket: str, key: str, event: str = "Object Created") -> str:
    detail = {"version": "0", "bucket": {"name": bucket}, "object": {"key": key}, "reason": "PutObject"}
    return json.dumps({"version": "0", "detail-type": event, "source": "aws.s3", "detail": detail}, ensure_ascii=False)


def sns_message(body: str) -> str:
    topic = "arn:aws:sns:us-east-1:123456789012:arrivals"
    return json.dumps({"Type": "Notification", "MessageId": "1", "TopicArn": topic, "Message": body})


class S3Lender(Watched):
    """A lake on S3. With a queue, the sensor reads it; only the test sends messages there."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch, *, with_queue: bool) -> None:
        self.aws, self.bucket = aws, aws.new_bucket()
        super().__init__(f"s3://{self.bucket}/a lender", monkeypatch)
        self._s3, self._sqs = aws.client("s3"), aws.client("sqs")
        self.queue = self._sqs.create_queue(QueueName=aws.new_name("arrivals"))["QueueUrl"]
        for name, value in aws.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("REFI_LAKE_URL", self.lake_url)
        if with_queue:
            monkeypatch.setenv("REFI_ARRIVALS_QUEUE_URL", self.queue)
        monkeypatch.setattr(arrival_events, "WAIT_SECONDS", 0)

    def key(self, source: str, day: str | date, name: str = "part.csv") -> str:
        return f"a lender/raw/{source}/load_date={day}/{name}"

    def drop(self, source: str, day: str | date, content: str = "x", name: str = "part.csv") -> str:
        """Put a file, and return its key in the bucket."""
        key = self.key(source, day, name)
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=content.encode())
        return key

    def drop_all(self, day: str) -> list[str]:
        return [self.drop(source, day) for source in SOURCES]

    def drop_empty(self, source: str, files: Iterable[tuple[str | date, str]]) -> None:
        """Put many empty files, by load date and name. boto3 would take longer than moto, so it is not used."""
        urls = [f"{self.aws.url}/{self.bucket}/{quote(self.key(source, day, name))}" for day, name in files]
        with httpx.Client() as client, ThreadPoolExecutor(4) as pool:
            assert {done.status_code for done in pool.map(client.put, urls)} == {200}

    def remove(self, key: str) -> None:
        self._s3.delete_object(Bucket=self.bucket, Key=key)

    def tell(self, *bodies: str) -> None:
        """Put messages into the queue."""
        for start in range(0, len(bodies), 10):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])]
            assert not self._sqs.send_message_batch(QueueUrl=self.queue, Entries=entries).get("Failed")

    def tell_of(self, *keys: str) -> None:
        """Put S3's messages about these objects into the queue."""
        self.tell(*(s3_message(self.bucket, key) for key in keys))

    def messages_left(self) -> int:
        """The number of messages in the queue, including those that were received but not deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self._sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(counts[name]) for name in names)

    def requests_of_a_tick(self, minutes: float = 1) -> tuple[dict[str, int], dict[str, str] | None]:
        """A tick's number of requests to AWS by operation, and the news in its run request."""
        before = len(self.aws.requests())
        news = self.new(minutes)
        return count(self.aws.requests()[before:]), news

    def snapshot_keys(self, source: str) -> list[str]:
        """The keys of the files that a run of today would read."""
        snapshot = find_snapshot(open_lake(self.lake_url), source, self.at.date())
        return [f"a lender/{info.key}" for info in snapshot.objects] if snapshot else []


@contextmanager
def s3_lender(aws: Aws, monkeypatch: pytest.MonkeyPatch, *, with_queue: bool) -> Iterator[S3Lender]:
    """A lender whose settings apply to this process for the time being."""
    forget_settings()
    yield S3Lender(aws, monkeypatch, with_queue=with_queue)
    forget_settings()


def count(requests: Iterable[dict[str, Any]]) -> dict[str, int]:
    names = [request["operation"] for request in requests]
    return {name: names.count(name) for name in sorted(set(names))}
