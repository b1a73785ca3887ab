"""Answers of moto that differ from those of S3 and SQS, corrected by correct_answers(). Terraform compares them.

ListObjectsV2: moto reads every object of the bucket for each page; S3 starts at the first and stops at the last.
GetBucketNotificationConfiguration: moto stores EventBridgeConfiguration and applies it, but does not return it.
GetQueueAttributes: moto adds spaces to a redrive policy.
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


def correct_answers() -> None:
    """Replace moto's functions by those below, in this process."""
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
    """A page in moto's form: objects and folders by name, whether there are more, and the token for the next page."""
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
    """Moto's answer, plus its stored EventBridge configuration."""
    status, headers, body = _get_bucket_notification(response)
    stored = response.backend.get_bucket_notification_configuration(response.bucket_name)
    if stored is not None and stored.event_bridge is not None:
        answer = ElementTree.fromstring(body)
        ElementTree.SubElement(answer, f"{{{S3}}}EventBridgeConfiguration")
        body = ElementTree.tostring(answer, default_namespace=S3)
    return status, headers, body


def attributes(queue: Queue) -> dict[str, Any]:
    """Moto's answer, with the redrive policy as it was put."""
    values: dict[str, Any] = _attributes(queue)
    if "RedrivePolicy" in values:
        values["RedrivePolicy"] = json.dumps(queue.redrive_policy, separators=(",", ":"))
    return values
