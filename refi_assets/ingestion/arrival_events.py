"""S3's event notifications in a queue: the load dates that they name.

A message is deleted only when its effect cannot be lost any more. The cursor, with what a tick of the sensor took from
the queue, is recorded after the tick; so the receipts go into the cursor, and the next tick deletes the messages.
Looking at the raw zone belongs to arrivals.py.
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

BATCH = 10  # messages that SQS returns or deletes at once
BATCHES = 50  # in one tick
RECEIPTS = 50  # in a cursor, of up to 1,024 characters each
PLACES = 100  # if there are more, a tick looks at everything recent
WAIT_SECONDS = 1  # for a first message; with 0, SQS would not ask all its servers
HIDDEN_SECONDS = 120  # until a message that was not deleted is delivered again: longer than two ticks


@dataclass(frozen=True)
class Woken:
    """The places that events named.

    places: where to look; None means everything recent. new: the places whose messages are not yet recorded.
    receipts: of these messages.
    """

    places: list[Place] | None = None
    new: list[Place] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    message: str = ""


def ask_queue(queue_url: str, lake: ObjectStore, sources: Collection[str], seen: Seen) -> Woken:
    """Delete the recorded messages, and receive new ones. If the queue fails, everything is to be looked at."""
    if not queue_url:
        return Woken()
    try:
        with aws.readable_errors(f"The queue {queue_url}"):
            return _receive(aws.client("sqs", **aws.QUICK), queue_url, lake, sources, seen)
    except LakeError as error:
        return Woken(message=f" {error} Looked without the queue.")


def _receive(sqs: Any, queue_url: str, lake: ObjectStore, sources: Collection[str], seen: Seen) -> Woken:
    """Receive messages. One that names only places that are already recorded is deleted at once.

    So a thousand files of one load date take two ticks, not a hundred.
    """
    _delete(sqs, queue_url, seen.receipts)
    recorded = frozenset(seen.woken)
    new: set[Place] = set()
    receipts: list[str] = []
    foreign_messages = 0
    for _ in range(BATCHES):
        messages = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=WAIT_SECONDS,
            VisibilityTimeout=HIDDEN_SECONDS,
        ).get("Messages", [])
        places_of = {message["ReceiptHandle"]: places_in(message["Body"], lake, sources) for message in messages}
        unrecorded = [receipt for receipt, places in places_of.items() if not places <= recorded]
        _delete(sqs, queue_url, [receipt for receipt in places_of if receipt not in unrecorded])
        foreign_messages += sum(not places for places in places_of.values())
        new |= {place for receipt in unrecorded for place in places_of[receipt]}
        receipts += unrecorded
        if not messages or len(receipts) > RECEIPTS - BATCH:
            break
    message = f" Messages in the queue that name no file of a source: {foreign_messages}." if foreign_messages else ""
    if len(new) > PLACES:
        return Woken(None, [], receipts, message)
    return Woken(sorted(recorded | new), sorted(new), receipts, message)


def _delete(sqs: Any, queue_url: str, receipts: list[str]) -> None:
    """Delete messages. One that SQS does not delete is delivered again, and does no harm."""
    for first in range(0, len(receipts), BATCH):
        batch = enumerate(receipts[first : first + BATCH])
        entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in batch]
        sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)


def places_in(body: str, lake: ObjectStore, sources: Collection[str]) -> frozenset[Place]:
    """The places in a lake's raw zone that a message names; none if it is malformed or about something else.

    Takes messages in S3's own form and EventBridge's, also in an SNS envelope. The kind of event does not matter. Each
    key is read both literally and URL-decoded: S3 encodes it (a space as +), AWS's documentation does not say whether
    EventBridge does, and looking at an extra place does no harm.
    """
    try:
        objects = _objects(json.loads(body))
    except (ValueError, RecursionError):
        return frozenset()
    urls = {f"s3://{bucket}/{key}" for bucket, raw_key in objects for key in (raw_key, unquote_plus(raw_key))}
    places = {place_of(url.removeprefix(f"{lake}/")) for url in urls if url.startswith(f"{lake}/")}
    return frozenset(place for place in places if place is not None and place[0] in sources)


def _objects(message: Any) -> list[tuple[str, str]]:
    """Bucket and key of the objects that a message is about. Raises ValueError if an envelope is not JSON."""
    match message:
        case {"Type": "Notification", "Message": str(enclosed)}:
            return _objects(json.loads(enclosed))
        case {"Records": [*records]}:
            return [named for record in records for named in _objects(record)]
        case {"s3": detail} | {"source": "aws.s3", "detail": detail}:
            match detail:
                case {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}:
                    return [(bucket, key)]
    return []
