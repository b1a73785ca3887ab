"""A lake after a run, built once for each worker: tests that only read share it, others copy it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from tests.support.running import Ran


@dataclass(frozen=True)
class PublishedLake:
    """A lake in which one run published the small lender's audience as of tests.support.running.DAY, and the run.

    `instance` knows only that run. A test that materializes assets by hand needs another instance.
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
