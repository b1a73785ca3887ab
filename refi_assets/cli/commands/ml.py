"""Commands of the ml domain, beside those that every domain has."""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.terminal import say

app = typer.Typer()


@app.command()
def generate(
    out_dir: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the files.")],
    customers: Annotated[int, typer.Option(min=1, help="Number of customers.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 1,
) -> None:
    """Write source files of past credit decisions and what was known by then, and truth.json with the true model."""
    from refi_assets.sample.customers import generate_customers

    truth = generate_customers(customers, seed, out_dir)
    say(f"{customers} customers, {truth['decisions']} decisions, seed {seed}: {out_dir}")
