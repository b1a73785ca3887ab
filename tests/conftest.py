"""What every test may use, and nothing that imports Dagster or AWS: folders that need those bring them in."""

import signal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support.sources import Sources

# The same examples everywhere, so that a failure on one machine is a failure on all. A busy machine is not a bug.
settings.register_profile("stable", derandomize=True, deadline=None, database=None)
settings.load_profile("stable")


# A shell's background jobs ignore SIGINT, and so would all that tests start; Dagster then has SIGTERM ignored, too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With --dist loadscope, run all of tests/spark in one worker, so that Spark starts once."""
    if config.getoption("dist") != "loadscope":
        return None
    scheduler = import_module("xdist.scheduler").LoadScopeScheduling(config, log)
    module_of = scheduler._split_scope
    scheduler._split_scope = lambda test: "tests/spark" if test.startswith("tests/spark/") else module_of(test)
    return scheduler


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A lake of its own, into which a test drops source files."""
    return Sources(tmp_path)
