"""A topic of SNS as one who subscribed to it reads it."""

import json
from typing import Any

from tests.fakes.aws import Aws


class Mailbox:
    """A new topic, and a queue that hears it."""

    def __init__(self, aws: Aws) -> None:
        name = aws.new_name("alerts")
        self._sns, self._sqs = aws.client("sns"), aws.client("sqs")
        self.topic: str = self._sns.create_topic(Name=name)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        queue = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        self._sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=queue["QueueArn"])

    def read(self) -> list[dict[str, Any]]:
        """What has arrived since the last look, in SNS's envelope."""
        found = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return found
