"""The command that generates source files."""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.terminal import say

app = typer.Typer()


@app.command()
def generate(
    out_dir: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the files.")],
    rows: Annotated[int, typer.Option(min=1, help="Number of borrowers.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    duplicates: Annotated[
        int,
        typer.Option(
            metavar="PCT",
            min=0,
            max=100,
            help="Percentage of borrowers that are second or third records of a person, with realistic changes (typos, "
            "nicknames, a move, …); persons.csv gives each borrower's person.",
        ),
    ] = 0,
    clean: Annotated[bool, typer.Option("--clean", help="Nothing defective, missing, joint or odd.")] = False,
) -> None:
    """Write realistic source files with a set share of every defect, and truth.json, which counts them."""
    from refi_assets.sample.generate import generate_files

    generate_files(rows, seed, out_dir, duplicates=duplicates, clean=clean)
    say(f"{rows} borrowers, seed {seed}: {out_dir}")
