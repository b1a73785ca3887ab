"""Commands on the model registry: `refi model list`, promote, rollback and card."""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.commands.options import AsJson, OneObject
from refi_assets.settings import all_settings

app = typer.Typer(help="Models: list them, promote or roll back, read their cards.", no_args_is_help=True)

ModelName = Annotated[str, typer.Argument(metavar="NAME", help="A model.", show_default=False)]
WhoDecides = Annotated[str | None, typer.Option("--who", metavar="NAME", help="Who decides. Default: the login name.")]


@app.command("list")
def list_models(
    name: Annotated[str | None, typer.Argument(help="Only this model.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the registered versions, with their aliases, figures and the gate's verdict."""
    from refi_assets.cli.models import show_versions

    all_settings()
    show_versions(name, as_json=as_json)


@app.command("promote")
def promote_model(
    name: ModelName,
    version: Annotated[int, typer.Argument(metavar="VERSION", min=1, help="Its number.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Promote it against the gate; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why it is forced; it is recorded.")] = None,
    who: WhoDecides = None,
    as_json: OneObject = False,
) -> None:
    """Make a version the champion, if it has passed the gate."""
    if force != bool(reason and reason.strip()):
        raise typer.BadParameter("--force and --reason go together", param_hint="--force")
    from refi_assets.cli.models import promote_and_print

    all_settings()
    promote_and_print(name, version, forced_because=reason, who=who, as_json=as_json)


@app.command("rollback")
def roll_back_model(
    name: ModelName,
    *,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; it is recorded.")] = None,
    who: WhoDecides = None,
    as_json: OneObject = False,
) -> None:
    """Make the champion before this one the champion again."""
    from refi_assets.cli.models import roll_back_and_print

    all_settings()
    roll_back_and_print(name, reason=reason, who=who, as_json=as_json)


@app.command("card")
def model_card(
    name: ModelName,
    *,
    version: Annotated[
        str | None, typer.Option(metavar="VERSION", help="A number or an alias. Default: champion.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write the card as HTML instead.")
    ] = None,
    as_json: OneObject = False,
) -> None:
    """Show the card of a model: its data, use, limits, figures and groups."""
    from refi_assets.cli.models import show_card

    all_settings()
    show_card(name, version, out, as_json=as_json)
