"""AWS, Trino and Athena for the tests of engines."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Bring in the servers, and whatever asks them."""
    config.pluginmanager.import_plugin("tests.fakes.fixtures")
