"""Publishing, retention, going back to an earlier audience, and replay."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Bring in the fixtures for whole runs."""
    config.pluginmanager.import_plugin("tests.support.fixtures")
