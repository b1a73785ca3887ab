"""Commands of the offers domain, beside those that every domain has."""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.commands.options import day_of
from refi_assets.cli.terminal import say

app = typer.Typer()


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
