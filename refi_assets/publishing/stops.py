"""Why a run published nothing: each blocking check and each failed step is recorded in the run's folder.

So the lake holds the reason, no matter how the run was started, as long as the folder is kept (retention.py). A run
that was killed records nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from refi_assets.lake import ObjectStore, RunFolder
from refi_assets.publishing.publication import FIRST, Publication, published_run_ids
from refi_assets.specs.contracts import load_contracts, quarantine_of
from refi_assets.specs.names import FIRST_GROUPS, STAGES

FOLDER = "stopped_by"  # one level deeper than relations are, so that retention takes no stop for a relation


class Stop(BaseModel):
    """One reason why a run stopped: a failed check of an asset, or, if `check` is None, an error in the asset's step.

    `reason` quotes no cell. `policy` holds the values that the check compared with.
    """

    model_config = ConfigDict(frozen=True)

    asset: str
    check: str | None
    reason: str
    as_of: date
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    policy: dict[str, Any] = {}


@dataclass(frozen=True)
class StoppedRun:
    """A run that published nothing, and its stops, oldest first."""

    run_id: str
    stops: tuple[Stop, ...]

    @property
    def as_of(self) -> date:
        """The run's as-of day."""
        return self.stops[0].as_of

    @property
    def at(self) -> datetime:
        """The time of the first stop."""
        return self.stops[0].at

    @property
    def status(self) -> str:
        """'failed' if a step raised an error, else 'blocked'."""
        return "failed" if any(stop.check is None for stop in self.stops) else "blocked"

    @property
    def why(self) -> str:
        """The failed steps and the blocking checks, as text."""
        steps = ", ".join(stop.asset for stop in self.stops if stop.check is None)
        checks = ", ".join(f"{stop.asset} {stop.check}" for stop in self.stops if stop.check is not None)
        return "; ".join(f"{verb} {names}" for verb, names in (("failed at", steps), ("blocked by", checks)) if names)

    @property
    def policy(self) -> dict[str, Any]:
        """The policy values of the first stop that has them."""
        return next((stop.policy for stop in self.stops if stop.policy), {})


def record_stop(folder: RunFolder, stop: Stop) -> None:
    """Record a stop in its run's folder. Raises LakeError."""
    key = folder.key(f"{FOLDER}/{stop.asset}/{stop.check or 'error'}", ".json")
    folder.lake.put_json(key, stop.model_dump(mode="json"))


def find_stopped(lake: ObjectStore, run_id: str) -> StoppedRun | None:
    """The run with its stops; None if it has none."""
    prefix = RunFolder(lake, run_id).key(FOLDER, "")
    records = [lake.get_json(info.key) for info in lake.objects(prefix)]
    stops = [Stop.model_validate(record) for record in records if record is not None]
    return StoppedRun(run_id, tuple(sorted(stops, key=lambda stop: stop.at))) if stops else None


def unpublished_runs(lake: ObjectStore) -> dict[str, StoppedRun | None]:
    """Run id -> the stopped run, for every run that is in no publication.

    None for a run without a recorded stop: it was killed, is under way, or was not meant to publish.
    """
    run_ids = set(lake.folders("runs")) - published_run_ids(lake)
    return {run_id: find_stopped(lake, run_id) for run_id in sorted(run_ids)}


def stopped_runs(publication: Publication, unpublished: Iterable[StoppedRun | None]) -> list[StoppedRun]:
    """The unpublished runs that were stopped on the way to a publication, oldest first."""
    stopped = [
        run
        for run in filter(None, unpublished)
        if any(publication_of(stop.asset) == publication.name for stop in run.stops)
    ]
    return sorted(stopped, key=lambda run: run.at)


def last_if_stopped(lake: ObjectStore, publication: Publication, stopped: Sequence[StoppedRun]) -> StoppedRun | None:
    """The newest of a publication's stopped runs, unless something was committed after it."""
    last = stopped[-1] if stopped else None
    if last is None or publication.latest(lake) is None:
        return last
    return last if last.at.timestamp() > lake.last_change(publication.commits_folder) else None


def publication_of(asset: str) -> str:
    """The name of the publication of an asset's domain."""
    group, name = asset.split("/", maxsplit=1)
    if group not in STAGES:
        return FIRST if group in FIRST_GROUPS else group
    contracts = load_contracts()
    if name in contracts:
        return contracts[name].domain
    domains = sorted({contract.domain for contract in contracts.values()})
    return next((domain for domain in domains if quarantine_of(domain) == asset), FIRST)
