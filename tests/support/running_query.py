"""The query of live default risk, running beside a test that sends messages."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer

from refi_assets.engines.spark_stream import BatchProgress, RunningStream
from refi_assets.risk.stream.batch import BatchFigures
from refi_assets.risk.stream.decisions import Champions
from refi_assets.risk.stream.kafka_topics import watermark_offsets
from refi_assets.risk.stream.markers import newest_marker
from refi_assets.risk.stream.query import running_query
from refi_assets.risk.stream.sending import send_messages
from refi_assets.risk.stream.settings import KafkaSettings
from refi_assets.risk.topics import SOURCE_TOPICS
from refi_assets.settings import settings_of
from tests.support.risk_streams import wait_until

Message = tuple[str, str | None, bytes | str | None, int]  # topic, key, value, milliseconds since 1970
QUERY = "live_default"


class Running:
    """A query that runs, and the figures of its batches."""

    query: RunningStream

    def __init__(self) -> None:
        self.batches: list[BatchFigures] = []
        self.said: list[str] = []
        self._taken = 0
        self._reports: dict[int, BatchProgress] = {}

    def take(self, *messages: Message) -> list[BatchFigures]:
        """Send messages, and wait until they are in the newest marker; returns the figures of the batches since."""
        send_messages(messages, keeps_times=True)
        ends = end_offsets()
        wait_until(lambda: self._is_at(ends))
        taken, self._taken = self.batches[self._taken :], len(self.batches)
        return taken

    def progress(self) -> BatchProgress:
        """What Spark reports of the last batch, once it has."""
        wait_until(lambda: self._last_report() is not None)
        report = self._last_report()
        assert report is not None
        return report

    def _last_report(self) -> BatchProgress | None:
        self._reports |= {report.batch: report for report in self.query.new_progress() if report.messages}
        return self._reports.get(self.batches[-1].batch)

    def _is_at(self, ends: dict[str, dict[int, int]]) -> bool:
        marker = newest_marker(QUERY)
        if marker is None or marker.offsets != ends:
            return False
        return bool(self.batches) and self.batches[-1].batch == marker.batch_id


@contextmanager
def running(*messages: Message) -> Iterator[Running]:
    """The query of the settings. Messages are sent before it starts, so that its first batch has all of them."""
    send_messages(messages, keeps_times=True)
    taken = Running()
    with running_query(Champions(taken.said.append), taken.batches.append) as taken.query:
        yield taken


def end_offsets() -> dict[str, dict[int, int]]:
    """Where the source topics end."""
    kafka = settings_of(KafkaSettings)
    consumer = Consumer({**kafka.client_options(), "group.id": "test"})
    names = {topic: kafka.topic(topic) for topic in SOURCE_TOPICS}
    ends = {
        topic: {
            number: watermark_offsets(consumer, name, number, time.monotonic() + 10)[1]
            for number in consumer.list_topics(name, 10).topics[name].partitions
        }
        for topic, name in names.items()
    }
    consumer.close()
    return ends
