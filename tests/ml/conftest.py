"""Models and their registry."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Load the shared fixtures, also those of a registry and of servers."""
    config.pluginmanager.import_plugin("tests.support.fixtures")
    config.pluginmanager.import_plugin("tests.support.registries")
    config.pluginmanager.import_plugin("tests.fakes.fixtures")
