"""Commands of the offers domain, beside those that every domain has."""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.commands.options import OneObject, day_of
from refi_assets.cli.terminal import say

app = typer.Typer()


@app.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="A program file. Default: those of policies/offers/programs."),
    ] = None,
    program: Annotated[
        str | None, typer.Option("--program", metavar="ID", help="The program of the project with this programId.")
    ] = None,
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
