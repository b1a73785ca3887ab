"""Views of lineage: a column's way back to the source files, as a tree or as JSON, and the page of all columns."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

from rich.text import Text
from rich.tree import Tree

from refi_assets.cli.terminal import Terminal, say
from refi_assets.errors import writing
from refi_assets.lineage.graph import LineageColumn, find_column, lineage_graph, lineage_page


def show_lineage(text: str, *, as_json: bool) -> None:
    """Print how a column is derived, one line a step. Raises RefiError for an unknown column."""
    column = find_column(lineage_graph(), text)
    if as_json:
        print(json.dumps(asdict(column)))
        return
    tree = Tree(_line(column), guide_style="dim")
    _add_sources(tree, column)
    # A program that reads the output line by line gets whole lines, however long.
    Terminal(width=None if sys.stdout.isatty() else 10_000).print(tree)


def write_lineage_page(path: Path, text: str | None) -> None:
    """Write the page and print its path, or the link to a column in it. Raises RefiError."""
    graph = lineage_graph()
    column = None if text is None else find_column(graph, text)
    with writing(path):
        path.write_text(lineage_page(graph.values()), encoding="utf-8", newline="\n")
    say(str(path) if column is None else f"{path.resolve().as_uri()}#{quote(column.id)}")


def _add_sources(branch: Tree, column: LineageColumn) -> None:
    for source in column.made_from:
        _add_sources(branch.add(_line(source)), source)


def _line(column: LineageColumn) -> Text:
    if column.expression is not None:
        return Text.assemble((column.id, "bold"), " = ", column.expression)
    if column.rule is not None:
        return Text.assemble((column.id, "bold"), f": {column.rule}")
    sql_type = ", ".join(filter(None, (column.sql_type, column.unit)))
    return Text.assemble((f"{column.relation} column {column.column}", "bold green"), f" ({sql_type})")
