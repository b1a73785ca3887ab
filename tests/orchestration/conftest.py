"""The definitions, the checks and the sensor on arrivals."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Load the shared fixtures of tests of whole runs."""
    config.pluginmanager.import_plugin("tests.support.fixtures")
