"""Alerts, metrics and logs."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Bring in the fixtures for whole runs, and for AWS, Trino and Athena."""
    config.pluginmanager.import_plugin("tests.support.fixtures")
    config.pluginmanager.import_plugin("tests.fakes.fixtures")
