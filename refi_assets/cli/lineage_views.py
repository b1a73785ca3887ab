"""How lineage is shown: a column's way back to the source files as a tree or as JSON, and the page of all columns."""

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
    """Print what a column is made of, one line a step. Raises RefiError for a column that is not there."""
    column = find_column(lineage_graph(), text)
    if as_json:
        print(json.dumps(asdict(column)))
        return
    tree = Tree(_line(column), guide_style="dim")
    _add_steps(tree, column)
    # What reads the output line by line gets whole lines, however long.
    Terminal(width=None if sys.stdout.isatty() else 10_000).print(tree)


def write_lineage_page(path: Path, text: str | None) -> None:
    """Write the page and print where it is, with a column the link to it. Raises RefiError."""
    graph = lineage_graph()
    link = f"#{quote(find_column(graph, text).id)}" if text is not None else ""
    with writing(path):
        path.write_text(lineage_page(graph.values()), encoding="utf-8", newline="\n")
    say(f"{path.resolve().as_uri()}{link}" if link else str(path))


def _add_steps(branch: Tree, column: LineageColumn) -> None:
    for source in column.made_from:
        _add_steps(branch.add(_line(source)), source)


def _line(column: LineageColumn) -> Text:
    if column.expression is not None:
        return Text.assemble((column.id, "bold"), " = ", column.expression)
    if column.rule is not None:
        return Text.assemble((column.id, "bold"), f": {column.rule}")
    kind = ", ".join(filter(None, (column.sql_type, column.unit)))
    return Text.assemble((f"{column.relation} column {column.column}", "bold green"), f" ({kind})")
