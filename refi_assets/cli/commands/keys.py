"""Commands on the API's keys: `refi keys create`, list and revoke."""

from datetime import date
from typing import Annotated

import typer

from refi_assets.cli.commands.offers import program_key
from refi_assets.cli.commands.options import AsJson, Lake, OneObject, lake_url, written_day
from refi_assets.settings import lender_now
from refi_assets.store.key_file import Scope

app = typer.Typer(help="Keys of the API: make, list and revoke them.", no_args_is_help=True)


@app.command("create")
def create_key(
    *,
    scope: Annotated[list[Scope], typer.Option(help="What it allows. Repeat it for more.")],
    program: Annotated[
        str | None, typer.Option(metavar="ID", help="The only programId that it is for. Default: every program.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="DATE", help="Its last day, YYYY-MM-DD. Default: it does not expire.")
    ] = None,
    requests_per_second: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=100_000, help="Its rate. Default: REFI_API_REQUESTS_PER_SECOND."),
    ] = None,
    lake: Lake = None,
    as_json: OneObject = False,
) -> None:
    """Make a key, and print its token, which is not stored and cannot be shown again."""
    from refi_assets.cli.api_keys import create_key_and_print

    url = lake_url(lake)
    create_key_and_print(
        url,
        set(scope),
        program_key(program).replace("_", "-") if program is not None else None,
        _last_day(expires, lender_now().date()) if expires is not None else None,
        requests_per_second,
        as_json=as_json,
    )


@app.command("list")
def list_keys(lake: Lake = None, as_json: AsJson = False) -> None:
    """List the keys, also those that have expired or were revoked, with their last use."""
    from refi_assets.cli.api_keys import show_keys

    show_keys(lake_url(lake), as_json=as_json)


@app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="Its id, as `refi keys list` shows it.")],
    lake: Lake = None,
) -> None:
    """End a key. A running API refuses it within a second. It cannot be undone."""
    from refi_assets.cli.api_keys import revoke_key_and_print

    revoke_key_and_print(lake_url(lake), key_id)


def _last_day(text: str, today: date) -> date:
    day = written_day(text, "--expires")
    if day < today:
        raise typer.BadParameter(f"{day} is in the past; today is {today}", param_hint="--expires")
    return day
