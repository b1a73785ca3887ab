"""Commands of the offers domain. Those that are about a run take the program, unless there is only one."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from refi_assets.cli.commands.domains import add_ingest, ingest_and_run
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
    OnlyReason,
    OnlyRun,
    OnlySource,
    OtherPolicy,
    Reader,
    Reason,
    Replace,
    RowsShown,
    Run,
    Select,
    Verify,
    day_of,
    lake_url,
)
from refi_assets.cli.terminal import say

if TYPE_CHECKING:
    from refi_assets.cli.offer_runs import OfferRun
    from refi_assets.cli.run import RunResult

DOMAIN = "offers"

app = typer.Typer(help="Programs of loan offers: who may be pre-approved, for how much, at what price, and why not.")

ProgramId = Annotated[
    str | None, typer.Option("--program", metavar="ID", help="The programId. Default: the only program.")
]


def program_key(program_id: str | None) -> str:
    """The key of the program that --program names, or of the only one. Raises BadParameter."""
    from refi_assets.specs.programs import key_of_program, programs_of

    keys = [program.key for program in programs_of(DOMAIN)]
    if program_id is None and len(keys) == 1:
        return keys[0]
    if program_id is None or key_of_program(program_id) not in keys:
        program_ids = [key.replace("_", "-") for key in keys]
        names = ", ".join(program_ids) or "none: write policies/offers/programs/<program>.yaml"
        close = get_close_matches(program_id or "", program_ids, n=1)
        problem = "name one" if program_id is None else f"{program_id!r} is not a program"
        hint = f". Did you mean {close[0]}?" if close else ""
        raise typer.BadParameter(f"{problem}; there are {names}{hint}", param_hint="--program")
    return key_of_program(program_id)


@app.command()
def run(
    *,
    program: ProgramId = None,
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
    """Run a program for one day: from the customers to offers that are published and stored."""

    def shown(result: "RunResult") -> "OfferRun":
        from refi_assets.cli.offer_runs import OfferRun

        return OfferRun(result, lake_url(lake))

    ingest_and_run(
        program_key(program),
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
        shown=shown,
    )


add_ingest(app, DOMAIN)


@app.command()
def runs(program: ProgramId = None, lake: Lake = None, run_id: OnlyRun = None, as_json: AsJson = False) -> None:
    """List the published runs of a program, with counts, and the runs that were blocked or failed."""
    from refi_assets.cli import answers

    answers.show_runs(program_key(program), lake_url(lake), run_id, as_json=as_json)


@app.command()
def query(
    sql: Select,
    program: ProgramId = None,
    lake: Lake = None,
    run_id: AnyRun = None,
    reader: Reader = "pipeline",
    as_json: AsJson = False,
) -> None:
    """Run read-only SQL on the relations of a run."""
    from refi_assets.cli import answers

    answers.show_query(answers.open_run_as(reader, program_key(program), lake_url(lake), run_id), sql, as_json=as_json)


@app.command()
def quarantine(
    program: ProgramId = None,
    source: OnlySource = None,
    reason: OnlyReason = None,
    limit: RowsShown = 20,
    lake: Lake = None,
    run_id: AnyRun = None,
    as_json: AsJson = False,
) -> None:
    """Show which rows of the sources were not accepted, and why. Prints their data."""
    from refi_assets.cli import answers

    answers.show_quarantine(
        answers.open_quarantine(program_key(program), lake_url(lake), run_id), source, reason, limit, as_json=as_json
    )


@app.command()
def export(
    *,
    program: ProgramId = None,
    offers: Annotated[Path | None, typer.Option(dir_okay=False, help="CSV file for every offer.")] = None,
    judged: Annotated[
        Path | None, typer.Option(dir_okay=False, help="CSV file for the verdict on every customer.")
    ] = None,
    lake: Lake = None,
    run_id: Run = None,
) -> None:
    """Write the offers of a published run, and the verdict on every customer, as CSV files."""
    from refi_assets.cli.offer_runs import export_offers

    if offers is None and judged is None:
        raise typer.BadParameter("name a file for the offers, for the verdicts, or for both", param_hint="--offers")
    export_offers(program_key(program), lake_url(lake), run_id, offers, judged)


@app.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="A program file. Default: those of policies/offers/programs."),
    ] = None,
    program: ProgramId = None,
    as_json: OneObject = False,
) -> None:
    """Read program files, and say what is wrong with them, what has no effect yet, and what to know about them.

    The exit code is 1 if a program is refused; warnings do not change it.
    """
    from refi_assets.cli.program_check import check_and_print

    if file is not None and program is not None:
        raise typer.BadParameter("cannot be combined with a file", param_hint="--program")
    check_and_print(file, program, as_json=as_json)


@app.command()
def generate(
    out_dir: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the files.")],
    *,
    customers: Annotated[int, typer.Option(min=1, help="Number of customers.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 1,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day of the run that they are for. Default: 2026-03-02.")
    ] = None,
) -> None:
    """Write customers, preferences and offers with a share of every defect, decisions to learn from, and truth.json."""
    from refi_assets.sample.offer_customers import OFFERS_AS_OF, generate_offer_customers

    day = OFFERS_AS_OF if as_of is None else day_of(as_of)
    generate_offer_customers(customers, seed, out_dir, as_of=day)
    say(f"{customers} customers, seed {seed}, as of {day}: {out_dir}")


@app.command()
def explain(
    customer_id: str, program: ProgramId = None, lake: Lake = None, run_id: AnyRun = None, as_json: AsJson = False
) -> None:
    """Say why a customer has an offer or not: every rule, the scores, the tier, the amount, the price."""
    from refi_assets.cli import answers
    from refi_assets.cli.offer_answers import show_customer

    run = answers.open_any_run(program_key(program), lake_url(lake), run_id)
    show_customer(run, customer_id, as_json=as_json)


@app.command()
def funnel(program: ProgramId = None, lake: Lake = None, run_id: Run = None, as_json: AsJson = False) -> None:
    """Show how many customers each filter stops, and the offers by tier, beside those of the week before."""
    from refi_assets.cli.offer_answers import show_funnel
    from refi_assets.cli.offer_runs import open_published

    show_funnel(open_published(program_key(program), lake_url(lake), run_id), as_json=as_json)


@app.command()
def replay(
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN_ID]", help="A published run. Default: the latest.")
    ] = None,
    program: ProgramId = None,
    any_code: Annotated[bool, typer.Option("--any-code", help="Even if other code published it.")] = False,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the recomputed offers here.")] = None,
    lake: Lake = None,
    as_json: AsJson = False,
) -> None:
    """Compute the published offers of a run again from its recorded inputs, program and models; compare the bytes."""
    from refi_assets.cli.offer_runs import open_published
    from refi_assets.cli.replay import replay_run

    published = open_published(program_key(program), lake_url(lake), run_id)
    result = replay_run(published, any_code=any_code, out=out, console=ERR)
    result.show(as_json=as_json)
    if not result.is_same:
        raise typer.Exit(1)


@app.command()
def withdraw(
    customer_id: str,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it is kept.")],
    program: ProgramId = None,
    lake: Lake = None,
    as_of: AsOf = None,
) -> None:
    """End a customer's offer before its expiry, also a firm one. It cannot be undone."""
    from refi_assets.cli.offer_runs import withdraw_offer

    withdraw_offer(program_key(program), lake_url(lake), customer_id, reason, day_of(as_of))
