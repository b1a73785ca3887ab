"""Commands of the banking domain, beside those that every domain has."""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.commands.options import AnyRun, Lake, day_of, lake_url
from refi_assets.cli.terminal import say

app = typer.Typer()


@app.command()
def generate(
    out_dir: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the files.")],
    *,
    customers: Annotated[int | None, typer.Option(min=1, help="Number of customers. Default: 2000.")] = None,
    transactions: Annotated[
        int | None,
        typer.Option(min=1, help="About so many transactions, in place of a number of customers."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 1,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day on which the history ends. Default: today.")
    ] = None,
    months: Annotated[int, typer.Option(min=1, help="Months of history.")] = 48,
    clean: Annotated[bool, typer.Option("--clean", help="Nothing defective, and one currency.")] = False,
    cut: Annotated[bool, typer.Option("--cut", help="The file of transactions ends within a cell.")] = False,
) -> None:
    """Write the files of a made-up bank with a share of every defect, and truth.json, which counts them."""
    from refi_assets.sample.bank import clients_for, generate_bank

    if transactions is not None and customers is not None:
        raise typer.BadParameter("cannot be combined with --customers", param_hint="--transactions")
    clients = customers or (clients_for(transactions, months) if transactions else 2000)
    truth = generate_bank(clients, seed, out_dir, as_of=day_of(as_of), months=months, clean=clean, cut=cut)
    rows = truth["rows"]["transaction"]
    say(f"{clients} customers, {rows} transactions up to {truth['as_of']}, seed {seed}: {out_dir}")


@app.command()
def report(
    out: Annotated[Path, typer.Option(dir_okay=False, help="The HTML file to write.")] = Path("bank.html"),
    lake: Lake = None,
    run_id: AnyRun = None,
) -> None:
    """Write the report on the bank: one HTML file without anybody's data."""
    from refi_assets.banking.report import report_html
    from refi_assets.banking.report_rows import report_rows, title_of
    from refi_assets.cli import answers
    from refi_assets.errors import writing

    run = answers.open_any_run("banking", lake_url(lake), run_id)
    with run.engine.session(run.relations) as session:
        html = report_html(report_rows(session), title_of(run.as_of))
    with writing(out):
        out.write_text(html, encoding="utf-8")
    say(f"The report on run {run.run_id}, as of {run.as_of}: {out}")
