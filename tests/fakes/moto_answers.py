"""Answers that S3 and SQS give and moto's do not, put in their place by mend_answers(). Terraform compares them.

GetBucketNotificationConfiguration: moto keeps EventBridgeConfiguration, acts by it, and does not give it back.
GetQueueAttributes: moto gives a redrive policy back with spaces in it that were not put there.
"""

import json
from typing import Any
from xml.etree import ElementTree

from moto.s3.responses import S3Response
from moto.sqs.models import Queue

S3 = "http://s3.amazonaws.com/doc/2006-03-01/"

_get_bucket_notification = S3Response.get_bucket_notification
_attributes = Queue.__dict__["attributes"].fget


def mend_answers() -> None:
    """Put the functions below in the places of moto's, in this process."""
    S3Response.get_bucket_notification = get_bucket_notification  # type: ignore[method-assign,assignment]
    Queue.attributes = property(attributes)  # type: ignore[method-assign,assignment]


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
