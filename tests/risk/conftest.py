"""Fixtures of the tests of risk: AWS's fakes, lakes, and registries."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Bring in the fixtures for whole runs, for models, and for AWS."""
    config.pluginmanager.import_plugin("tests.support.fixtures")
    config.pluginmanager.import_plugin("tests.support.registries")
    config.pluginmanager.import_plugin("tests.fakes.fixtures")
