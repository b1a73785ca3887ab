"""What every test may use, and nothing that imports Dagster or AWS: folders that need those bring them in."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.sources import Sources

# The same examples everywhere, so that a failure on one machine is a failure on all. A busy machine is not a bug.
settings.register_profile("stable", derandomize=True, deadline=None, database=None)
settings.load_profile("stable")


# A shell's background jobs ignore SIGINT, and so would all that tests start; Dagster then has SIGTERM ignored, too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A lake of its own, into which a test drops source files."""
    return Sources(tmp_path)
