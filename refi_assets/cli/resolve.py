"""refi resolve: who is who in files that anyone brings, with progress, and the result in words or as JSON."""

import json
from pathlib import Path

import typer

from refi_assets.cli.terminal import Terminal, say
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import needs_packages
from refi_assets.identity import PACKAGES
from refi_assets.settings import settings_of


def resolve_files(
    files: list[Path],
    stated: list[str],
    id_column: str,
    out: Path,
    *,
    truth: str | None,
    threshold: float | None,
    as_json: bool,
    console: Terminal,
) -> None:
    """Resolve, write and print. Raises RefiError, or typer.BadParameter for a --map that is none."""
    with needs_packages("refi resolve", PACKAGES, "identity", "make run"):
        from refi_assets.identity.records import parse_columns
        from refi_assets.identity.resolve import resolve
    try:
        columns = parse_columns(stated)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--map") from None

    def progress(words: str) -> None:
        console.say(f"  {words}", style="dim")

    found = resolve(
        files,
        columns,
        id_column,
        out,
        truth=truth,
        threshold=threshold,
        threads=settings_of(EngineSettings).threads,
        memory_limit=settings_of(EngineSettings).memory_limit,
        say=progress,
    )
    if as_json:
        print(json.dumps(found.as_json()))
        return
    say(f"{found.records:,} records, {found.persons:,} persons: {out}")
    for reason, count in found.splits.items():
        say(f"{count:,} links were not followed: {reason}")
    if found.score is not None:
        score = found.score
        say(f"pairs     precision {score.precision:.4f}  recall {score.recall:.4f}  F1 {score.f1:.4f}")
        say(
            f"B-cubed   precision {score.bcubed_precision:.4f}  recall {score.bcubed_recall:.4f}"
            f"  F1 {score.bcubed_f1:.4f}"
        )
        say(f"{found.true_pairs:,} true pairs")
