"""Groups of relations: which domain a group belongs to.

A group has the name of its domain, or of a program of the domain, or of a folder of SQL files inside the domain's: the
relations of sql/banking/silver/ are silver/client, silver/loan, and so on. The stages that the sources of all domains
pass through (names.py) belong to no domain.
"""

from functools import cache
from pathlib import Path

from refi_assets.errors import SettingError
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.names import STAGES
from refi_assets.specs.programs import program_files

SQL_DIR = PROJECT_DIR / "sql"

STEPS = "steps"  # statements that are not models: sql_steps.py
PROGRAM = "program"  # templates of the relations of each program: sql_templates.py
FEATURES, INPUT, FILTERS = "features", "input", "filters"
PARTS = (FEATURES, INPUT, FILTERS)  # files that become part of the files that read them

# Folders of a domain or a group that are not groups.
RESERVED = frozenset({"answers", "checks", "measures", STEPS, PROGRAM, *PARTS})


@cache
def folder_groups(folder: Path = SQL_DIR) -> dict[str, str]:
    """Group -> domain, of the groups that are folders of a domain. Raises SettingError for a name that is taken."""
    domains: dict[str, str] = {}
    names = {path.name for path in folder.iterdir()} | set(STAGES)
    for path in sorted(folder.glob("*/*/")):
        if not path.is_dir() or path.name in RESERVED:
            continue
        domain, group = path.parent.name, path.name
        if group in names or group in program_files() or group in domains:
            raise SettingError(f"sql/{domain}/{group}/: another group is named {group}; rename the folder.")
        domains[group] = domain
    return domains


def domain_of_group(name: str) -> str:
    """The domain of a group; the name of a domain is returned unchanged."""
    program = program_files().get(name)
    return program.domain if program else folder_groups().get(name, name)
