"""Tests that need Spark or Kafka. They run in one process (tests/conftest.py), so that each starts once."""

import os
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING

import pytest

from refi_assets.errors import SettingError
from refi_assets.risk.stream.broker import Broker
from refi_assets.risk.stream.jars import download_jars
from refi_assets.risk.stream.settings import KafkaSettings
from refi_assets.risk.topics import TOPICS
from refi_assets.settings import forget_settings, settings_of
from tests.fakes.servers import free_port

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTINGS = {
    "REFI_SPARK_MASTER": "local[2]",
    "REFI_SPARK_PARTITIONS": "2",
    "REFI_SPARK_MEMORY": "1g",
    "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # half the time: statements are small
}

PREFIXES = (f"t{number}." for number in count())


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures of the servers."""
    config.pluginmanager.import_plugin("tests.fakes.fixtures")


@pytest.fixture(scope="session")
def spark() -> "SparkSession":
    """The process's session on two cores. Without PySpark or Java, the test is skipped, or fails in CI."""
    if find_spec("pyspark") is None:
        refuse("PySpark is missing: install the extra spark")
    from refi_assets.engines.spark_session import java_for_spark, spark_session

    try:
        java_for_spark()
    except SettingError as error:
        refuse(str(error))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        with suppress(SettingError):  # only tests with Kafka need them
            patch.setenv("REFI_SPARK_JARS", ",".join(map(str, sorted(download_jars("spark").glob("*.jar")))))
        forget_settings()
        session = spark_session()
    forget_settings()
    return session


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker on a free port. Without Java or Maven, the test is skipped, or fails in CI."""
    broker = Broker(tmp_path_factory.mktemp("kafka"), free_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", SETTINGS["JAVA_TOOL_OPTIONS"])
        try:
            for name in ("kafka", "spark"):  # drivers of the stream are processes of their own
                download_jars(name)
            broker.start()
        except SettingError as error:
            refuse(str(error))
    yield broker
    broker.stop()


@pytest.fixture
def topic_names(kafka: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Our topics' names for this test alone, in the settings of this process; create_topics() makes them."""
    monkeypatch.setenv("REFI_KAFKA_BOOTSTRAP", kafka.bootstrap)
    monkeypatch.setenv("REFI_KAFKA_TOPIC_PREFIX", next(PREFIXES))
    forget_settings()
    settings = settings_of(KafkaSettings)
    yield {topic: settings.topic(topic) for topic in TOPICS}
    forget_settings()


def refuse(reason: str) -> None:
    """Skip the test; in CI, where nothing may be missing, fail it."""
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
