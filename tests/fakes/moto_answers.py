"""Answers that S3 and SQS give and moto's do not, put in their place by mend_answers(). Terraform compares them.

ListObjectsV2: moto looks at every object of the bucket for each page; S3 goes to the first and stops at the last.
GetBucketNotificationConfiguration: moto keeps EventBridgeConfiguration, acts by it, and does not give it back.
GetQueueAttributes: moto gives a redrive policy back with spaces in it that were not put there.
"""

import json
from bisect import bisect_left, bisect_right
from typing import Any
from xml.etree import ElementTree

from moto.s3.models import FakeBucket, FakeDeleteMarker, S3Backend
from moto.s3.responses import S3Response
from moto.sqs.models import Queue

S3 = "http://s3.amazonaws.com/doc/2006-03-01/"

_get_bucket_notification = S3Response.get_bucket_notification
_attributes = Queue.__dict__["attributes"].fget


def mend_answers() -> None:
    """Put the functions below in the places of moto's, in this process."""
    S3Backend.list_objects_v2 = list_objects_v2  # type: ignore[method-assign,assignment]
    S3Response.get_bucket_notification = get_bucket_notification  # type: ignore[method-assign,assignment]
    Queue.attributes = property(attributes)  # type: ignore[method-assign,assignment]


def list_objects_v2(
    backend: S3Backend,
    bucket: FakeBucket,
    prefix: str | None,
    delimiter: str | None,
    continuation_token: str | None,
    start_after: str | None,
    max_keys: int,
) -> Any:
    """A page, as moto's: objects and folders by name, whether there are more, and the token for them."""
    names = sorted(bucket.keys)
    prefix = prefix or ""
    after = backend._pagination_tokens.get(continuation_token, "") if continuation_token else start_after or ""
    at = max(bisect_left(names, prefix), bisect_right(names, after))
    page: list[Any] = []
    while at < len(names) and names[at].startswith(prefix) and len(page) <= max_keys:
        folder, slash, _ = names[at][len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        if slash:
            if (folder := prefix + folder + slash) > after:
                page.append(folder)
            at = bisect_left(names, folder + "\U0010ffff", at)
        else:
            if not isinstance(key := bucket.keys[names[at]], FakeDeleteMarker):
                page.append(key)
            at += 1
    return backend._truncate_result(page, max_keys)


def get_bucket_notification(response: S3Response) -> Any:
    """As moto's, and with what it keeps of EventBridge."""
    status, headers, body = _get_bucket_notification(response)
    kept = response.backend.get_bucket_notification_configuration(response.bucket_name)
    if kept is not None and kept.event_bridge is not None:
        answer = ElementTree.fromstring(body)
        ElementTree.SubElement(answer, f"{{{S3}}}EventBridgeConfiguration")
        body = ElementTree.tostring(answer, default_namespace=S3)
    return status, headers, body


def attributes(queue: Queue) -> dict[str, Any]:
    """As moto's, and with the redrive policy as it was put."""
    found: dict[str, Any] = _attributes(queue)
    if "RedrivePolicy" in found:
        found["RedrivePolicy"] = json.dumps(queue.redrive_policy, separators=(",", ":"))
    return found
