"""Commands of the identity domain."""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.commands.options import ERR, AsJson, Lake, OneObject, Run, lake_url
from refi_assets.settings import all_settings

app = typer.Typer()


@app.command("explain-match")
def explain_match(
    borrower_id_1: Annotated[str, typer.Argument(metavar="ID1", help="A borrower.")],
    borrower_id_2: Annotated[str, typer.Argument(metavar="ID2", help="Another borrower.")],
    lake: Lake = None,
    run_id: Run = None,
    as_json: AsJson = False,
) -> None:
    """Explain why two borrowers are one person or not, weight by weight. Prints borrowers' data."""
    from refi_assets.cli import answers, identity

    identity.show_match(answers.open_run(lake_url(lake), run_id), borrower_id_1, borrower_id_2, as_json=as_json)


@app.command()
def review(
    who: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides. Default: the login name.")] = None,
    lake: Lake = None,
) -> None:
    """Decide about uncertain pairs, one by one: one person, or two? Prints borrowers' data."""
    from refi_assets.cli import answers, identity

    identity.review_pairs(answers.open_run(lake_url(lake)), who)


@app.command()
def resolve(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help="CSV or Parquet.")],
    *,
    columns: Annotated[
        list[str],
        typer.Option("--map", metavar="KIND=COLUMN", help="What a column is; date_of_birth=by+bm+bd joins columns."),
    ],
    id_column: Annotated[str, typer.Option("--id", metavar="COLUMN", help="The id of a file's records.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="CSV of id, source, person_id, probability.")],
    truth: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The true person of each record, used only for the score.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Least probability of a link. Default: where precision and recall balance."),
    ] = None,
    as_json: OneObject = False,
) -> None:
    """Find the persons in any files: one person_id for all records of a person, within and across the files."""
    from refi_assets.cli.resolve import resolve_and_print

    all_settings()
    resolve_and_print(files, columns, id_column, out, truth=truth, threshold=threshold, as_json=as_json, console=ERR)
