"""Loan offers."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Bring in what tests of whole runs share, and registries of models."""
    config.pluginmanager.import_plugin("tests.support.fixtures")
    config.pluginmanager.import_plugin("tests.support.registries")
