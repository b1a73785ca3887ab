"""The project folder: the contracts, policies and SQL that the lender reads and changes.

It is found once, at the start. The wheel has the files of a new project, in project_files/, which pyproject.toml fills
from the repository's own folders: `refi init` copies them. Without any project, they are read in place.
"""

import os
import shutil
from pathlib import Path

from refi_assets.errors import SettingError, writing

PACKAGE = Path(__file__).resolve().parent
SHIPPED = PACKAGE / "project_files"  # only in the wheel; a checkout has the originals

MARKS = ("contracts", "policies", "sql")
FILES = (*MARKS, "data/sample", "workspace.yaml", ".dagster/dagster.yaml")

_GITIGNORE = """\
/lake/
/registry/
/store/
/stream/
.dagster/*
!.dagster/dagster.yaml
"""
_README = """\
# {name}

A project of refi_assets: which borrowers should hear about which loan, and why.

| Folder | Contents |
|---|---|
| `contracts/` | the columns of each source file |
| `policies/` | the thresholds: who is eligible, and when a run must stop |
| `sql/` | the business rules, one relation per file |
| `data/sample/` | small source files to try it with |

Run `refi` in this folder or below it; elsewhere, set `REFI_PROJECT_DIR`.

```sh
refi run --source data/sample                               # publishes lake/output/<run_id>.csv
DAGSTER_HOME="$PWD/.dagster" dagster dev -w workspace.yaml  # the same in Dagster's UI
```
"""


def is_project(folder: Path) -> bool:
    """Whether a folder has contracts, policies and SQL."""
    return all((folder / mark).is_dir() for mark in MARKS)


def find_project() -> Path:
    """REFI_PROJECT_DIR, else the nearest project from the working directory upward, else the checkout or the wheel."""
    folder = os.environ.get("REFI_PROJECT_DIR")
    if folder is not None:
        return Path(folder).resolve()  # the settings check that it is a project
    start = Path.cwd()
    return next((folder for folder in (start, *start.parents, PACKAGE.parent) if is_project(folder)), SHIPPED)


def state_folder(project: Path) -> Path:
    """The default folder of the lake and of Dagster's files: the project; for the wheel, the working directory."""
    return Path.cwd() if project == SHIPPED else project


def set_dagster_home(project: Path) -> None:
    """Make .dagster/, with our configuration, Dagster's default folder. Raises RefiError."""
    if "DAGSTER_HOME" in os.environ:
        return
    home = state_folder(project) / ".dagster"
    if not home.is_dir():
        _copy(".dagster/dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)


def init_project(folder: Path) -> None:
    """Write a new project. Raises SettingError if the folder is not empty, or RefiError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingError(f"{folder} is not an empty folder. Name a new one; nothing was written.")
    for name in FILES:
        _copy(name, folder / name)
    for name, text in ((".gitignore", _GITIGNORE), ("README.md", _README.format(name=folder.resolve().name))):
        with writing(folder / name):
            (folder / name).write_text(text, encoding="utf-8")


def _copy(name: str, to: Path) -> None:
    """Copy a file or folder of a new project, without its permissions: the original may be read-only."""
    origin = (SHIPPED if SHIPPED.is_dir() else PACKAGE.parent) / name
    for path in sorted(origin.rglob("*")) if origin.is_dir() else [origin]:
        target = to / path.relative_to(origin)
        if path.is_file():
            with writing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
