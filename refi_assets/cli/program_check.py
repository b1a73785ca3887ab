"""`refi offers check`: whether program files are accepted, and what to know about them."""

import json
from pathlib import Path
from typing import Any

import typer

from refi_assets.cli.terminal import Terminal
from refi_assets.errors import RefiError, SettingError
from refi_assets.offers.program_warnings import UNREVIEWED, program_warnings
from refi_assets.offers.programs import FILTERS_DIR, PROGRAMS_DIR, program_in, programs
from refi_assets.offers.states import load_states
from refi_assets.offers.yaml_places import key_text, read_placed_yaml
from refi_assets.specs.programs import key_of_program


def check_and_print(file: Path | None, program_id: str | None, *, as_json: bool) -> None:
    """Check a file, the program of an id, or all of the project's programs. Exits with 1 if it is refused."""
    answers = [_checked(path) for path in _files(file, program_id)]
    refused = [error for answer in answers for error in answer["errors"]]
    if file is None and not refused:
        try:
            programs()
        except SettingError as error:  # two files have the same programId
            refused.append(str(error))
    if as_json:
        print(json.dumps({"accepted": not refused, "programs": answers}))
        raise typer.Exit(1 if refused else 0)
    console = Terminal()
    for answer in answers:
        if not answer["errors"]:
            console.say(f"{answer['file']}: accepted as {answer['program_id']} ({answer['schedule']} UTC).")
        for warning in answer["warnings"]:
            place = f"line {warning['line']}, {warning['key']}: " if warning["line"] else ""
            console.warn(f"  {place}{warning['text']}")
    if refused:
        raise SettingError("\n".join(refused))


def _files(file: Path | None, program_id: str | None) -> list[Path]:
    if file is not None:
        return [file]
    paths = sorted(PROGRAMS_DIR.glob("*.yaml"))
    if program_id is None and paths:
        return paths
    named = [path for path in paths if key_of_program(path.stem) == key_of_program(program_id or "")]
    if not named:
        names = ", ".join(path.stem for path in paths) or "none"
        raise SettingError(f"{PROGRAMS_DIR} has no program {program_id or 'yet'}; there are {names}.")
    return named


def _checked(path: Path) -> dict[str, Any]:
    """The answer about a file: its id, schedule and hash if it is accepted, else the errors."""
    answer: dict[str, Any] = {"file": str(path), "errors": [], "warnings": []}
    try:
        states = load_states()
        file = read_placed_yaml(path)
        program = program_in(file, filters_dir=FILTERS_DIR, states=states)
    except RefiError as error:
        return answer | {"errors": str(error).splitlines()}
    warnings = [
        {"line": file.line_of(warning.key), "key": key_text(warning.key), "text": warning.text}
        for warning in program_warnings(program, states.states)
    ]
    if not states.is_reviewed:
        warnings.append({"line": None, "key": None, "text": UNREVIEWED})
    return answer | {
        "program_id": program.program_id,
        "schedule": program.batch_cron,
        "sha256": program.sha256,
        "warnings": warnings,
    }
