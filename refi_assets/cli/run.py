"""refi run and refi <domain> run: a domain's job for one day in this process, its result as a table or as JSON.

The run is on the UI's Dagster instance, so that the UI shows it afterwards.
"""

import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg

from refi_assets.cli.run_watcher import RunWatcher
from refi_assets.cli.terminal import Terminal
from refi_assets.definitions import defs
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import LakeError, RefiError, SettingError, best_effort
from refi_assets.identity.settings import IdentitySettings
from refi_assets.ingestion.details import SnapshotDetails
from refi_assets.lake import ObjectStore, Relation, RunFolder, open_lake
from refi_assets.lake.memo import Memo
from refi_assets.observability.json_logs import log_as_json
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.offers.manifest import offer_counts
from refi_assets.orchestration import models
from refi_assets.orchestration.domain import Domain, program_domain
from refi_assets.orchestration.garbage import freeze_existing_objects
from refi_assets.orchestration.jobs import CLEAN_UP_JOB
from refi_assets.orchestration.masking import copy_publications
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
from refi_assets.publishing.masking_key import is_masking_key_set
from refi_assets.publishing.publication import FIRST, Publication
from refi_assets.publishing.publish import PublishedDetails, source_counts
from refi_assets.refi.audience import AUDIENCE, audience_counts
from refi_assets.settings import PROJECT_DIR, overridden, settings_of
from refi_assets.specs.groups import domain_of_group
from refi_assets.specs.names import STAGES
from refi_assets.specs.policies import policy_of
from refi_assets.specs.programs import program_files

CONTENTS = {FIRST: AUDIENCE.contents}  # what the JSON of a domain's run calls its file, if not "file"


class RunError(RefiError):
    """A run that published nothing: why, its status, its failed checks, and the relations that it left."""

    def __init__(
        self,
        message: str,
        run_id: str,
        as_of: date,
        status: str,
        failed_checks: list[dict[str, Any]],
        relations: list[Relation],
    ) -> None:
        super().__init__(message)
        self.run_id, self.as_of, self.status = run_id, as_of, status
        self.failed_checks, self.relations = failed_checks, relations


@contextmanager
def failure_as_json(domain: str, day: date, warnings: list[str]) -> Iterator[None]:
    """Print the object that --json prints for a run that published nothing, and reraise its error.

    If there was no run, for example because a file was refused, nothing is counted. `warnings` are those of ingestion.
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
            "counts": counts_of(domain, run.relations if run else []),
            "warnings": warnings,
            "error": str(error),
        }
        print(json.dumps(result))
        raise


@dataclass(frozen=True)
class RunResult:
    """A run that succeeded. Paths are absolute; `file` and `manifest` are None if it published nothing.

    `held_back` says why latest.json was not moved; None if it was.
    """

    domain: str
    run_id: str
    as_of: date
    file: str | None
    manifest: str | None
    held_back: str | None
    counts: dict[str, Any]
    load_dates: dict[str, str]
    warnings: list[str]

    def as_json(self, seconds: float) -> dict[str, Any]:
        """The object that --json prints."""
        return {
            "run_id": self.run_id,
            "as_of": self.as_of.isoformat(),
            "status": "published" if self.file else "succeeded",
            CONTENTS.get(self.domain, "file"): self.file,
            "manifest": self.manifest,
            "latest_moved": self.file is not None and self.held_back is None,
            "seconds": seconds,
            "counts": self.counts,
            "warnings": self.warnings,
        }

    def print(self, console: Terminal, seconds: float) -> None:
        """Print the short table. Likely causes of warnings are in the UI and in --json."""
        rows = [
            (
                *(source, self.load_dates[source], counts["rows"], counts["accepted"]),
                *(sum(counts[name].values()) for name in ("quarantined", "nulled")),
            )
            for source, counts in self.counts["sources"].items()
        ]
        names = ("source", "load date", "rows", "accepted", "quarantined", "nulled")
        console.table(names, rows, title=f"As of {self.as_of}")
        numbers = _audience_numbers(self.counts) if self.domain == FIRST else _row_counts(self.counts)
        lines = numbers | {"Seconds": f"{seconds}", "File": self.file or "nothing was published"}
        width = max(map(len, lines)) + 1
        for name, text in lines.items():
            console.say(f"{name:{width}} {text}")
        if self.held_back:
            console.say(f"latest.json was not moved: {self.held_back}.")
        for warning in self.warnings:
            console.warn(f"Warning: {warning.splitlines()[0]}")


def _audience_numbers(counts: dict[str, Any]) -> dict[str, str]:
    tiers = ", ".join(f"{tier} {rows:,}" for tier, rows in counts["audience_tiers"].items())
    unmatched = ", ".join(f"{reason} {rows:,}" for reason, rows in counts["unmatched"].items()) or "none"
    return {
        "Unified": f"{counts['unified']:,} (unmatched: {unmatched})",
        "Eligible": f"{counts['eligible']:,}",
        "Audience": f"{sum(counts['audience_tiers'].values()):,} ({tiers})",
    }


def _row_counts(counts: dict[str, Any]) -> dict[str, str]:
    return {key: f"{rows:,}" for key, rows in counts["relations"].items()}


def counts_of(domain: str, relations: Sequence[Relation]) -> dict[str, Any]:
    """The counts of a run: refi's are those in its manifest, other domains' the rows of sources and of relations."""
    if domain == FIRST:
        return audience_counts(relations)
    if domain in program_files():
        return offer_counts(domain, relations)
    stages = tuple(f"{stage}/" for stage in STAGES)
    rows = {relation.key: relation.rows for relation in relations if not relation.key.startswith(stages)}
    return {"sources": source_counts(relations), "relations": rows}


def run_domain(
    name: str,
    day: date,
    *,
    lake_url: str,
    console: Terminal,
    policy_file: Path | None = None,
    force_latest: bool = False,
    instance: dg.DagsterInstance | None = None,
    engine: str | None = None,
    identity: IdentityResource | None = None,
    verify: bool = False,
    job_name: str = "",
    run_id: str = "",
    tidies: bool = True,
) -> RunResult:
    """Run the job of a domain, or another job over its assets, for the partition that contains a day.

    Then it cleans up and makes copies for analysts, unless that is left to another process (`tidies`). The run is on
    the deployment's Dagster instance, engine and identity unless others are given. Its id is new unless one is given.
    With `verify`, every relation is computed again and compared with the memo's. Raises RunError, or another RefiError,
    which says why nothing was published.
    """
    lake, domain = open_lake(lake_url, create=False), domain_of(name)
    policy_of(domain.policy, policy_file)
    partition = partition_of_day(domain.cadence, day)
    as_of = as_of_day(domain.cadence, partition)
    identity = identity or IdentityResource(kind=settings_of(IdentitySettings).identity_engine)
    definitions, job = _job_of(name, job_name or name, identity)
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
    run_id, used = run_id or str(uuid.uuid4()), instance or dg.DagsterInstance.get()
    common: dict[str, Any] = {"run_config": config, "instance": used, "raise_on_error": False, "resources": resources}
    freeze_existing_objects()
    with used:
        with (
            RunWatcher(used, run_id, console, is_silent=is_json, unchanged=domain.unchanged) as watcher,
            resources["engine"].duckdb(lake).kept_open(),
        ):
            outcome = job.execute_in_process(partition_key=partition, run_id=run_id, **common)
        if not outcome.success:
            message = watcher.why_failed(run_id, keeps_log=instance is None)
            relations = _relations(lake, run_id)
            raise RunError(message, run_id, as_of, watcher.status, watcher.failed_checks, relations)
        if tidies:
            watcher.warnings += _tidy_up(definitions, lake, common)
    assets = ["/".join(event.asset_key.path) for event in outcome.get_asset_materialization_events() if event.asset_key]
    if verify:
        console.say(_verified(lake, run_id, assets))
    return _result(name, lake, run_id, as_of, assets, watcher.warnings)


def _tidy_up(definitions: dg.Definitions, lake: ObjectStore, common: dict[str, Any]) -> list[str]:
    """Clean up, and make the copies for analysts that are due; returns warnings."""
    warnings = []
    cleaned_up = definitions.resolve_job_def(CLEAN_UP_JOB).execute_in_process(**common)
    if not cleaned_up.success:
        warnings.append(f"The clean-up after the run failed. {see_log(cleaned_up.run_id)}")
    if is_masking_key_set():
        with best_effort(lambda why: warnings.append(f"Analysts still see the copy of an earlier run: {why}")):
            copy_publications(lake, common["resources"]["engine"])
    return warnings


def _result(
    name: str, lake: ObjectStore, run_id: str, as_of: date, assets: list[str], warnings: list[str]
) -> RunResult:
    folder, manifest = RunFolder(lake, run_id), Publication(name).manifest_key(run_id)
    relations = [folder.load(key) for key in assets]
    publishing = (relation for relation in relations if getattr(relation.details, "manifest", None) == manifest)
    published = next((relation.details_as(PublishedDetails) for relation in publishing), None)
    counts = counts_of(name, relations)
    return RunResult(
        domain=name,
        run_id=run_id,
        as_of=as_of,
        file=lake.address(published.file) if published else None,
        manifest=lake.address(published.manifest) if published else None,
        held_back=published.held_back if published else None,
        counts=counts,
        load_dates={source: _load_date(folder, source) for source in counts["sources"]},
        warnings=warnings,
    )


def _load_date(folder: RunFolder, source: str) -> str:
    return folder.load(f"raw/{source}").details_as(SnapshotDetails).snapshot.load_date.isoformat()


def _job_of(domain: str, name: str, identity: IdentityResource) -> tuple[dg.Definitions, dg.JobDefinition]:
    """The definitions and a job of a domain. Raises SettingError if there is none, or assets read one another."""
    # Only a run of ml misses models that are left out of the definitions.
    logging.getLogger(models.__name__).disabled = domain != "ml"
    with overridden("REFI_IDENTITY_ENGINE", identity.kind):
        definitions = defs()
    if name not in {job.name for job in definitions.jobs or ()}:
        raise SettingError(f"Domain {domain} has no job {name}; define it in refi_assets/defs/{domain}/automation.py.")
    try:
        return definitions, definitions.resolve_job_def(name)
    except dg.DagsterInvalidDefinitionError as error:  # its cause names the assets
        raise SettingError(f"{error}: {error.__cause__ or error.__context__}") from None


def _relations(lake: ObjectStore, run_id: str) -> list[Relation]:
    """The relations that a run left; none if the lake cannot be read any more."""
    try:
        return RunFolder(lake, run_id).relations()
    except LakeError:
        return []


def _verified(lake: ObjectStore, run_id: str, assets: Iterable[str]) -> str:
    """The number of relations that were compared with an earlier one. The run fails if two differ."""
    memo, folder = Memo(lake), RunFolder(lake, run_id)
    relations = filter(None, map(folder.find, assets))
    entries = [len(memo.find(relation.fingerprint)) for relation in relations if relation.fingerprint]
    remembered, compared = sum(count > 0 for count in entries), sum(count > 1 for count in entries)
    return f"Verified: of {remembered} relations in the memo, {compared} were computed before, and are the same."


def as_of_day_in(name: str, day: date) -> date:
    """The as-of day of the domain's partition that contains a day."""
    cadence = domain_of(name).cadence
    return as_of_day(cadence, partition_of_day(cadence, day))


def domain_of(name: str) -> Domain:
    """A program, or the domain of a group, as its definitions declare it. Raises SettingError if there are none."""
    if name in program_files():
        return program_domain(name)
    name = domain_of_group(name)
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
