"""Answers of the refi domain about its published runs."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Bring in what tests of whole runs share."""
    config.pluginmanager.import_plugin("tests.support.fixtures")
