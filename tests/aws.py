"""A server that answers as AWS does (moto), and the standard variables that lead to it."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"


@contextmanager
def aws_server() -> Iterator[dict[str, str]]:
    """Start one on a free port, with nothing in it; yields the environment in which AWS is this server."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    finally:
        urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
        server.stop()  # what is in it belongs to the process, and the next one would have it


class Mailbox:
    """An SNS topic, and the queue of one who subscribed to it. Needs the environment of aws_server()."""

    def __init__(self, name: str) -> None:
        session = boto3.Session()
        self._sns, self._sqs = session.client("sns"), session.client("sqs")
        self.topic = self._sns.create_topic(Name=name)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        self._sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn["QueueArn"])

    def read(self) -> list[dict[str, Any]]:
        """What has arrived since the last look, in SNS's envelope."""
        found = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def remove(self) -> None:
        """Take the topic away."""
        self._sns.delete_topic(TopicArn=self.topic)
