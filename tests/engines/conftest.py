"""AWS, Trino and Athena for the tests of engines."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures of the servers."""
    config.pluginmanager.import_plugin("tests.fakes.fixtures")
