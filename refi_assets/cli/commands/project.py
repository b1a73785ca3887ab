"""Commands on a project and its deployment as a whole."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.terminal import say

app = typer.Typer()


@app.command()
def init(folder: Annotated[Path, typer.Argument(file_okay=False, help="A folder that is new, or empty.")]) -> None:
    """Write a new project: contracts, policies, SQL, and sample files to try it with."""
    from refi_assets.project import init_project

    init_project(folder)
    say(f"{folder} is a project. Next:\n  cd {shlex.quote(str(folder))}\n  refi run --source data/sample")
    say("Its README.md says what is in it.")


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Try what this deployment needs, step by step, and report each problem with its fix."""
    import logging

    from refi_assets.cli.doctor import print_findings, try_steps
    from refi_assets.cli.doctor_steps import doctor_steps

    logging.disable()  # a library's message about a failure is in the step's finding
    if not print_findings(try_steps(doctor_steps()), as_json=as_json):
        raise typer.Exit(1)


@app.command()
def log(run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="Any run, published or failed.")]) -> None:
    """What happened in a run, errors with their tracebacks. May show borrowers' data."""
    from refi_assets.cli.log import show_log

    show_log(run_id)
