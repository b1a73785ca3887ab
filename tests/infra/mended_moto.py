"""A moto server that answers two questions of Terraform's as AWS does, where moto leaves something out.

`python -m tests.infra.mended_moto` prints its address, and serves until its standard input ends, so that it never
outlives who started it.
- GetBucketNotificationConfiguration: moto keeps EventBridgeConfiguration, acts by it, and does not give it back.
- GetQueueAttributes: moto gives a redrive policy back with spaces in it that were not put there.
"""

import json
import sys
from typing import Any
from xml.etree import ElementTree

from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.responses import S3Response
from moto.sqs.models import Queue

S3 = "http://s3.amazonaws.com/doc/2006-03-01/"

_get_bucket_notification = S3Response.get_bucket_notification
_attributes = Queue.__dict__["attributes"].fget


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


def main() -> None:
    """Serve on a free port of this machine."""
    S3Response.get_bucket_notification = get_bucket_notification  # type: ignore[method-assign,assignment]
    Queue.attributes = property(attributes)  # type: ignore[method-assign,assignment]
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
