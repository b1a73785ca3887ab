"""refi resolve: progress on the standard error, and the result as text or JSON."""

import json
from pathlib import Path

import typer

from refi_assets.cli.terminal import Terminal, say
from refi_assets.errors import needs_packages
from refi_assets.identity import PACKAGES


def resolve_and_print(
    files: list[Path],
    mappings: list[str],
    id_column: str,
    out: Path,
    *,
    truth: str | None,
    threshold: float | None,
    as_json: bool,
    console: Terminal,
) -> None:
    """Resolve, write and print. Raises RefiError, or typer.BadParameter for a --map that is not valid."""
    with needs_packages("refi resolve", PACKAGES, "identity", "make run"):
        from refi_assets.identity.file_records import parse_columns
        from refi_assets.identity.resolved_files import resolve_files
    try:
        columns = parse_columns(mappings)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--map") from None

    def progress(message: str) -> None:
        console.say(f"  {message}", style="dim")

    resolved = resolve_files(files, columns, id_column, out, truth=truth, threshold=threshold, say=progress)
    if as_json:
        print(json.dumps(resolved.as_json()))
        return
    say(f"{resolved.records:,} records, {resolved.persons:,} persons: {out}")
    for reason, count in resolved.splits.items():
        say(f"{count:,} links were not followed: {reason}")
    if resolved.score is not None:
        score = resolved.score
        say(f"pairs     precision {score.precision:.4f}  recall {score.recall:.4f}  F1 {score.f1:.4f}")
        say(
            f"B-cubed   precision {score.bcubed_precision:.4f}  recall {score.bcubed_recall:.4f}"
            f"  F1 {score.bcubed_f1:.4f}"
        )
        say(f"{resolved.true_pairs:,} true pairs")
