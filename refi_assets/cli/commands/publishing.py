"""The commands for cleaning up the lake, and for the copies that analysts read."""

from datetime import timedelta
from typing import Annotated

import typer

from refi_assets.cli.commands.options import ERR, Lake, lake_url
from refi_assets.cli.terminal import say
from refi_assets.publishing.settings import PublishingSettings
from refi_assets.settings import settings_of
from refi_assets.specs.names import sql_name

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


@app.command()
def mask(lake: Lake = None) -> None:
    """Copy the latest run of each publication for analysts, with personal columns masked.

    `refi run` does this automatically if there is a masking key. Without one, masked columns are null.
    """
    from refi_assets.lake import open_lake
    from refi_assets.orchestration.masking import copy_publications
    from refi_assets.orchestration.resources import EngineResource

    for copy in copy_publications(open_lake(lake_url(lake), create=False), EngineResource()):
        masked = [f"{sql_name(key)}.{column}" for key, columns in copy.masked.items() for column in columns]
        names = ", ".join(masked) or "nothing"
        say(f"{copy.publication} as of {copy.as_of}: {len(copy.relations)} relations; masked: {names}.")
        if masked and copy.key is None:
            ERR.warn("Warning: there is no masking key, so masked columns are null. Set REFI_MASKING_KEY.")
