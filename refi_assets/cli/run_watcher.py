"""Watches a run of this process: shows its progress, collects its warnings, failed checks and reasons of failure."""

import logging
from typing import Any

import dagster as dg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from refi_assets.cli.terminal import Terminal
from refi_assets.orchestration.domain import OFFERS_UNCHANGED, UNCHANGED
from refi_assets.orchestration.steps import AFTER_PUBLICATION, BLOCKED, asset_of_step, error_reason, see_log

Event = dg.DagsterEventType


class RunWatcher:
    """Listens to a run's events: moves the progress bar, and collects warnings and reasons of failure."""

    def __init__(
        self,
        instance: dg.DagsterInstance,
        run_id: str,
        console: Terminal,
        *,
        is_silent: bool,
        unchanged: str = UNCHANGED,
    ) -> None:
        self._unchanged = unchanged
        self.warnings: list[str] = []
        self.failed_checks: list[dict[str, Any]] = []
        self._blocking_checks: list[str] = []
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
        """One message: the text of the user's mistake, the checks that blocked, or the error and its place.

        keeps_log: whether `refi log` can show the run.
        """
        blocked = [f"Blocked by {check}" for check in self._blocking_checks]
        if self._failures:
            failures = (
                text.removesuffix(f" {UNCHANGED}").removesuffix(f" {OFFERS_UNCHANGED}") for text in self._failures
            )
            reasons = [*dict.fromkeys(failures)]
            if reasons[-1].endswith(AFTER_PUBLICATION):
                return "\n".join(reasons)
            reasons += blocked
        elif self._errors:
            reasons = [f"{'; '.join(self._errors)}.", *blocked]
        elif blocked:
            reasons = blocked
        else:
            reasons = [f"Run {run_id} failed outside its steps: {self._run_failure or 'Dagster reported no error'}."]
        is_ours = keeps_log and not self._failures and (self._errors or not blocked)
        ending = self._unchanged + (f" {see_log(run_id)}" if is_ours else "")
        return "\n".join(reasons) + ("\n" if blocked else " ") + ending

    @property
    def status(self) -> str:
        """How a run that did not succeed ended: 'blocked' if only checks stopped it, else 'failed'."""
        return "blocked" if self._blocking_checks and not self._failures and not self._errors else "failed"

    def _on_event(self, entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            if entry.level == logging.WARNING:
                self.warnings.append(entry.user_message)
        elif event.event_type == Event.STEP_START:
            self._progress.update(self._task, description=(event.step_key or "").replace("__", "/"))
        elif event.event_type == Event.STEP_SUCCESS:
            self._progress.advance(self._task)
        elif event.event_type == Event.ASSET_CHECK_EVALUATION:
            self._on_check(event.asset_check_evaluation_data)
        elif event.event_type == Event.STEP_FAILURE:
            user_failure = event.step_failure_data.user_failure_data
            if user_failure is not None and user_failure.description:
                self._failures.append(user_failure.description)
            elif (reason := error_reason(event.step_failure_data.error)) != BLOCKED:
                self._errors.append(f"{asset_of_step(event.step_key or '')} failed: {reason}")
        elif event.event_type == Event.RUN_FAILURE:
            self._run_failure = error_reason(event.job_failure_data.error)

    def _on_check(self, evaluation: dg.AssetCheckEvaluation) -> None:
        if evaluation.passed:
            return
        asset = evaluation.asset_key.to_user_string()
        blocks = evaluation.blocking and evaluation.severity == dg.AssetCheckSeverity.ERROR
        number, *advice = (evaluation.description or "").split("\n")
        lines = [f"{asset} {evaluation.check_name} ({number}){'.' if blocks or advice else ''}", *advice]
        (self._blocking_checks if blocks else self.warnings).append("\n".join(lines))
        self.failed_checks.append(
            {
                "asset": asset,
                "check": evaluation.check_name,
                "blocks": blocks,
                "number": evaluation.metadata["number"].value,
                "limit": evaluation.metadata["limit"].value,
                "description": evaluation.description,
            }
        )

    def __enter__(self) -> "RunWatcher":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
