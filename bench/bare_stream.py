"""A bare Spark query that keeps the same state as `refi risk stream`: no contract, no features, no model, no sink.

It reads the topics, parses JSON by Spark's own function, drops duplicates, and collects each borrower's events of the
day. Prints a JSON line for each batch: its messages, and when it ended, in seconds since 1970.
Usage: python -m bench.bare_stream CHECKPOINT
"""

import json
import sys
from datetime import datetime

from pyspark.sql import functions

from refi_assets.engines.spark_session import spark_session
from refi_assets.risk.policy import load_risk_policy
from refi_assets.risk.stream.jars import jar_files
from refi_assets.risk.stream.settings import KafkaSettings, StreamSettings
from refi_assets.risk.topics import SOURCE_TOPICS
from refi_assets.settings import overridden, settings_of

EVENT = (
    "event_id string, borrower_id string, kind string, event_time timestamp, payment_id string, due_on date, "
    "paid_on date, amount decimal(18,2), balance decimal(18,2), credit_line_id string, credit_limit decimal(18,2), "
    "gross_monthly_income decimal(18,2), monthly_debt decimal(18,2), payee_id string"
)
OPTIONS = {
    "spark.sql.streaming.disabledV2MicroBatchReaders": "org.apache.spark.sql.kafka010.KafkaSourceProvider",
    "spark.sql.streaming.stateStore.providerClass": (
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
    ),
    "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
    "spark.sql.streaming.noDataMicroBatches.enabled": "false",
    "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "1000000",
    "spark.sql.streaming.numRecentProgressUpdates": "10000",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    "spark.sql.ansi.enabled": "false",
}


def main() -> None:
    """Run the query over all messages that Kafka has now."""
    kafka, stream = settings_of(KafkaSettings), settings_of(StreamSettings)
    jars = ",".join(map(str, jar_files("spark")))
    with overridden("REFI_SPARK_JARS", jars), overridden("REFI_SPARK_MEMORY", stream.stream_memory):
        session = spark_session()
    for name, value in (OPTIONS | {"spark.sql.shuffle.partitions": str(stream.stream_state_partitions)}).items():
        session.conf.set(name, value)
    source = {
        **kafka.spark_options(),
        "subscribe": ",".join(map(kafka.topic, SOURCE_TOPICS)),
        "startingOffsets": "earliest",
        "maxOffsetsPerTrigger": str(stream.stream_events_a_batch),
    }
    messages = session.readStream.format("kafka").options(**source).load()
    event = functions.from_json(functions.col("value").cast("string"), EVENT).alias("event")
    parsed = messages.select("topic", event, functions.col("timestamp").alias("received_at"), "partition", "offset")
    columns = [name for name in parsed.select("event.*").columns if name != "borrower_id"]
    groups = (
        parsed.select("event.*", "topic", "received_at", "partition", "offset")
        .withWatermark("received_at", f"{load_risk_policy().events.dedup_days} days")
        .dropDuplicatesWithinWatermark(["topic", "borrower_id", "event_id"])
        .groupBy("borrower_id", functions.window("received_at", "1 day"))
        .agg(functions.collect_list(functions.struct(*columns, "topic", "received_at", "partition", "offset")))
    )

    query = groups.writeStream.outputMode("update").format("noop").trigger(availableNow=True)
    running = query.option("checkpointLocation", sys.argv[1]).start()
    running.awaitTermination()
    for report in (json.loads(progress.json) for progress in running.recentProgress):
        began = datetime.fromisoformat(report["timestamp"]).timestamp()
        ended = began + report["durationMs"]["triggerExecution"] / 1000
        print(json.dumps({"messages": report["numInputRows"], "ended": ended}))


if __name__ == "__main__":
    main()
