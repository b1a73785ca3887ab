"""The commands, one module for each room. They parse, call and print; the work is elsewhere.

A command imports dagster, DuckDB and pandas only when it needs them, so that `refi --help` is instant.
"""

import sys

import typer

from refi_assets.cli.commands import (
    banking,
    identity,
    keys,
    lineage,
    ml,
    model,
    model_registry,
    offers,
    project,
    publishing,
    refi,
    risk,
    sample,
    serve,
)
from refi_assets.cli.commands.domains import domain_app, domain_names
from refi_assets.cli.commands.options import ERR
from refi_assets.errors import RefiError, SettingError
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.orchestration.garbage import rare_garbage_collection
from refi_assets.settings import settings_of

OWN_COMMANDS = {
    "banking": banking.app,
    "ml": ml.app,
    "risk": risk.app,
}  # domain -> commands beside those that every domain has

app = typer.Typer(
    help="Which borrowers should hear about which loan today, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for room in (refi, identity, lineage, sample, serve, publishing, project):
    app.add_typer(room.app)
model.app.add_typer(model_registry.app)
app.add_typer(model.app, name="model")
app.add_typer(keys.app, name="keys")
app.add_typer(offers.app, name=offers.DOMAIN)
for domain in domain_names():
    if domain == offers.DOMAIN:  # its commands are about a program
        continue
    app.add_typer(domain_app(domain, OWN_COMMANDS.get(domain)), name=domain)


def main() -> None:
    """Entry point of the `refi` command. An error that a user can fix is one message, not a traceback."""
    try:
        with rare_garbage_collection():
            app()
    except RefiError as error:
        _print_error(error)
        sys.exit(1)


def _print_error(error: RefiError) -> None:
    try:
        is_json = settings_of(ObservabilitySettings).log_format == "json"
    except SettingError:
        is_json = False
    if is_json:
        from refi_assets.observability.json_logs import error_line

        print(error_line(str(error), getattr(error, "run_id", None)), file=sys.stderr)
    else:
        ERR.say(f"refi: {error}", style="red")
