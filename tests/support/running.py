"""Running the graph in tests: the real definitions, on a lake in a temporary folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from refi_assets.definitions import defs
from refi_assets.ingestion.raw_zone import ingest_folder
from refi_assets.lake import open_lake
from refi_assets.orchestration.resources import (
    EngineResource,
    IdentityResource,
    LakeResource,
    PoliciesResource,
    PublishingResource,
)
from refi_assets.settings import PROJECT_DIR, overridden
from refi_assets.specs.contracts import load_contracts

SHARED_DATA = PROJECT_DIR.parent / "shared" / "data"
SHARED_TOOLS = PROJECT_DIR.parent / "shared" / "tools"
DAY = date(2026, 2, 20)


@cache
def definitions(identity: str = "off") -> dg.Definitions:
    """The project's definitions with matching by an engine, and a job for the checks of each asset."""
    with overridden("REFI_IDENTITY_ENGINE", identity):
        ours = defs()
    keys = {key.asset_key for key in ours.resolve_asset_graph().asset_check_keys}
    jobs = [
        dg.define_asset_job("checks_of_" + "_".join(key.path), selection=dg.AssetSelection.checks_for_assets(key))
        for key in keys
    ]
    return dg.Definitions.merge(ours, dg.Definitions(jobs=jobs))


@dataclass
class Ran:
    """A finished run: whether it succeeded, the check results, and why it failed."""

    result: dg.ExecuteInProcessResult
    checks: dict[str, dg.AssetCheckEvaluation]

    @property
    def success(self) -> bool:
        return self.result.success

    @property
    def run_id(self) -> str:
        return self.result.run_id

    @property
    def failed_checks(self) -> dict[str, str]:
        """'asset check' -> severity, of the checks that did not pass."""
        return {name: check.severity.value for name, check in self.checks.items() if not check.passed}

    def metadata(self, asset: str) -> dict[str, Any]:
        """The metadata of an asset's materialization."""
        key = dg.AssetKey(asset.split("/"))
        (event,) = [event for event in self.result.get_asset_materialization_events() if event.asset_key == key]
        return {name: value.value for name, value in event.materialization.metadata.items()}

    @property
    def failure(self) -> str:
        """The message of the first failure that a user can fix; if there is none, any other error."""
        failures = [
            e.step_failure_data for e in self.result.all_events if e.event_type == dg.DagsterEventType.STEP_FAILURE
        ]
        for data in failures:
            if data.user_failure_data is not None:
                return str(data.user_failure_data.description)
        return f"not for users: {failures[0].error}" if failures else ""


def run_job(
    lake: Path | str,
    as_of: date = DAY,
    *,
    job: str = "refi",
    instance: dg.DagsterInstance | None = None,
    policy: Path | None = None,
    policies: Mapping[str, Path] | None = None,
    force_latest: bool = False,
    selection: list[str] | None = None,
    identity: str | None = None,
    memo: str = "use",
) -> Ran:
    """Run a job of one day on a lake. `policy` is refi's, `policies` are those of other domains."""
    # The definitions are loaded once; the engines are those of the settings now.
    resources: dict[str, Any] = {"lake": LakeResource(url=str(lake), memo=memo), "engine": EngineResource()}
    resources["identity"] = IdentityResource(kind=identity) if identity else IdentityResource()
    matcher = resources["identity"].kind
    overrides = {**(policies or {}), **({"refi": policy} if policy else {})}
    resources["policies"] = PoliciesResource(overrides={domain: str(path) for domain, path in overrides.items()})
    config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    resources["publishing"] = PublishingResource(force_latest=force_latest)
    loaded = definitions(matcher)
    if selection is not None:
        job = "by_hand"
        by_hand = dg.define_asset_job(job, selection=dg.AssetSelection.assets(*(key.split("/") for key in selection)))
        loaded = dg.Definitions.merge(loaded, dg.Definitions(jobs=[by_hand]))
    result = loaded.resolve_job_def(job).execute_in_process(
        run_config=config,
        instance=instance or dg.DagsterInstance.ephemeral(),
        tags={"dagster/partition": as_of.isoformat()},
        raise_on_error=False,
        resources=resources,
    )
    evaluations = result.get_asset_check_evaluations()
    return Ran(result, {f"{check.asset_key.to_user_string()} {check.check_name}": check for check in evaluations})


def ingest(lake: Path | str, source: Path, day: date = DAY, *, replace: bool = False) -> list[str]:
    """Put source files into a lake's raw zone."""
    return ingest_folder(open_lake(str(lake)), source, day, load_contracts(), replace=replace).keys


def latest(lake: Path | str) -> Any:
    """The content of output/latest.json, or None."""
    return open_lake(str(lake)).get_json("output/latest.json")


def manifest(lake: Path | str) -> Any:
    """The manifest of the latest audience."""
    return open_lake(str(lake)).get_json(latest(lake)["manifest"])
