"""Runs of the next week on a copy of the lake and the store of two weeks, and what they publish and serve."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from refi_assets.ml.mlflow_client import SQLITE
from tests.support.commands import Answer, refi_here
from tests.support.offer_runs import WEEK, OfferRuns
from tests.support.served_offers import (
    PROGRAM,
    latest_publication,
    published_file,
    require_served_whole,
    served_week,
)

NEXT_WEEK = "2026-03-09"

Result = tuple[bytes, Mapping[str, str]]  # the published file, and the JSON of each stored offer by customer


@dataclass
class Attempt:
    """A run of the next week as it will be called; a fault may change what it finds."""

    runs: OfferRuns
    files: Path
    environment: dict[str, str] = field(default_factory=dict)
    options: tuple[object, ...] = ()

    @property
    def store(self) -> Path:
        """The folder of the stores of all programs."""
        return Path(self.runs.environment["REFI_STORE_DIR"])

    @property
    def program_store(self) -> Path:
        """The store of the program."""
        return self.store / PROGRAM

    @property
    def registry_folder(self) -> Path:
        """The folder of the registry."""
        return Path(self.runs.environment["REFI_MLFLOW_URI"].removeprefix(SQLITE)).parent

    def run(self) -> Answer:
        """Run the program."""
        command = ("offers", "run", "--as-of", NEXT_WEEK, "--source", self.files, "--replace", "--json")
        environment = {**self.runs.environment, **self.environment, "OPENLINEAGE_DISABLED": "true"}
        return refi_here(*command, *self.options, environment=environment)

    def served(self) -> tuple[dict[str, Any], str, Mapping[str, str]]:
        """The latest publication, the run of the week that is served, and the JSON of its offers."""
        return (latest_publication(self.runs.lake), *served_week(self.store))

    def result_of(self, done: Answer) -> Result:
        """What a run gave. Fails unless it succeeded and all of it is served."""
        assert done.returncode == 0, done.stderr
        run_id, lake = done.json["run_id"], self.runs.lake
        assert latest_publication(lake)["run_id"] == require_served_whole(lake, self.store) == run_id
        return published_file(lake, run_id), served_week(self.store)[1]


def copied_attempt(offer_runs: OfferRuns, folder: Path) -> Attempt:
    """A run of the next week, on the files of this week, on a copy of everything but the registry."""
    copies = {}
    for name in ("DAGSTER_HOME", "REFI_LAKE_URL", "REFI_STORE_DIR"):
        original = Path(offer_runs.environment[name])
        copies[name] = str(shutil.copytree(original, folder / original.name))
    shutil.copytree(offer_runs.lake.parent / WEEK, folder / "files")
    runs = OfferRuns(Path(copies["REFI_LAKE_URL"]), {**offer_runs.environment, **copies}, offer_runs.run_ids)
    return Attempt(runs, folder / "files")
