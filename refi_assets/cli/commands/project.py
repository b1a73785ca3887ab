"""Commands for a whole project and its deployment."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.terminal import say

app = typer.Typer()


@app.command()
def init(folder: Annotated[Path, typer.Argument(file_okay=False, help="A new or empty folder.")]) -> None:
    """Write a new project: contracts, policies, SQL, and sample files to try it with."""
    from refi_assets.project import init_project

    init_project(folder)
    say(f"{folder} is a project. Next:\n  cd {shlex.quote(str(folder))}\n  refi run --source data/sample")
    say("Its README.md describes the files.")


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Test everything this deployment needs, step by step, and say what is wrong and how to fix it."""
    import logging

    from refi_assets.cli.doctor import print_findings, try_steps
    from refi_assets.cli.doctor_steps import doctor_steps

    logging.disable()  # the step's own message repeats a library's
    if not print_findings(try_steps(doctor_steps()), as_json=as_json):
        raise typer.Exit(1)


@app.command()
def log(run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="Any run, published or failed.")]) -> None:
    """Print the events of a run, errors with their tracebacks. May print borrowers' data."""
    from refi_assets.cli.log import show_log

    show_log(run_id)
