"""Commands of the offers domain, beside those that every domain has."""

import typer

app = typer.Typer()
