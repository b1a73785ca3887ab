"""The deployment's settings: environment variables with the prefix REFI_, read and validated once.

Business rules are not settings: thresholds live in policies/, columns in contracts/, relations in sql/.
"""

from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from refi_assets.errors import SettingError

PROJECT_DIR = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """One attribute a setting; `REFI_LAKE_URL` is `lake_url`, and so on."""

    model_config = SettingsConfigDict(env_prefix="REFI_", frozen=True)

    lake_url: str = Field(default=str(PROJECT_DIR / "lake"), description="Folder that holds the lake.")
    policy_file: Path = Field(default=PROJECT_DIR / "policies" / "refi.yaml", description="The refi policy in force.")
    time_zone: str = Field(default="America/New_York", description="The lender's time zone: decides what day it is.")
    watch: bool = Field(default=False, description="Whether the sensor on arrivals is on from the start.")
    quiet_minutes: float = Field(
        default=5, ge=0, le=1440, description="How long nothing must arrive before a run without all."
    )
    keep_unpublished_days: float = Field(
        default=7, ge=1, le=3650, description="How long what a run that published nothing left in the lake is kept."
    )
    max_file_gb: float = Field(
        default=100, gt=0, allow_inf_nan=False, description="The largest source file that is read, unpacked; in GB."
    )
    threads: int = Field(default=0, ge=0, description="Threads of the engine; 0 takes one a core.")
    memory_limit: str = Field(
        default="2.5GB",
        pattern=r"^(\d*[1-9]\d*(\.\d+)?|0*\.\d*[1-9]\d*)\s?[KMGT]i?B$",
        description="Memory of the engine, beyond which it spills.",
    )

    @field_validator("lake_url")
    @classmethod
    def _a_folder(cls, value: str) -> str:
        if not value:
            raise ValueError("it names no folder")
        if "://" in value:
            raise ValueError(f"{value!r} is no folder; this version keeps the lake in a local folder")
        return value

    @field_validator("time_zone")
    @classmethod
    def _a_known_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is no time zone; use a name such as America/New_York") from None
        return value


@cache
def settings() -> Settings:
    """The settings of this process. Raises SettingError naming the first wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "REFI_" + str(first["loc"][0]).upper()
        raise SettingError(
            f"{name}: {first['msg'].removeprefix('Value error, ')}. Correct or unset the environment variable {name}."
        ) from None
