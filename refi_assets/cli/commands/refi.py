"""Commands of the refi domain: from source files to an audience, and answers from a published one."""

import json
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

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
from refi_assets.identity.settings import IdentityEngine, IdentitySettings
from refi_assets.settings import settings_of

app = typer.Typer()


@app.command()
def run(
    *,
    source: NewFiles = None,
    lake: Lake = None,
    as_of: AsOf = None,
    policy: OtherPolicy = None,
    replace: Replace = False,
    ignore_others: IgnoreOthers = False,
    identity: Annotated[
        IdentityEngine | None, typer.Option(help="How records of one person are found. Default: REFI_IDENTITY_ENGINE.")
    ] = None,
    force_latest: ForceLatest = False,
    accept: Accept = None,
    reason: Reason = None,
    verify: Verify = False,
    as_json: OneObject = False,
) -> None:
    """Materialize the graph of one day and publish its audience."""
    started = time.perf_counter()
    day = day_of(as_of)
    findings = findings_of("refi", accept, reason)
    from refi_assets.cli.run import failure_as_json, run_graph
    from refi_assets.orchestration.resources import IdentityResource
    from refi_assets.refi.audience import counts

    warnings: list[str] = []
    with failure_as_json(day, counts, warnings) if as_json else nullcontext():
        if source is not None:
            ingested = ingest_files("refi", source, lake, day, replace=replace, ignore_others=ignore_others)
            warnings += ingested.warnings
        accept_findings(lake, day, findings, reason)
        result = run_graph(
            day,
            lake_url=lake_url(lake),
            policy_file=policy,
            force_latest=force_latest,
            console=ERR,
            identity=IdentityResource(kind=identity or settings_of(IdentitySettings).identity_engine),
            verify=verify,
        )
    seconds = round(time.perf_counter() - started, 2)
    if as_json:
        shown = result.as_json(seconds)
        print(json.dumps(shown | {"warnings": warnings + shown["warnings"]}))
    else:
        result.print(Terminal(), seconds)


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
    print_ingested(ingest_files("refi", source, lake, day, replace=replace, ignore_others=ignore_others), day)


@app.command()
def explain(borrower_id: str, lake: Lake = None, run_id: AnyRun = None, as_json: AsJson = False) -> None:
    """Why a borrower is in the audience or not, by rule, and what would make them eligible."""
    from refi_assets.cli import answers

    run = answers.open_any_run(lake_url(lake), run_id)
    answers.show_explanation(run, borrower_id, as_json=as_json)


@app.command()
def quarantine(
    source: OnlySource = None,
    reason: OnlyReason = None,
    limit: RowsShown = 20,
    lake: Lake = None,
    run_id: AnyRun = None,
    as_json: AsJson = False,
) -> None:
    """Which rows were not accepted, and why. Shows borrowers' data."""
    from refi_assets.cli import answers

    run = answers.open_any_run(lake_url(lake), run_id)
    answers.show_quarantine(run, source, reason, limit, as_json=as_json)


@app.command()
def runs(lake: Lake = None, run_id: OnlyRun = None, as_json: AsJson = False) -> None:
    """The published audiences, with counts, and the runs that were blocked or failed."""
    from refi_assets.cli import answers

    answers.show_runs(lake_url(lake), run_id, as_json=as_json)


@app.command()
def replay(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="A published run; see `refi runs`.")],
    any_code: Annotated[bool, typer.Option("--any-code", help="Even if other code made it.")] = False,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Keep the audience that was made again.")] = None,
    lake: Lake = None,
    as_json: AsJson = False,
) -> None:
    """Make a published audience again from its recorded inputs and policy, and compare the bytes."""
    from refi_assets.cli import answers
    from refi_assets.cli import replay as replaying

    run = answers.open_run(lake_url(lake), run_id)
    made = replaying.replay(run, any_code=any_code, out=out, console=ERR)
    made.show(as_json=as_json)
    if not made.is_same:
        raise typer.Exit(1)


@app.command()
def diff(
    run_a: Annotated[str | None, typer.Argument(help="The earlier run. Default: of the newest day before.")] = None,
    run_b: Annotated[str | None, typer.Argument(help="The later run. Default: the latest.")] = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="CSV of everyone who moved.")] = None,
    lake: Lake = None,
    as_json: AsJson = False,
) -> None:
    """Who entered or left the audience since the day before, who changed tier, and what moved them."""
    from refi_assets.cli import answers

    answers.show_diff(lake_url(lake), run_a, run_b, out, as_json=as_json)


@app.command("diff-policy")
def diff_policy(
    policy: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The other policy.")],
    ids: Annotated[int, typer.Option(min=0, help="How many borrower ids to show of each group.")] = 10,
    lake: Lake = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="The audience of this day, YYYY-MM-DD. Default: the latest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Who would gain and who would lose under another policy. Publishes nothing."""
    from refi_assets.cli import answers
    from refi_assets.refi.policy import load_refi_policy

    other = load_refi_policy(policy)
    run = answers.open_run(lake_url(lake), as_of=None if as_of is None else day_of(as_of))
    answers.show_policy_diff(run, other, ids, as_json=as_json)


@app.command()
def query(
    sql: Select,
    lake: Lake = None,
    run_id: AnyRun = None,
    as_json: AsJson = False,
) -> None:
    """Read-only SQL on the relations of a run."""
    from refi_assets.cli import answers

    answers.show_query(answers.open_any_run(lake_url(lake), run_id), sql, as_json=as_json)


@app.command()
def rules(
    term: Annotated[
        str, typer.Argument(metavar="[TERM]", help="Words of a rule, such as ltv; all rules without.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """The rules: what each says, where it is written, and the policy, checks and columns behind it."""
    from refi_assets.cli.rules import show_rules

    show_rules(term, as_json=as_json)
