"""refi run: the refi job of one day in this process, with progress, and its result as a table or as JSON.

The run goes to the same Dagster instance as the UI's, so that it can be looked at there afterwards.
"""

import logging
import os
import uuid
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from refi_assets.cli.terminal import Terminal
from refi_assets.errors import RefiError
from refi_assets.ingestion.details import SnapshotDetails
from refi_assets.lake import ObjectStore, RunFolder, open_lake
from refi_assets.observability.logs import log_as_json
from refi_assets.orchestration.jobs import CLEAN_UP_JOB
from refi_assets.orchestration.resources import (
    EngineResource,
    IdentityResource,
    LakeResource,
    PoliciesResource,
    PublishingResource,
)
from refi_assets.orchestration.steps import BLOCKED, PUBLISHED, UNCHANGED, asset_of_step, error_reason, see_log
from refi_assets.publishing.publish import PublishedDetails
from refi_assets.settings import PROJECT_DIR, settings
from refi_assets.specs.policies import policy_of

REFI = "refi"  # the domain, its job and its policy


class RunError(RefiError):
    """A run that published nothing, and why."""

    def __init__(self, words: str, run_id: str) -> None:
        super().__init__(words)
        self.run_id = run_id


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
            "audience": self.audience,
            "manifest": self.manifest,
            "latest_moved": self.held_back is None,
            "seconds": seconds,
            "counts": self.counts,
            "warnings": self.warnings,
        }

    def print(self, console: Terminal, seconds: float) -> None:
        """Print the short table."""
        sources = Table(title=f"As of {self.as_of}", title_justify="left", box=box.SIMPLE, pad_edge=False)
        for name in ("source", "load date", "rows", "accepted", "quarantined", "nulled"):
            sources.add_column(name, justify="left" if name in ("source", "load date") else "right", no_wrap=True)
        for source, counted in self.counts["sources"].items():
            quarantined, nulled = sum(counted["quarantined"].values()), sum(counted["nulled"].values())
            numbers = (counted["rows"], counted["accepted"], quarantined, nulled)
            sources.add_row(source, self.load_dates[source], *(f"{number:,}" for number in numbers))
        console.print(sources)
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
        for warning in self.warnings:
            console.say(f"Warning: {warning}", style="yellow")


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
) -> RunResult:
    """Run the refi job of a day, on the deployment's Dagster instance, engine and identity unless others are given.

    Raises RunError, or another RefiError, saying why nothing was published.
    """
    from refi_assets.definitions import defs

    lake = open_lake(lake_url, create=False)
    policy_of(REFI, policy_file)
    definitions, run_id = defs(), str(uuid.uuid4())
    resources: dict[str, Any] = {
        "lake": LakeResource(url=lake.name),
        "engine": EngineResource(kind=engine or settings().engine),
        "identity": identity or IdentityResource(kind=settings().identity_engine),
        "policies": PoliciesResource(overrides={REFI: str(policy_file)} if policy_file else {}),
        "publishing": PublishingResource(force_latest=force_latest),
    }
    os.environ.setdefault("DAGSTER_HOME", str(PROJECT_DIR / ".dagster"))
    if is_json := settings().log_format == "json":
        log_as_json()
    config = {"loggers": {"console": {"config": {"log_level": "DEBUG" if is_json else "CRITICAL"}}}}
    with instance or dg.DagsterInstance.get() as used:
        with _Watcher(used, run_id, console, is_silent=is_json) as watcher:
            outcome = definitions.resolve_job_def(REFI).execute_in_process(
                run_config=config,
                instance=used,
                partition_key=as_of.isoformat(),
                raise_on_error=False,
                run_id=run_id,
                resources=resources,
            )
        if not outcome.success:
            raise RunError(watcher.why_failed(run_id, keeps_log=instance is None), run_id)
        cleaned_up = definitions.resolve_job_def(CLEAN_UP_JOB).execute_in_process(
            run_config=config, instance=used, raise_on_error=False, resources=resources
        )
    if not cleaned_up.success:
        watcher.warnings.append(f"What need not stay was not cleaned up. {see_log(cleaned_up.run_id)}")
    return _result(lake, run_id, as_of, watcher.warnings)


def _result(lake: ObjectStore, run_id: str, as_of: date, warnings: list[str]) -> RunResult:
    folder = RunFolder(lake, run_id)
    published = folder.load("activation/audience_file").details_as(PublishedDetails)
    counts = lake.get_json(published.manifest)["counts"]
    return RunResult(
        run_id=run_id,
        as_of=as_of,
        audience=lake.url(published.file),
        manifest=lake.url(published.manifest),
        held_back=published.held_back,
        counts=counts,
        load_dates={
            source: folder.load(f"raw/{source}").details_as(SnapshotDetails).snapshot.load_date.isoformat()
            for source in counts["sources"]
        },
        warnings=warnings,
    )


class _Watcher:
    """Listens to a run's events: moves the progress bar, and keeps warnings and reasons of failure."""

    def __init__(self, instance: dg.DagsterInstance, run_id: str, console: Terminal, *, is_silent: bool) -> None:
        self.warnings: list[str] = []
        self._blocked: list[str] = []
        self._failures: list[str] = []
        self._errors: list[str] = []
        self._run_failure: str | None = None
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=is_silent or not console.is_terminal,
        )
        self._task = self._progress.add_task("starting", total=None)
        instance.add_event_listener(run_id, self._on_event)

    def why_failed(self, run_id: str, *, keeps_log: bool) -> str:
        """One message: the user's mistake in its own words, the checks that blocked, or what failed and where.

        keeps_log: whether `refi log` can show the run.
        """
        if self._failures:
            reason = "\n".join(dict.fromkeys(words.removesuffix(f" {UNCHANGED}") for words in self._failures))
            if reason.endswith(PUBLISHED):
                return reason
        elif self._errors:
            reason = f"{'; '.join(self._errors)}."
        elif self._blocked:
            reason = f"Blocked by {'; '.join(self._blocked)}."
        else:
            why = self._run_failure or "no error is known"
            reason = f"Run {run_id} failed outside its steps: {why}."
        is_ours = keeps_log and not self._failures and (self._errors or not self._blocked)
        return f"{reason} {UNCHANGED}" + (f" {see_log(run_id)}" if is_ours else "")

    def _on_event(self, entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            if entry.level == logging.WARNING:
                self.warnings.append(entry.user_message)
            return
        if event.event_type == dg.DagsterEventType.STEP_START:
            self._progress.update(self._task, description=(event.step_key or "").replace("__", "/"))
        elif event.event_type == dg.DagsterEventType.STEP_SUCCESS:
            self._progress.advance(self._task)
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            if not evaluation.passed:
                found = f"{evaluation.asset_key.to_user_string()} {evaluation.check_name} ({evaluation.description})"
                blocks = evaluation.severity == dg.AssetCheckSeverity.ERROR
                (self._blocked if blocks else self.warnings).append(found)
        elif event.event_type == dg.DagsterEventType.STEP_FAILURE:
            user_failure = event.step_failure_data.user_failure_data
            if user_failure is not None and user_failure.description:
                self._failures.append(user_failure.description)
            elif (reason := error_reason(event.step_failure_data.error)) != BLOCKED:
                self._errors.append(f"{asset_of_step(event.step_key or '')} failed: {reason}")
        elif event.event_type == dg.DagsterEventType.RUN_FAILURE:
            self._run_failure = error_reason(event.job_failure_data.error)

    def __enter__(self) -> "_Watcher":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
