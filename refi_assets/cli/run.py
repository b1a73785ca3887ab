"""refi run: the job of a domain of one day in this process, with progress; refi's result as a table or as JSON.

The run goes to the same Dagster instance as the UI's, so that it can be looked at there afterwards.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg

from refi_assets.cli.run_watcher import RunWatcher
from refi_assets.cli.terminal import Terminal
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import LakeError, RefiError, SettingError
from refi_assets.identity.settings import IdentitySettings
from refi_assets.ingestion.details import SnapshotDetails
from refi_assets.lake import ObjectStore, Relation, RunFolder, open_lake
from refi_assets.lake.memo import Memo
from refi_assets.observability.json_logs import log_as_json
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.garbage import freeze_existing_objects
from refi_assets.orchestration.jobs import CLEAN_UP_JOB
from refi_assets.orchestration.partitions import as_of_day, partition_of_day
from refi_assets.orchestration.resources import (
    EngineResource,
    IdentityResource,
    LakeResource,
    PoliciesResource,
    PublishingResource,
)
from refi_assets.orchestration.steps import see_log
from refi_assets.project import set_dagster_home
from refi_assets.publishing.publish import PublishedDetails
from refi_assets.settings import PROJECT_DIR, overridden, settings_of
from refi_assets.specs.policies import policy_of

REFI = "refi"  # the domain and its job


class RunError(RefiError):
    """A run that published nothing, and why: its status, the checks that failed, and the relations that it made."""

    def __init__(
        self,
        words: str,
        run_id: str,
        as_of: date,
        status: str,
        failed_checks: list[dict[str, Any]],
        relations: list[Relation],
    ) -> None:
        super().__init__(words)
        self.run_id, self.as_of, self.status = run_id, as_of, status
        self.failed_checks, self.relations = failed_checks, relations


@contextmanager
def failure_as_json(
    day: date, count: Callable[[list[Relation]], dict[str, Any]], warnings: list[str]
) -> Iterator[None]:
    """Print the object that --json prints for a run that published nothing, and let its error pass.

    `count` counts what the run made. Without a run, as for a file that was refused, there is nothing to count.
    `warnings` are those of the files that were put in.
    """
    try:
        yield
    except RefiError as error:
        run = error if isinstance(error, RunError) else None
        result = {
            "run_id": run.run_id if run else None,
            "as_of": (run.as_of if run else day).isoformat(),
            "status": run.status if run else "failed",
            "checks": run.failed_checks if run else [],
            "counts": count(run.relations if run else []),
            "warnings": warnings,
            "error": str(error),
        }
        print(json.dumps(result))
        raise


@dataclass(frozen=True)
class JobRun:
    """A job that ran to its end: the as-of day of its partition, the assets that it made, and what it warned of."""

    run_id: str
    as_of: date
    assets: list[str]
    warnings: list[str]


@dataclass
class RunResult:
    """What a run published. Paths are absolute."""

    run_id: str
    as_of: date
    audience: str
    manifest: str
    held_back: str | None
    counts: dict[str, Any]
    load_dates: dict[str, str]
    warnings: list[str] = field(default_factory=list)

    def as_json(self, seconds: float) -> dict[str, Any]:
        """The object that --json prints."""
        return {
            "run_id": self.run_id,
            "as_of": self.as_of.isoformat(),
            "status": "published",
            "audience": self.audience,
            "manifest": self.manifest,
            "latest_moved": self.held_back is None,
            "seconds": seconds,
            "counts": self.counts,
            "warnings": self.warnings,
        }

    def print(self, console: Terminal, seconds: float) -> None:
        """Print the short table."""
        print_sources(console, self.as_of, self.counts["sources"], self.load_dates)
        tiers = ", ".join(f"{tier} {n:,}" for tier, n in self.counts["audience_tiers"].items())
        unmatched = ", ".join(f"{reason} {n:,}" for reason, n in self.counts["unmatched"].items()) or "none"
        lines = {
            "Unified": f"{self.counts['unified']:,} (unmatched: {unmatched})",
            "Eligible": f"{self.counts['eligible']:,}",
            "Audience": f"{sum(self.counts['audience_tiers'].values()):,} ({tiers})",
            "Seconds": f"{seconds}",
            "File": self.audience,
        }
        for name, text in lines.items():
            console.say(f"{name:9} {text}")
        if self.held_back:
            console.say(f"latest.json was not moved: {self.held_back}.")
        print_warnings(console, self.warnings)


def print_sources(console: Terminal, as_of: date, counts: dict[str, Any], load_dates: dict[str, str]) -> None:
    """Print what was counted of each source."""
    rows = [
        (
            *(source, load_dates[source], counted["rows"], counted["accepted"]),
            *(sum(counted[name].values()) for name in ("quarantined", "nulled")),
        )
        for source, counted in counts.items()
    ]
    console.table(("source", "load date", "rows", "accepted", "quarantined", "nulled"), rows, title=f"As of {as_of}")


def print_warnings(console: Terminal, warnings: list[str]) -> None:
    """Print what a run warned of, a line each; likely causes are in the UI and in --json."""
    for warning in warnings:
        console.warn(f"Warning: {warning.splitlines()[0]}")


def run_graph(
    as_of: date,
    *,
    lake_url: str,
    policy_file: Path | None,
    force_latest: bool,
    console: Terminal,
    instance: dg.DagsterInstance | None = None,
    engine: str | None = None,
    identity: IdentityResource | None = None,
    verify: bool = False,
) -> RunResult:
    """Run the refi job of a day, on the deployment's Dagster instance, engine and identity unless others are given.

    With `verify`, what the memo has is made anew and compared.

    Raises RunError, or another RefiError, saying why nothing was published.
    """
    lake = open_lake(lake_url, create=False)
    job = run_job(
        REFI,
        as_of,
        lake=lake,
        policy_file=policy_file,
        force_latest=force_latest,
        console=console,
        instance=instance,
        engine=engine,
        identity=identity,
        verify=verify,
    )
    return _result(lake, job)


def run_job(
    name: str,
    day: date,
    *,
    lake: ObjectStore,
    policy_file: Path | None,
    force_latest: bool,
    console: Terminal,
    instance: dg.DagsterInstance | None = None,
    engine: str | None = None,
    identity: IdentityResource | None = None,
    verify: bool = False,
) -> JobRun:
    """Run the job of a domain, of the partition that holds a day, and then clean up. Raises RefiError as run_graph."""
    from refi_assets.definitions import defs

    domain = domain_of(name)
    policy_of(domain.policy, policy_file)
    identity = identity or IdentityResource(kind=settings_of(IdentitySettings).identity_engine)
    with overridden("REFI_IDENTITY_ENGINE", identity.kind):
        definitions, run_id = defs(), str(uuid.uuid4())
    if name not in {job.name for job in definitions.jobs or ()}:
        raise SettingError(f"Domain {name} has no job; define it in refi_assets/defs/{name}/automation.py.")
    partition = partition_of_day(domain.cadence, day)
    as_of = as_of_day(domain.cadence, partition)
    if partition is None and day != as_of:
        raise SettingError(f"The job of {name} has no partitions: it is as of today, {as_of}. Leave --as-of out.")
    resources: dict[str, Any] = {
        "lake": LakeResource(url=lake.name, memo="verify" if verify else "use"),
        "engine": EngineResource(kind=engine or settings_of(EngineSettings).engine),
        "identity": identity,
        "policies": PoliciesResource(overrides={domain.policy: str(policy_file)} if policy_file else {}),
        "publishing": PublishingResource(force_latest=force_latest),
    }
    set_dagster_home(PROJECT_DIR)
    if is_json := settings_of(ObservabilitySettings).log_format == "json":
        log_as_json()
    config = {"loggers": {"console": {"config": {"log_level": "DEBUG" if is_json else "CRITICAL"}}}}
    resolved = _resolve(definitions, name)
    used = instance or dg.DagsterInstance.get()
    freeze_existing_objects()
    with used:
        with (
            RunWatcher(used, run_id, console, is_silent=is_json) as watcher,
            resources["engine"].duckdb(lake).kept_open(),
        ):
            outcome = resolved.execute_in_process(
                run_config=config,
                instance=used,
                partition_key=partition,
                raise_on_error=False,
                run_id=run_id,
                resources=resources,
            )
        if not outcome.success:
            words = watcher.why_failed(run_id, keeps_log=instance is None)
            relations = _relations(lake, run_id)
            raise RunError(words, run_id, as_of, watcher.status, watcher.failed_checks, relations)
        cleaned_up = definitions.resolve_job_def(CLEAN_UP_JOB).execute_in_process(
            run_config=config, instance=used, raise_on_error=False, resources=resources
        )
    if not cleaned_up.success:
        watcher.warnings.append(f"What need not stay was not cleaned up. {see_log(cleaned_up.run_id)}")
    assets = ["/".join(event.asset_key.path) for event in outcome.get_asset_materialization_events() if event.asset_key]
    if verify:
        console.say(_verified(lake, run_id, assets))
    return JobRun(run_id, as_of, assets, watcher.warnings)


def _relations(lake: ObjectStore, run_id: str) -> list[Relation]:
    """What a run made before it ended; nothing if the lake cannot be read any more."""
    try:
        return RunFolder(lake, run_id).relations()
    except LakeError:
        return []


def _verified(lake: ObjectStore, run_id: str, assets: Iterable[str]) -> str:
    """How many relations of a run could be compared with an earlier one. The run has failed if one was not the same."""
    memo, folder = Memo(lake), RunFolder(lake, run_id)
    relations = filter(None, map(folder.find, assets))
    known = [len(memo.find(relation.fingerprint)) for relation in relations if relation.fingerprint]
    compared, remembered = (sum(entries > least for entries in known) for least in (1, 0))
    return f"Verified: of {remembered} relations that the memo knows, {compared} were made before, and are the same."


def _resolve(definitions: dg.Definitions, name: str) -> dg.JobDefinition:
    try:
        return definitions.resolve_job_def(name)
    except dg.DagsterInvalidDefinitionError as error:  # whose cause names the assets that read one another
        raise SettingError(f"{error}: {error.__cause__ or error.__context__}") from None


def as_of_day_in(name: str, day: date) -> date:
    """The as-of day of the partition of a domain that holds a day."""
    cadence = domain_of(name).cadence
    return as_of_day(cadence, partition_of_day(cadence, day))


def domain_of(name: str) -> Domain:
    """The domain of a name, as its definitions have it. Raises SettingError if there are none."""
    package = f"refi_assets.defs.{name}"
    try:
        values = [*vars(import_module(package)).values()]
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        values = []
    for value in values:
        if isinstance(value, Domain) and value.name == name:
            return value
    raise SettingError(
        f"Domain {name} has no definitions: refi_assets/defs/{name}/__init__.py or defs/{name}.py must hold its Domain."
    )


def _result(lake: ObjectStore, job: JobRun) -> RunResult:
    folder = RunFolder(lake, job.run_id)
    published = folder.load("activation/audience_file").details_as(PublishedDetails)
    counts = lake.get_json(published.manifest)["counts"]
    return RunResult(
        run_id=job.run_id,
        as_of=job.as_of,
        audience=lake.address(published.file),
        manifest=lake.address(published.manifest),
        held_back=published.held_back,
        counts=counts,
        load_dates=load_dates(folder, counts["sources"]),
        warnings=job.warnings,
    )


def load_dates(folder: RunFolder, sources: Iterable[str]) -> dict[str, str]:
    """Of each source, the load date of the files that a run used."""
    return {
        source: folder.load(f"raw/{source}").details_as(SnapshotDetails).snapshot.load_date.isoformat()
        for source in sources
    }
