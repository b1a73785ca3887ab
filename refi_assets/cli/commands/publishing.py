"""The command for cleaning up the lake."""

from datetime import timedelta
from typing import Annotated

import typer

from refi_assets.cli.commands.options import Lake, lake_url
from refi_assets.cli.terminal import say
from refi_assets.publishing.settings import PublishingSettings
from refi_assets.settings import settings_of

app = typer.Typer()


@app.command("clean-up")
def clean_up_lake(
    older_than_days: Annotated[
        float | None,
        typer.Option(min=0, help="Default: REFI_KEEP_UNPUBLISHED_DAYS. Use 0 only while no run is under way."),
    ] = None,
    lake: Lake = None,
) -> None:
    """Delete old relations and leftovers of runs that published nothing. `refi run` does this automatically."""
    from refi_assets.lake import open_lake
    from refi_assets.publishing.retention import clean_up

    limits = settings_of(PublishingSettings)
    days = limits.keep_unpublished_days if older_than_days is None else older_than_days
    deleted = clean_up(open_lake(lake_url(lake), create=False), limits.keep_runs, timedelta(days=days))
    say(f"{deleted} objects deleted.")
