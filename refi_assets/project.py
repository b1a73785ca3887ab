"""The project folder: the contracts, policies and SQL that the lender reads and changes.

It is found once, at start. The wheel has copies of the files of a new project (project_files/, which pyproject.toml
fills from the repository's own folders): `refi init` writes them, and without any project they are read where they are.
"""

import os
import shutil
from pathlib import Path

from refi_assets.errors import SettingError, writing

PACKAGE = Path(__file__).resolve().parent
SHIPPED = PACKAGE / "project_files"  # in the wheel; a checkout has the files themselves

MARKS = ("contracts", "policies", "sql")
FILES = (*MARKS, "data/sample", "workspace.yaml", ".dagster/dagster.yaml")

_GITIGNORE = """\
/lake/
.dagster/*
!.dagster/dagster.yaml
"""
_README = """\
# {name}

A project of refi_assets: which borrowers should hear about which loan, and why.

| folder | what is in it |
|---|---|
| `contracts/` | what columns each source file has |
| `policies/` | the thresholds: who is eligible, and when a run must stop |
| `sql/` | what the business reads, one relation a file |
| `data/sample/` | small source files to try it with |

Run `refi` in this folder or below it; from elsewhere, set `REFI_PROJECT_DIR`.

```sh
refi run --source data/sample                               # publishes lake/output/<run_id>.csv
DAGSTER_HOME="$PWD/.dagster" dagster dev -w workspace.yaml  # the same in Dagster's UI
```
"""


def is_project(folder: Path) -> bool:
    """Whether a folder has contracts, policies and SQL."""
    return all((folder / mark).is_dir() for mark in MARKS)


def find_project() -> Path:
    """REFI_PROJECT_DIR, or the nearest project from the working directory upward, or the checkout, or the copies."""
    stated = os.environ.get("REFI_PROJECT_DIR")
    if stated is not None:
        return Path(stated).resolve()  # whether it is one, the settings say
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents, PACKAGE.parent) if is_project(folder)), SHIPPED)


def state_folder(project: Path) -> Path:
    """Where the lake and Dagster's files are by default: in the project, unless it is the copies in the wheel."""
    return Path.cwd() if project == SHIPPED else project


def set_dagster_home(project: Path) -> None:
    """Let Dagster keep its files in .dagster/ by default, with our configuration. Raises RefiError."""
    if "DAGSTER_HOME" in os.environ:
        return
    home = state_folder(project) / ".dagster"
    if not home.is_dir():
        _copy(".dagster/dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)


def init_project(folder: Path) -> None:
    """Write a new project. Raises SettingError if the folder holds anything, or RefiError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingError(f"{folder} is not an empty folder. Name a new one; nothing was written.")
    for name in FILES:
        _copy(name, folder / name)
    for name, text in ((".gitignore", _GITIGNORE), ("README.md", _README.format(name=folder.resolve().name))):
        with writing(folder / name):
            (folder / name).write_text(text, encoding="utf-8")


def _copy(name: str, to: Path) -> None:
    """Copy a file or folder of a new project, without the permissions of the original, which may be read-only."""
    origin = (SHIPPED if SHIPPED.is_dir() else PACKAGE.parent) / name
    for path in sorted(origin.rglob("*")) if origin.is_dir() else [origin]:
        target = to / path.relative_to(origin)
        if path.is_file():
            with writing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
