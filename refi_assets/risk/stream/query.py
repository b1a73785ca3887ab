"""One run of the query: Kafka's messages through Spark to scores, from the checkpoint on.

Restarting it, one at a time, belongs to supervisor.py; what is done with a batch, to batch.py.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from refi_assets.engines.duckdb import open_duckdb
from refi_assets.engines.spark_session import spark_session
from refi_assets.engines.spark_stream import KafkaPartition, RunningStream, StreamPlan
from refi_assets.errors import RefiError, needs_packages
from refi_assets.lake import open_lake
from refi_assets.lake.settings import LakeSettings
from refi_assets.risk.event_columns import EVENT_KEY
from refi_assets.risk.policy import load_risk_policy
from refi_assets.risk.stream.batch import BatchFigures, BatchProcessor
from refi_assets.risk.stream.checkpoint import Checkpoint, Offsets
from refi_assets.risk.stream.decisions import Champions
from refi_assets.risk.stream.jars import query_jars
from refi_assets.risk.stream.kafka_topics import watermark_offsets
from refi_assets.risk.stream.lake_files import checkpoint_ids
from refi_assets.risk.stream.settings import STREAM_PACKAGES, KafkaSettings, StreamSettings
from refi_assets.risk.stream.sink import ScoreSink
from refi_assets.risk.topics import SOURCE_TOPICS
from refi_assets.risk.validation import PARSED_COLUMNS, MessageParser
from refi_assets.settings import overridden, settings_of

if TYPE_CHECKING:
    import pyarrow as pa


@contextmanager
def running_query(
    champions: Champions, on_batch: Callable[[BatchFigures], object], *, until_caught_up: bool = False
) -> Iterator[RunningStream]:
    """The query, which runs; `on_batch` gets the figures of each batch after it. On leaving, its batch is finished.

    Raises RefiError if a jar, Kafka, a topic or the champion is missing, or if the checkpoint does not fit.
    """
    policy, stream, kafka = load_risk_policy(), settings_of(StreamSettings), settings_of(KafkaSettings)
    _start_spark(stream)
    champions.current()
    checkpoint = open_checkpoint()
    with ExitStack() as stack:
        sink = ScoreSink(checkpoint.checkpoint_id, checkpoint.follows)
        stack.callback(sink.close)
        engine = open_duckdb(open_lake(settings_of(LakeSettings).lake_url))
        processor = BatchProcessor(engine, checkpoint, champions, sink, policy)
        stack.callback(processor.close)
        plan = StreamPlan(
            partitions=[
                KafkaPartition(kafka.topic(topic), number, offset)
                for topic, offsets in checkpoint.start.items()
                for number, offset in offsets.items()
            ],
            kafka_options=kafka.spark_options(),
            messages_a_batch=stream.stream_events_a_batch,
            state_partitions=checkpoint.state_partitions,
            parse=MessageParser.of_contracts(kafka.kafka_topic_prefix, policy.events.ahead_minutes),
            columns=PARSED_COLUMNS,
            group="borrower_id",
            unique=EVENT_KEY,
            received="received_at",
            keep_days=policy.events.dedup_days,
            checkpoint=stream.checkpoint,
        )

        def receive(batch: int, groups: "pa.Table") -> None:
            on_batch(processor.process(batch, groups))

        trigger = stream.stream_trigger_seconds
        query = RunningStream(plan, receive, until_caught_up=until_caught_up, trigger_seconds=trigger)
        stack.callback(query.stop)
        yield query


def open_checkpoint() -> Checkpoint:
    """The checkpoint of the settings, or a new one that begins with the first messages that Kafka has.

    Raises RefiError if it does not fit this program or Kafka's topics, or if Kafka does not answer.
    """
    first, checkpoint = first_offsets(), Checkpoint.find()
    if checkpoint is None:
        if lost := checkpoint_ids(open_lake(settings_of(LakeSettings).lake_url)):
            raise RefiError(
                f"There is no checkpoint in {settings_of(StreamSettings).checkpoint}, and the lake has scores of the "
                f"checkpoint {lost[-1]}. If it is lost, run `refi risk rebuild`, which sends no score twice."
            )
        checkpoint = Checkpoint.create(first)
    checkpoint.require_partitions({topic: len(offsets) for topic, offsets in first.items()})
    return checkpoint


def first_offsets() -> Offsets:
    """The offsets of the first messages that Kafka has of the topics that are read. Raises RefiError."""
    with needs_packages("Kafka", STREAM_PACKAGES, "stream", "make stream"):
        from confluent_kafka import Consumer, KafkaException
    kafka, seconds = settings_of(KafkaSettings), settings_of(StreamSettings).stream_broker_wait_seconds
    consumer = Consumer({**kafka.client_options(), "group.id": "refi.first-offsets"})
    offsets: dict[str, dict[int, int]] = {}
    try:
        for topic in SOURCE_TOPICS:
            name = kafka.topic(topic)
            metadata = consumer.list_topics(name, timeout=seconds).topics[name]
            if not metadata.partitions:
                raise RefiError(f"Kafka at {kafka.kafka_bootstrap} has no topic {name}. Make it: refi risk topics")
            offsets[topic] = {
                number: watermark_offsets(consumer, name, number, time.monotonic() + seconds)[0]
                for number in sorted(metadata.partitions)
            }
    except KafkaException as error:
        reason = error.args[0].str()
        raise RefiError(f"Kafka at {kafka.kafka_bootstrap} does not answer: {reason}. Is it running?") from None
    finally:
        consumer.close()
    return offsets


def _start_spark(stream: StreamSettings) -> None:
    jars = ",".join(map(str, query_jars()))
    with overridden("REFI_SPARK_JARS", jars), overridden("REFI_SPARK_MEMORY", stream.stream_memory):
        spark_session()
