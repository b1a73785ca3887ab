"""Commands of the refi domain: from source files to an audience, and answers from a published one."""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.commands.domains import add_common_commands, ingest_and_run
from refi_assets.cli.commands.options import (
    ERR,
    Accept,
    AnyRun,
    AsJson,
    AsOf,
    ForceLatest,
    Identity,
    IgnoreOthers,
    Lake,
    NewFiles,
    OneObject,
    OtherPolicy,
    Reason,
    Replace,
    Verify,
    day_of,
    lake_url,
)
from refi_assets.publishing.publication import FIRST

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
    identity: Identity = None,
    force_latest: ForceLatest = False,
    accept: Accept = None,
    reason: Reason = None,
    verify: Verify = False,
    as_json: OneObject = False,
) -> None:
    """Materialize the graph of one day and publish its audience."""
    ingest_and_run(
        FIRST,
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
        identity=identity,
    )


add_common_commands(app, FIRST)


@app.command()
def explain(borrower_id: str, lake: Lake = None, run_id: AnyRun = None, as_json: AsJson = False) -> None:
    """Say by rule why a borrower is in the audience or not, and what would make them eligible."""
    from refi_assets.cli import answers

    run = answers.open_any_run(FIRST, lake_url(lake), run_id)
    answers.show_explanation(run, borrower_id, as_json=as_json)


@app.command()
def replay(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="A published run; see `refi runs`.")],
    any_code: Annotated[bool, typer.Option("--any-code", help="Even if other code published it.")] = False,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the recomputed audience here.")] = None,
    lake: Lake = None,
    as_json: AsJson = False,
) -> None:
    """Compute a published audience again from its recorded inputs and policy, and compare the bytes."""
    from refi_assets.cli import answers
    from refi_assets.cli.replay import replay_run

    result = replay_run(answers.open_run(lake_url(lake), run_id), any_code=any_code, out=out, console=ERR)
    result.show(as_json=as_json)
    if not result.is_same:
        raise typer.Exit(1)


@app.command()
def diff(
    run_a: Annotated[str | None, typer.Argument(help="The earlier run. Default: of the newest day before.")] = None,
    run_b: Annotated[str | None, typer.Argument(help="The later run. Default: the latest.")] = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="CSV of everyone who moved.")] = None,
    lake: Lake = None,
    as_json: AsJson = False,
) -> None:
    """Count who entered or left the audience since the day before, who changed tier, and what moved them."""
    from refi_assets.cli import answers

    answers.show_diff(lake_url(lake), run_a, run_b, out, as_json=as_json)


@app.command("diff-policy")
def diff_policy(
    policy: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The other policy.")],
    ids: Annotated[int, typer.Option(min=0, help="Number of borrower ids to show of each group.")] = 10,
    lake: Lake = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="The audience of this day, YYYY-MM-DD. Default: the latest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count who would enter and who would leave the audience under another policy. Publishes nothing."""
    from refi_assets.cli import answers
    from refi_assets.refi.policy import load_refi_policy

    other_policy = load_refi_policy(policy)
    run = answers.open_run(lake_url(lake), as_of=None if as_of is None else day_of(as_of))
    answers.show_policy_diff(run, other_policy, ids, as_json=as_json)


@app.command()
def rules(
    term: Annotated[
        str, typer.Argument(metavar="[TERM]", help="Words of a rule, such as ltv. Default: all rules.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List the rules: what each says, where it is written, and the policy, checks and columns behind it."""
    from refi_assets.cli.rules import show_rules

    show_rules(term, as_json=as_json)
