"""The commands that every domain has: `refi <domain> run`, ingest, runs, query, quarantine; for refi `refi run`, …

A domain needs no code for them: its job has its name, its sources are those of contracts/<domain>/, and it publishes
under its name.
"""

import json
import re
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer.models import CommandInfo

from refi_assets.cli.commands.options import (
    ERR,
    Accept,
    AnyRun,
    AsJson,
    AsOf,
    Folder,
    ForceLatest,
    IgnoreOthers,
    Lake,
    NewFiles,
    OneObject,
    OnlyReason,
    OnlyRun,
    OnlySource,
    OtherPolicy,
    Reader,
    Reason,
    Replace,
    RowsShown,
    Select,
    Verify,
    accept_findings,
    day_of,
    findings_of,
    ingest_files,
    lake_url,
    print_ingested,
)
from refi_assets.cli.terminal import Terminal
from refi_assets.identity.settings import IdentityEngine
from refi_assets.publishing.publication import FIRST
from refi_assets.settings import PROJECT_DIR

if TYPE_CHECKING:
    from refi_assets.cli.offer_runs import OfferRun
    from refi_assets.cli.run import RunResult


def domain_names() -> list[str]:
    """All domains but refi: folders of contracts and policies. Dagster is not asked; that would take seconds."""
    files = [path for kind in ("contracts", "policies") for path in (PROJECT_DIR / kind).glob("*/*.yaml")]
    names = {path.parent.name for path in files} - {FIRST}
    return sorted(name for name in names if re.fullmatch("[a-z][a-z0-9_]*", name))


def domain_app(domain: str, own: typer.Typer | None = None) -> typer.Typer:
    """The commands of one domain: those that every domain has, and its own, which may replace some of them."""
    app = typer.Typer(help=f"The domain {domain}: run it, and look at what it published.", no_args_is_help=True)

    @app.command()
    def run(
        *,
        source: NewFiles = None,
        lake: Lake = None,
        as_of: AsOf = None,
        policy: OtherPolicy = None,
        replace: Replace = False,
        ignore_others: IgnoreOthers = False,
        force_latest: ForceLatest = False,
        accept: Accept = None,
        reason: Reason = None,
        verify: Verify = False,
        as_json: OneObject = False,
    ) -> None:
        """Run the domain's job for the partition that contains a day."""
        ingest_and_run(
            domain,
            source=source,
            lake=lake,
            as_of=as_of,
            policy=policy,
            replace=replace,
            ignore_others=ignore_others,
            force_latest=force_latest,
            accept=accept,
            reason=reason,
            verify=verify,
            as_json=as_json,
        )

    add_common_commands(app, domain)
    if own is not None:
        own_names = {_name_of(command) for command in own.registered_commands}
        app.registered_commands = [c for c in app.registered_commands if _name_of(c) not in own_names]
        app.add_typer(own)
    return app


def _name_of(command: CommandInfo) -> str | None:
    return command.name or getattr(command.callback, "__name__", None)


def ingest_and_run(
    domain: str,
    *,
    source: Path | None,
    lake: str | None,
    as_of: str | None,
    policy: Path | None,
    replace: bool,
    ignore_others: bool,
    force_latest: bool,
    accept: list[str] | None,
    reason: str | None,
    verify: bool,
    as_json: bool,
    identity: IdentityEngine | None = None,
    shown: "Callable[[RunResult], RunResult | OfferRun] | None" = None,
) -> None:
    """Put new files into the raw zone, run the job of a domain or a program, and print its result. Raises RefiError.

    `shown` returns what to print of the result, if it is not the result itself.
    """
    started = time.perf_counter()
    day = day_of(as_of)
    findings = findings_of(domain, accept, reason)
    from refi_assets.cli.run import as_of_day_in, failure_as_json, run_domain
    from refi_assets.orchestration.resources import IdentityResource

    warnings: list[str] = []
    with failure_as_json(domain, day, warnings) if as_json else nullcontext():
        if source is not None:
            ingested = ingest_files(domain, source, lake, day, replace=replace, ignore_others=ignore_others)
            warnings += ingested.warnings
        if findings:
            accept_findings(lake, as_of_day_in(domain, day), findings, reason)
        result = run_domain(
            domain,
            day,
            lake_url=lake_url(lake),
            policy_file=policy,
            force_latest=force_latest,
            console=ERR,
            identity=IdentityResource(kind=identity) if identity else None,
            verify=verify,
        )
    printed = shown(result) if shown else result
    seconds = round(time.perf_counter() - started, 2)
    if as_json:
        fields = printed.as_json(seconds)
        print(json.dumps(fields | {"warnings": warnings + fields["warnings"]}))
    else:
        printed.print(Terminal(), seconds)


def add_ingest(app: typer.Typer, domain: str) -> None:
    """Add the command that only ingests the files of a domain."""

    @app.command()
    def ingest(
        source: Folder,
        *,
        lake: Lake = None,
        as_of: AsOf = None,
        replace: Replace = False,
        ignore_others: IgnoreOthers = False,
    ) -> None:
        """Put source files into the raw zone, without running anything."""
        day = day_of(as_of)
        print_ingested(ingest_files(domain, source, lake, day, replace=replace, ignore_others=ignore_others), day)


def add_common_commands(app: typer.Typer, domain: str) -> None:
    """Add ingest, runs, query and quarantine of a domain."""
    add_ingest(app, domain)

    @app.command()
    def runs(lake: Lake = None, run_id: OnlyRun = None, as_json: AsJson = False) -> None:
        """List the published runs, with counts, and the runs that were blocked or failed."""
        from refi_assets.cli import answers

        answers.show_runs(domain, lake_url(lake), run_id, as_json=as_json)

    @app.command()
    def query(
        sql: Select, lake: Lake = None, run_id: AnyRun = None, reader: Reader = "pipeline", as_json: AsJson = False
    ) -> None:
        """Run read-only SQL on the relations of a run."""
        from refi_assets.cli import answers

        answers.show_query(answers.open_run_as(reader, domain, lake_url(lake), run_id), sql, as_json=as_json)

    @app.command()
    def quarantine(
        source: OnlySource = None,
        reason: OnlyReason = None,
        limit: RowsShown = 20,
        lake: Lake = None,
        run_id: AnyRun = None,
        as_json: AsJson = False,
    ) -> None:
        """Show which rows of the sources were not accepted, and why. Prints their data."""
        from refi_assets.cli import answers

        run = answers.open_quarantine(domain, lake_url(lake), run_id)
        answers.show_quarantine(run, source, reason, limit, as_json=as_json)
