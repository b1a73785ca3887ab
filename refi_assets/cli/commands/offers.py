"""Commands of the offers domain, beside those that every domain has."""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.commands.options import OneObject

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
