"""The code of this package that a module uses, by its import statements, and a hash of that code.

Imports inside functions count. Modules that are looked up by name at run time do not.
"""

import hashlib
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
NAME = PACKAGE.name

_IMPORT = re.compile(rf"^[ \t]*(?:from ({NAME}[\w.]*) import (\([^)]*\)|[^\n]*)|import ({NAME}[\w.]*))", re.MULTILINE)
_RESOURCES = (".sql", ".html", ".txt")


def modules_behind(module: str) -> frozenset[str]:
    """The module, and every module of the package that it imports, directly or not."""
    modules: set[str] = set()
    queue = [module]
    while queue:
        name = queue.pop()
        if name not in modules:
            modules.add(name)
            queue += _imports(name)
    return frozenset(modules)


@cache
def code_sha256(module: str) -> str:
    """Hash of the code behind a module, with the SQL, HTML and text files beside it."""
    paths = {path for name in modules_behind(module) if (path := _path(name)) is not None}
    folders = {path.parent for path in paths}
    paths |= {file for folder in folders for file in folder.iterdir() if file.suffix in _RESOURCES}
    lines = [f"{path.relative_to(PACKAGE)} {_file_sha256(path)}" for path in sorted(paths)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@cache
def version_of(distribution: str) -> str | None:
    """The installed version of a distribution, or None."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


@cache
def _imports(module: str) -> tuple[str, ...]:
    path = _path(module)
    names = [module.rpartition(".")[0]] if "." in module else []
    if path is None:
        return tuple(names)
    for source, items, plain in _IMPORT.findall(path.read_text("utf-8")):
        names.append(source or plain)
        names += [f"{source}.{item}" for item in re.findall(r"\w+", items.partition("#")[0]) if source]
    return tuple(name for name in names if _path(name) is not None)


@cache
def _path(module: str) -> Path | None:
    """The file of a module of the package; None if it is not such a module."""
    base = PACKAGE.parent.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _file_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
