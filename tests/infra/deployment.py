"""Reads the files of infra/, and builds the image's folder /app without a container engine."""

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from refi_assets.settings import PROJECT_DIR

INFRA = PROJECT_DIR / "infra"


def read_yaml(name: str) -> Any:
    """A YAML file of infra/."""
    return yaml.safe_load((INFRA / name).read_text())


def services() -> dict[str, Any]:
    """The services of compose.yaml, with their shared settings filled in."""
    compose_services: dict[str, Any] = read_yaml("compose.yaml")["services"]
    return compose_services


def dockerfile(name: str = "Dockerfile") -> list[tuple[str, str]]:
    """The instructions of a Dockerfile as (name, arguments), long lines joined."""
    text = re.sub(r"\\\n\s*", "", (INFRA / name).read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, arguments) for name, arguments in (line.split(" ", 1) for line in lines)]


def copied(file: str = "Dockerfile") -> list[tuple[list[str], str]]:
    """A Dockerfile's copies from the project, as (sources, destination)."""
    copies = [arguments.split() for name, arguments in dockerfile(file) if name == "COPY"]
    return [(sources, to) for *sources, to in copies if not sources[0].startswith("--from")]


def image_environment() -> dict[str, str]:
    """The image's environment variables."""
    *_, arguments = (arguments for name, arguments in dockerfile() if name == "ENV")
    return dict(pair.split("=", 1) for pair in arguments.split())


def make_app(app: Path) -> None:
    """Build the image's /app: the package, and the Dockerfile's copies."""
    shutil.copytree(PROJECT_DIR / "refi_assets", app / "refi_assets", ignore=shutil.ignore_patterns("__pycache__"))
    for sources, to in copied():
        if to.startswith("/app/"):
            for source in sources:
                _copy(PROJECT_DIR / source, app / to.removeprefix("/app/"))


def _copy(source: Path, to: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, to)
    else:
        to.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, to)
