"""The command of lineage."""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.settings import all_settings

app = typer.Typer()


@app.command()
def lineage(
    column: Annotated[
        str | None, typer.Argument(help="A column of the audience file, or RELATION.COLUMN.", show_default=False)
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write a page of all columns instead.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, sources nested.")] = False,
) -> None:
    """What a column is made of, step by step back to the source files, with the SQL of each step."""
    if html is not None and as_json:
        raise typer.BadParameter("it cannot go with --json; the page is HTML", param_hint="--html")
    if html is None and column is None:
        raise typer.BadParameter("name a column, or write the page of all: --html FILE", param_hint="COLUMN")
    from refi_assets.cli import lineage_views

    all_settings()
    if html is not None:
        lineage_views.write_lineage_page(html, column)
    elif column is not None:
        lineage_views.show_lineage(column, as_json=as_json)
