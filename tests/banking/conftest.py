"""The domain banking."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Load the shared fixtures."""
    config.pluginmanager.import_plugin("tests.support.fixtures")
    config.pluginmanager.import_plugin("tests.support.registries")
