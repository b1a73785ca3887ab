"""Why runs published nothing: each check that blocked and each step that failed says so in its run's folder.

The lake knows it by itself, whoever started the run, as long as the run's folder stays (retention.py). A run that was
killed could say nothing.
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

FOLDER = "stopped_by"  # below it a level more than below a group: retention takes nothing in it for a relation


class Stop(BaseModel):
    """One thing that stopped a run: a check of an asset, or, without one, the error that the asset's step ended with.

    `reason` quotes no cell. `policy` holds the values that a check judged by.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    asset: str
    check: str | None
    reason: str
    as_of: date
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    policy: dict[str, Any] = {}


@dataclass(frozen=True)
class StoppedRun:
    """A run that published nothing, and what stopped it, in the order of time."""

    run_id: str
    stops: tuple[Stop, ...]

    @property
    def as_of(self) -> date:
        """The as-of day."""
        return self.stops[0].as_of

    @property
    def at(self) -> datetime:
        """When it was stopped first."""
        return self.stops[0].at

    @property
    def status(self) -> str:
        """'failed' if a step ended with an error, else 'blocked'."""
        return "failed" if any(stop.check is None for stop in self.stops) else "blocked"

    @property
    def why(self) -> str:
        """The status, with the checks and the steps."""
        checks = [f"{stop.asset} {stop.check}" for stop in self.stops if stop.check is not None]
        steps = [stop.asset for stop in self.stops if stop.check is None]
        parts = (["failed at " + ", ".join(steps)] if steps else []) + (
            ["blocked by " + ", ".join(checks)] if checks else []
        )
        return "; ".join(parts)

    @property
    def policy(self) -> dict[str, Any]:
        """The values of the policy that a check judged by, if a check stopped it."""
        return next((stop.policy for stop in self.stops if stop.policy), {})


def record_stop(folder: RunFolder, stop: Stop) -> None:
    """Write down what stopped a run. Raises LakeError."""
    key = folder.key(f"{FOLDER}/{stop.asset}/{stop.check or 'error'}", ".json")
    folder.lake.put_json(key, stop.model_dump(mode="json"))


def find_stopped(lake: ObjectStore, run_id: str) -> StoppedRun | None:
    """What stopped a run; None if nothing did, or it could not say so."""
    prefix = RunFolder(lake, run_id).key(FOLDER, "")
    records = [lake.get_json(info.key) for info in lake.objects(prefix)]
    stops = [Stop.model_validate(record) for record in records if record is not None]
    return StoppedRun(run_id, tuple(sorted(stops, key=lambda stop: stop.at))) if stops else None


def unpublished_runs(lake: ObjectStore) -> dict[str, StoppedRun | None]:
    """The runs that published nothing under any name, sorted, with what stopped them.

    None for those that do not say why: killed, under way, or not meant to publish.
    """
    run_ids = set(lake.folders("runs")) - published_run_ids(lake)
    return {run_id: find_stopped(lake, run_id) for run_id in sorted(run_ids)}


def stopped_runs(publication: Publication, unpublished: Iterable[StoppedRun | None]) -> list[StoppedRun]:
    """Those of the unpublished runs that were stopped on the way to a publication, the last one last."""
    stopped = [run for run in unpublished if run is not None]
    ours = [run for run in stopped if any(publication_of(stop.asset) == publication.name for stop in run.stops)]
    return sorted(ours, key=lambda run: run.at)


def last_if_stopped(lake: ObjectStore, publication: Publication, stopped: Sequence[StoppedRun]) -> StoppedRun | None:
    """The last of a publication's stopped runs, if nothing was committed after it."""
    last = stopped[-1] if stopped else None
    if last is None or publication.latest(lake) is None:
        return last
    return last if last.at.timestamp() > lake.last_change(publication.commits_folder) else None


def publication_of(asset: str) -> str:
    """The name under which the domain of an asset publishes."""
    group, name = asset.split("/", maxsplit=1)
    if group not in STAGES:
        return FIRST if group in FIRST_GROUPS else group
    domains: Sequence[str] = sorted({contract.domain for contract in load_contracts().values()})
    if name in load_contracts():
        return load_contracts()[name].domain
    return next((domain for domain in domains if quarantine_of(domain) == asset), FIRST)
