"""A lake after a run, made once a worker: tests that only read share it, and tests that change it take a copy."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from tests.support.running import Ran


@dataclass(frozen=True)
class PublishedLake:
    """A lake in which one run published the small lender's audience as of tests.support.running.DAY, and the run.

    `instance` knows that run alone. A test that materializes assets by hand needs an instance of its own.
    """

    lake: Path
    ran: Ran
    instance: dg.DagsterInstance

    @property
    def run_id(self) -> str:
        return self.ran.run_id

    def copy(self, lake: Path) -> Path:
        """The same lake in another folder, for a test that changes it."""
        return Path(shutil.copytree(self.lake, lake))
