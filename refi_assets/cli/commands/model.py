"""Commands about models: `refi model evaluate`, train, promote, …"""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.commands.options import AsOf, Lake, OneObject, OtherPolicy, Run, day_of, lake_url
from refi_assets.settings import all_settings

app = typer.Typer(help="Models: evaluate a file, train, promote, explain.", no_args_is_help=True)


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or Parquet, a row for each decision.")],
    *,
    label: Annotated[str, typer.Option(metavar="COLUMN", help="The outcome: a column with two values.")],
    positive: Annotated[
        str | None, typer.Option(metavar="VALUE", help="The value to predict. Default: the rarer one.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Dates or numbers; the newest rows are the test part.")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="The customer; all rows of one are in one part.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="Not a feature. Repeat it for more.")] = None,
    product: Annotated[
        str | None, typer.Option(help="Such as mortgage: more bases are protected for some products.")
    ] = None,
    keep_protected: Annotated[
        bool, typer.Option("--keep-protected", help="Keep columns of a protected basis, for research only.")
    ] = False,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="CSV of each row's predictions.")] = None,
    as_json: OneObject = False,
) -> None:
    """Compare three models on a file: how well they predict a label, on rows set aside."""
    from refi_assets.cli.model_evaluation import evaluate_and_print

    all_settings()
    evaluate_and_print(
        file,
        label=label,
        positive=positive,
        time=time,
        id_column=id_column,
        drop=drop or [],
        product=product,
        keep_protected=keep_protected,
        out=out,
        as_json=as_json,
    )


@app.command()
def train(
    name: Annotated[str, typer.Argument(help="A model of policies/ml/models/.")],
    *,
    promote: Annotated[bool, typer.Option("--promote", help="Make it the champion if the gate passes it.")] = False,
    who: Annotated[str | None, typer.Option(metavar="NAME", help="Who promotes. Default: the login name.")] = None,
    lake: Lake = None,
    run_id: Run = None,
    as_of: AsOf = None,
    policy: OtherPolicy = None,
    flips: Annotated[
        Path | None, typer.Option(dir_okay=False, help="CSV of the decisions that flip if it replaces the champion.")
    ] = None,
    as_json: OneObject = False,
) -> None:
    """Train a declared model on the latest published features, and judge it against the champion.

    What a model of loan offers learns from is not published: it is made first, as of the day.
    """
    from refi_assets.cli.declared_models import train_and_print
    from refi_assets.cli.login import login_name

    promoter = who or login_name("refi model train") if promote else ""
    train_and_print(
        *(name, lake_url(lake), run_id, policy),
        as_of=day_of(as_of) if as_of else None,
        promote=promote,
        who=promoter,
        flips=flips,
        as_json=as_json,
    )


@app.command()
def explain(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="A customer of the published features.")],
    *,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Needed if more than one is declared.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Default: the champion.")] = None,
    lake: Lake = None,
    run_id: Run = None,
    as_json: OneObject = False,
) -> None:
    """Explain a customer's score: points and principal reasons. Prints the customer's data."""
    from refi_assets.cli.declared_models import explain_and_print

    explain_and_print(customer_id, model, version, lake_url(lake), run_id, as_json=as_json)
