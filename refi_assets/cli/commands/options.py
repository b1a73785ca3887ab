"""Shared options of commands, the lake and the day that they name, and ingestion of source files."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from refi_assets.cli.terminal import Terminal, one_line, say
from refi_assets.identity.settings import IdentityEngine
from refi_assets.lake.settings import LakeSettings, valid_lake_url
from refi_assets.settings import all_settings, lender_now, settings_of

if TYPE_CHECKING:
    from refi_assets.ingestion.raw_zone import Ingested

ERR = Terminal(stderr=True)

Folder = Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder with the source files.")]
NewFiles = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="Folder with source files to put in first.")
]
AsOf = Annotated[str | None, typer.Option(metavar="DATE", help="The day, YYYY-MM-DD. Default: today.")]
Lake = Annotated[
    str | None, typer.Option(metavar="URL", help="The lake: a folder or s3://bucket/prefix. Default: REFI_LAKE_URL.")
]
OtherPolicy = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="Another policy, for this run only.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Replace other files of the same load date.")]
IgnoreOthers = Annotated[
    bool, typer.Option("--ignore-others", help="Continue although files that seem to belong to a source are not read.")
]
Identity = Annotated[
    IdentityEngine | None, typer.Option(help="How records of one person are matched. Default: REFI_IDENTITY_ENGINE.")
]
ForceLatest = Annotated[
    bool, typer.Option("--force-latest", help="Move latest.json even to an earlier day or for another policy.")
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify",
        help="Compute every relation again, and compare it with the one computed before from the same inputs.",
    ),
]
Run = Annotated[
    str | None, typer.Option("--run", "--run-id", metavar="RUN_ID", help="A published run. Default: the latest.")
]
AnyRun = Annotated[
    str | None,
    typer.Option(
        "--run", "--run-id", metavar="RUN_ID", help="A run, also one that was blocked or failed. Default: the latest."
    ),
]
OnlyRun = Annotated[
    str | None,
    typer.Option("--run", "--run-id", metavar="RUN_ID", help="Only this run, and the reason if it published nothing."),
]
Reader = Annotated[
    Literal["pipeline", "analyst"],
    typer.Option("--as", help="analyst: the masked copy of the latest run. pipeline: the relations themselves."),
]
Select = Annotated[str, typer.Argument(metavar="SELECT")]
OnlySource = Annotated[str | None, typer.Option("--source", help="Only this source.")]
OnlyReason = Annotated[str | None, typer.Option("--reason", help="Only this reason.")]
RowsShown = Annotated[int, typer.Option("--limit", min=0, help="Number of rows to show.")]
Accept = Annotated[
    list[str] | None,
    typer.Option(metavar="SOURCE:CHECK", help="Let this check of the source's snapshot pass; needs --reason."),
]
Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Why it is accepted; it is in the manifest.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
OneObject = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def lake_url(lake: str | None) -> str:
    """The lake that --lake names, or the deployment's. Raises SettingError for any wrong setting."""
    all_settings()
    if lake is None:
        return settings_of(LakeSettings).lake_url
    try:
        return valid_lake_url(lake)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--lake") from None


def written_day(text: str, option: str) -> date:
    """The day that is written as the value of an option."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a valid date; write it as 2026-02-20", param_hint=option) from None


def day_of(text: str | None) -> date:
    """The day that --as-of names, or today. Raises SettingError for any wrong setting."""
    all_settings()
    today = lender_now().date()
    if text is None:
        return today
    day = written_day(text, "--as-of")
    if not date(2000, 1, 1) <= day <= today:
        raise typer.BadParameter(f"{day} is not between 2000-01-01 and today, {today}", param_hint="--as-of")
    return day


def ingest_files(
    domain: str, source: Path, lake: str | None, day: date, *, replace: bool, ignore_others: bool
) -> "Ingested":
    """Put the source files of a domain into the raw zone; warn of files that were skipped. Raises RefiError."""
    from refi_assets.ingestion.raw_zone import ingest_folder
    from refi_assets.lake import open_lake
    from refi_assets.specs.contracts import contracts_of

    ingested = ingest_folder(
        open_lake(lake_url(lake)), source, day, contracts_of(domain), replace=replace, ignore_others=ignore_others
    )
    for warning in ingested.warnings:
        ERR.warn(one_line(f"Warning: {warning}"))
    return ingested


def findings_of(domain: str, accept: list[str] | None, reason: str | None) -> list[tuple[str, str]]:
    """The (source, check) pairs that --accept names. Raises BadParameter."""
    if bool(accept) != bool(reason and reason.strip()):
        raise typer.BadParameter("--accept and --reason go together", param_hint="--accept")
    from refi_assets.ingestion.acceptances import ACCEPTABLE
    from refi_assets.specs.contracts import contracts_of

    findings = []
    for finding in accept or ():
        source, _, check = finding.partition(":")
        if source not in contracts_of(domain) or check not in ACCEPTABLE:
            raise typer.BadParameter(
                f"{finding!r} is not SOURCE:CHECK, with a source of {', '.join(contracts_of(domain))} and a check of "
                f"{', '.join(ACCEPTABLE)}",
                param_hint="--accept",
            )
        findings.append((source, check))
    return findings


def accept_findings(lake: str | None, day: date, findings: list[tuple[str, str]], reason: str | None) -> None:
    """Accept failures of these (source, check) pairs in the snapshots as of a day. Raises RefiError."""
    from refi_assets.ingestion.acceptances import accept_check
    from refi_assets.lake import open_lake

    reason = (reason or "").strip()
    for source, check in findings:
        reason_in_force = accept_check(open_lake(lake_url(lake)), source, day, check, reason)
        if reason_in_force != reason:
            message = f"{source}:{check} was accepted before, and the manifest says: {reason_in_force}"
            ERR.warn(one_line(f"Warning: {message}"))


def print_ingested(ingested: "Ingested", day: date) -> None:
    """Print the files that are new in the raw zone."""
    keys = ingested.keys
    say("\n".join(map(one_line, keys)) if keys else f"Nothing to do: the raw zone has these files for {day} already.")
