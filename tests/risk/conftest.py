"""Fixtures of the tests of risk: AWS's fakes, and lakes."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Bring in the fixtures for whole runs, and for AWS."""
    config.pluginmanager.import_plugin("tests.support.fixtures")
    config.pluginmanager.import_plugin("tests.fakes.fixtures")
