"""Programs: each file policies/<domain>/programs/<program>.yaml makes a group of relations from the domain's templates.

Here, a program is only its name and the order of its filters: sql/ needs no more. The keys of a file, and judging it,
belong to the domain.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.yaml_loader import load_yaml

PROGRAMS = "programs"  # the folder of a domain's programs, beside its policy


@dataclass(frozen=True)
class ProgramFile:
    """One program: its domain, its file, and the ids of its filters in their order.

    A file that cannot be read has no filters here; the domain says what is wrong with it.
    """

    key: str  # the name of its group: that of the file, with _ in place of -
    domain: str
    path: Path
    filters: tuple[str, ...]


@cache
def program_files(folder: Path = PROJECT_DIR / "policies") -> dict[str, ProgramFile]:
    """Every program of every domain, by key."""
    programs = [_program_file(path) for path in sorted(folder.glob(f"*/{PROGRAMS}/*.yaml"))]
    return {program.key: program for program in programs}


def programs_of(domain: str) -> list[ProgramFile]:
    """The programs of one domain."""
    return [program for program in program_files().values() if program.domain == domain]


def key_of_program(program_id: str) -> str:
    """The name of a program's group of relations."""
    return program_id.replace("-", "_")


def _program_file(path: Path) -> ProgramFile:
    try:
        document = load_yaml(path.read_bytes())
        chain = sorted(document["filterChain"], key=_order)
        filters = tuple(entry["filterId"] for entry in chain if re.fullmatch("[a-z][a-z0-9-]*", entry["filterId"]))
    except (OSError, yaml.YAMLError, ValueError, TypeError, KeyError):
        filters = ()
    return ProgramFile(key_of_program(path.stem), path.parent.parent.name, path, filters)


def _order(entry: Mapping[str, Any]) -> int:
    return int(entry["order"])
