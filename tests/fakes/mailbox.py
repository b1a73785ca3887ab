"""An SNS topic with a subscriber that can be read."""

import json
from typing import Any

from tests.fakes.aws import Aws


class Mailbox:
    """A new topic, and a queue subscribed to it."""

    def __init__(self, aws: Aws) -> None:
        name = aws.new_name("alerts")
        self._sns, self._sqs = aws.client("sns"), aws.client("sqs")
        self.topic: str = self._sns.create_topic(Name=name)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        queue = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        self._sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=queue["QueueArn"])

    def read(self) -> list[dict[str, Any]]:
        """The messages since the last read, in SNS's envelope."""
        envelopes = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                envelopes.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return envelopes
