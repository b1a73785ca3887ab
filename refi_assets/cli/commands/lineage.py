"""The lineage command."""

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
    """Show how a column is derived, step by step back to the source files, with the SQL of each step."""
    if html is not None and as_json:
        raise typer.BadParameter("cannot be combined with --json; the page is HTML", param_hint="--html")
    if html is None and column is None:
        raise typer.BadParameter("name a column, or write the page of all columns: --html FILE", param_hint="COLUMN")
    from refi_assets.cli.lineage_views import show_lineage, write_lineage_page

    all_settings()
    if html is not None:
        write_lineage_page(html, column)
    elif column is not None:
        show_lineage(column, as_json=as_json)
