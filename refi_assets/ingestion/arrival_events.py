"""S3's event notifications in a queue: which load dates they say to look at.

A message is deleted only when what it led to cannot be lost any more. What a tick of the sensor takes from the queue
is recorded with its cursor, after the tick; so the receipts go into the cursor, and the next tick deletes. Looking at
what the raw zone holds belongs to arrivals.py.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from refi_assets import aws
from refi_assets.errors import LakeError
from refi_assets.ingestion.arrivals import Seen
from refi_assets.ingestion.raw_zone import Place, place_of
from refi_assets.lake.objects import ObjectStore

BATCH = 10  # messages that SQS gives or deletes at once
BATCHES = 50  # of one tick
RECEIPTS = 50  # that a cursor holds: of up to 1,024 characters each
PLACES = 100  # beyond which a tick looks at everything recent
WAIT_SECONDS = 1  # for a first message; then SQS asks all its servers, which it does not for 0
HIDDEN_SECONDS = 120  # until a message that was not deleted comes again: longer than two ticks


@dataclass(frozen=True)
class Woken:
    """What the queue told.

    places: what to look at; None is everything recent. new: those of them whose messages wait for this to be recorded.
    receipts: of these messages.
    """

    places: list[Place] | None = None
    new: list[Place] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    message: str = ""


def ask_queue(queue_url: str, lake: ObjectStore, sources: Collection[str], seen: Seen) -> Woken:
    """Delete the messages that were recorded, and take what has come since. Where the queue fails, look at all."""
    if not queue_url:
        return Woken()
    try:
        with aws.readable_errors(f"The queue {queue_url}"):
            return _take(aws.client("sqs", **aws.QUICK), queue_url, lake, sources, seen)
    except LakeError as error:
        return Woken(message=f" {error} Looked without the queue.")


def _take(sqs: Any, queue_url: str, lake: ObjectStore, sources: Collection[str], seen: Seen) -> Woken:
    """A message that tells only of places that were recorded as woken is deleted at once: they are looked at anyway.

    So a thousand files of one load date take two ticks, not a hundred.
    """
    _delete(sqs, queue_url, seen.receipts)
    recorded = frozenset(seen.woken)
    new: set[Place] = set()
    receipts: list[str] = []
    astray = 0
    for _ in range(BATCHES):
        messages = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=WAIT_SECONDS,
            VisibilityTimeout=HIDDEN_SECONDS,
        ).get("Messages", [])
        told = {message["ReceiptHandle"]: places_in(message["Body"], lake, sources) for message in messages}
        waiting = [receipt for receipt, places in told.items() if not places <= recorded]
        _delete(sqs, queue_url, [receipt for receipt in told if receipt not in waiting])
        astray += sum(not places for places in told.values())
        new |= {place for receipt in waiting for place in told[receipt]}
        receipts += waiting
        if not messages or len(receipts) > RECEIPTS - BATCH:
            break
    message = f" Messages in the queue that name no file of a source: {astray}." if astray else ""
    if len(new) > PLACES:
        return Woken(None, [], receipts, message)
    return Woken(sorted(recorded | new), sorted(new), receipts, message)


def _delete(sqs: Any, queue_url: str, receipts: list[str]) -> None:
    """What SQS does not delete comes again, and does no harm."""
    for first in range(0, len(receipts), BATCH):
        entries = [{"Id": str(i), "ReceiptHandle": r} for i, r in enumerate(receipts[first : first + BATCH])]
        sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)


def places_in(body: str, lake: ObjectStore, sources: Collection[str]) -> frozenset[Place]:
    """The places of a lake's raw zone that a message names; none where it is malformed or speaks of something else.

    Takes S3's own form and EventBridge's, either also in SNS's envelope. What happened to an object does not matter:
    it is looked at. Each key is read both as it stands and URL-decoded: S3 encodes it (a space as +), of EventBridge
    AWS's documentation does not say, and to look at a place too many does no harm.
    """
    try:
        objects = _objects(json.loads(body))
    except (ValueError, RecursionError):
        return frozenset()
    urls = {f"s3://{bucket}/{key}" for bucket, raw_key in objects for key in (raw_key, unquote_plus(raw_key))}
    places = {place_of(url.removeprefix(f"{lake}/")) for url in urls if url.startswith(f"{lake}/")}
    return frozenset(place for place in places if place is not None and place[0] in sources)


def _objects(message: Any) -> list[tuple[str, str]]:
    """Bucket and key of the objects that a message is about. Raises ValueError for an envelope of no JSON."""
    match message:
        case {"Type": "Notification", "Message": str(enclosed)}:
            return _objects(json.loads(enclosed))
        case {"Records": [*records]}:
            return [found for record in records for found in _objects(record)]
        case {"s3": about} | {"source": "aws.s3", "detail": about}:
            match about:
                case {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}:
                    return [(bucket, key)]
    return []
