"""Commands about models: `refi model evaluate`, train, promote, …"""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.commands.options import OneObject
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
