"""Tests that need Spark. They run in one process (tests/conftest.py), so that Spark starts once."""

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from refi_assets.errors import SettingError
from refi_assets.settings import forget_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTINGS = {
    "REFI_SPARK_MASTER": "local[2]",
    "REFI_SPARK_PARTITIONS": "2",
    "REFI_SPARK_MEMORY": "1g",
    "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # half the time: statements are small
}


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures of the servers."""
    config.pluginmanager.import_plugin("tests.fakes.fixtures")


@pytest.fixture(scope="session")
def spark() -> "SparkSession":
    """The process's session on two cores. Without PySpark or Java, the test is skipped, or fails in CI."""
    refuse = pytest.fail if os.environ.get("CI") else pytest.skip
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
        forget_settings()
        session = spark_session()
    forget_settings()
    return session
