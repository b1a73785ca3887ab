"""Settings: environment variables with the prefix REFI_, read and validated once. Each room has a class of its own.

A room's class is in its settings.py. Business rules are not settings: limits are in policies/, columns in contracts/,
relations in sql/. Neither are AWS's credentials, region and endpoints, which AWS's standard variables set.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
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
    """The settings of one room: `REFI_LAKE_URL` is the attribute `lake_url`, and so on."""

    model_config = SettingsConfigDict(env_prefix="REFI_", frozen=True)


_S = TypeVar("_S", bound=RoomSettings)


class PlatformSettings(RoomSettings):
    """The settings that belong to no single room."""

    project_dir: Path = Field(default=PROJECT_DIR, description="The folder with contracts, policies and SQL.")
    time_zone: str = Field(
        default="America/New_York", description="The lender's time zone, which decides what day it is."
    )

    @field_validator("project_dir")
    @classmethod
    def _is_a_project(cls, value: Path) -> Path:
        if not is_project(value):
            raise ValueError(f"'{value}' is not a project: a project has the folders {', '.join(MARKS)}")
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is not a valid time zone; use a name such as America/New_York") from None
        return value


def settings_of(room: type[_S]) -> _S:
    """The settings of a room in this process. Raises SettingError naming the first wrong variable."""
    return cast(_S, _read(room))


def lender_now() -> datetime:
    """The current time in the lender's time zone. Raises SettingError."""
    return datetime.now(ZoneInfo(settings_of(PlatformSettings).time_zone))


def all_settings() -> list[RoomSettings]:
    """The settings of every room. Raises SettingError naming the first wrong variable."""
    package = Path(__file__).parent
    for path in sorted(package.glob("*/**/settings.py")):
        import_module(".".join(("refi_assets", *path.relative_to(package).with_suffix("").parts)))
    return [settings_of(room) for room in RoomSettings.__subclasses__()]


def forget_settings() -> None:
    """Clear the cache: the environment is read again with the next call of settings_of."""
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


def related_setting_error(name: str, reason: str) -> PydanticCustomError:
    """A validator's error about one setting that another one requires or forbids."""
    return PydanticCustomError("related_setting", "{reason}", {"name": name, "reason": reason})


@cache
def _read(room: type[RoomSettings]) -> RoomSettings:
    try:
        return room()
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0] if first["loc"] else first["ctx"]["name"])
        name, message = f"REFI_{field.upper()}", first["msg"].removeprefix("Value error, ")
        if first["type"] == "string_pattern_mismatch":
            examples = " or ".join(room.model_fields[field].examples or [])
            message = f"{first['input']!r} is not valid; a valid value is, for example, {examples}"
        raise SettingError(f"{name}: {message}. Correct or unset the environment variable {name}.") from None
