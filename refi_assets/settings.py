"""Settings: environment variables with the prefix REFI_, read and validated once, a class a room.

A room's class is in its own settings.py. Business rules are not settings: thresholds live in policies/, columns in
contracts/, relations in sql/. Credentials, region and endpoints of AWS are not ours either: they come by the standard
AWS variables.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from refi_assets.errors import SettingError
from refi_assets.project import MARKS, find_project, is_project, state_folder

PROJECT_DIR = find_project()
STATE_DIR = state_folder(PROJECT_DIR)


class RoomSettings(BaseSettings):
    """The settings of one room, an attribute each; `REFI_LAKE_URL` is `lake_url`, and so on."""

    model_config = SettingsConfigDict(env_prefix="REFI_", frozen=True)


_S = TypeVar("_S", bound=RoomSettings)


class PlatformSettings(RoomSettings):
    """The settings that belong to no single room."""

    project_dir: Path = Field(default=PROJECT_DIR, description="The folder of contracts, policies and SQL.")
    time_zone: str = Field(default="America/New_York", description="The lender's time zone: decides what day it is.")

    @field_validator("project_dir")
    @classmethod
    def _is_a_project(cls, value: Path) -> Path:
        if not is_project(value):
            raise ValueError(f"'{value}' is not a project; it must have the folders {', '.join(MARKS)}")
        return value

    @field_validator("time_zone")
    @classmethod
    def _a_known_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is no time zone; use a name such as America/New_York") from None
        return value


def settings_of(room: type[_S]) -> _S:
    """The settings of a room in this process. Raises SettingError naming the first wrong variable."""
    return cast(_S, _read(room))


def all_settings() -> list[RoomSettings]:
    """The settings of every room. Raises SettingError naming the first wrong variable."""
    for path in sorted(Path(__file__).parent.glob("*/settings.py")):
        import_module(f"refi_assets.{path.parent.name}.settings")
    return [settings_of(room) for room in RoomSettings.__subclasses__()]


def forget_settings() -> None:
    """Read the environment again when settings are next asked for."""
    _read.cache_clear()


@contextmanager
def overridden(name: str, value: str) -> Iterator[None]:
    """Set an environment variable for settings that are read inside this block."""
    before = os.environ.get(name)
    os.environ[name] = value
    forget_settings()
    try:
        yield
    finally:
        os.environ.pop(name) if before is None else os.environ.update({name: before})
        forget_settings()


def is_missing(name: str, why: str) -> PydanticCustomError:
    """What a validator raises for a setting that another one needs."""
    return PydanticCustomError("together", "{why}", {"name": name, "why": why})


@cache
def _read(room: type[RoomSettings]) -> RoomSettings:
    try:
        return room()
    except ValidationError as error:
        first = error.errors()[0]
        name = "REFI_" + str(first["loc"][0] if first["loc"] else first["ctx"]["name"]).upper()
        raise SettingError(
            f"{name}: {first['msg'].removeprefix('Value error, ')}. Correct or unset the environment variable {name}."
        ) from None
