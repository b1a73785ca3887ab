"""The deployment's settings: environment variables with the prefix REFI_, read and validated once.

Business rules are not settings: thresholds live in policies/, columns in contracts/, relations in sql/. Credentials,
region and endpoints of AWS are not ours either: they come by the standard AWS variables.
"""

import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from refi_assets.errors import SettingError

PROJECT_DIR = Path(__file__).resolve().parent.parent


IdentityEngine = Literal["off", "splink", "aws"]


class Settings(BaseSettings):
    """One attribute a setting; `REFI_LAKE_URL` is `lake_url`, and so on."""

    model_config = SettingsConfigDict(env_prefix="REFI_", frozen=True)

    lake_url: str = Field(default=str(PROJECT_DIR / "lake"), description="The lake: a folder or s3://bucket/prefix.")
    policy_file: Path = Field(
        default=PROJECT_DIR / "policies" / "refi" / "refi.yaml", description="The refi policy in force."
    )
    time_zone: str = Field(default="America/New_York", description="The lender's time zone: decides what day it is.")
    watch: bool = Field(default=False, description="Whether the sensor on arrivals is on from the start.")
    quiet_minutes: float = Field(
        default=5, ge=0, le=1440, description="How long nothing must arrive before a run without all."
    )
    keep_unpublished_days: float = Field(
        default=7, ge=1, le=3650, description="How long what a run that published nothing left in the lake is kept."
    )
    keep_runs: int = Field(
        default=400, ge=1, description="Of how many published runs the relations are kept; audiences always are."
    )
    max_file_gb: float = Field(
        default=100, gt=0, allow_inf_nan=False, description="The largest source file that is read, unpacked; in GB."
    )
    threads: int = Field(default=0, ge=0, description="Threads of DuckDB; 0 takes one a core.")
    memory_limit: str = Field(
        default="2.5GB",
        pattern=r"^(\d*[1-9]\d*(\.\d+)?|0*\.\d*[1-9]\d*)\s?[KMGT]i?B$",
        description="Memory of DuckDB, beyond which it spills.",
    )
    engine: Literal["duckdb", "athena", "trino"] = Field(default="duckdb", description="Where the models run.")
    identity_engine: IdentityEngine = Field(
        default="off", description="How records of one person are found: not at all, by Splink, or by AWS."
    )
    kms_key_id: str = Field(default="", description="KMS key for what is put on S3; else as the bucket has it.")
    glue_database: str = Field(
        default="refi_ready_db", pattern=r"^[a-z0-9_]{1,255}$", description="Database of the tables on Athena."
    )
    catalog_mode: Literal["contract", "crawler"] = Field(
        default="contract", description="Whether raw tables are registered from the contracts or by a Glue crawler."
    )
    glue_crawler: str = Field(default="", description="The crawler, in crawler mode.")
    crawler_minutes: float = Field(default=30, gt=0, le=1440, description="How long a crawl may take.")
    athena_workgroup: str = Field(default="primary", min_length=1, description="The workgroup queries run in.")
    athena_output: str = Field(default="", description="s3:// prefix of query results; default: athena/ in the lake.")
    athena_usd_per_tb: Decimal = Field(default=Decimal(5), ge=0, description="Price of a scanned terabyte (10^12).")
    entity_resolution_workflow: str = Field(
        default="", pattern=r"^[A-Za-z0-9_-]{0,240}$", description="AWS Entity Resolution: the workflow's name."
    )
    entity_resolution_role_arn: str = Field(
        default="",
        pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/.+)?$",
        description="AWS Entity Resolution: the role that the service takes on.",
    )
    entity_resolution_technique: Literal["rules", "ml"] = Field(
        default="rules", description="AWS Entity Resolution: how it matches."
    )
    entity_resolution_minutes: float = Field(
        default=60, gt=0, le=1440, description="AWS Entity Resolution: how long a job may take."
    )
    trino_url: str = Field(default="", description="http(s)://user[:password]@host:port/catalog/schema")
    arrivals_queue_url: str = Field(default="", description="SQS queue that S3's event notifications go to.")
    alerts_topic_arn: str = Field(default="", description="SNS topic for failures and overdue assets.")
    metrics_namespace: str = Field(default="", description="CloudWatch namespace for the numbers of each run.")
    ui_url: str = Field(default="http://127.0.0.1:3000", description="Dagster's UI, for links in alerts.")
    log_format: Literal["text", "json"] = Field(default="text", description="Whether logs are one JSON object a line.")

    @field_validator("lake_url")
    @classmethod
    def _a_lake(cls, value: str) -> str:
        return a_lake(value)

    @field_validator("athena_output")
    @classmethod
    def _on_s3(cls, value: str) -> str:
        if value and not _is_s3(value):
            raise ValueError(f"{value!r} is no place on S3; write it as s3://bucket/prefix")
        return value

    @field_validator("trino_url")
    @classmethod
    def _a_trino(cls, value: str) -> str:
        parts = urlsplit(value)
        try:
            ok = parts.scheme in ("http", "https") and parts.hostname and parts.username and parts.port != 0
        except ValueError:
            ok = False
        if value and not (ok and len(parts.path.strip("/").split("/")) == 2):
            raise ValueError("it must be http(s)://user[:password]@host:port/catalog/schema")  # may hold a password
        return value

    @field_validator("time_zone")
    @classmethod
    def _a_known_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is no time zone; use a name such as America/New_York") from None
        return value

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        def need(name: str, why: str) -> PydanticCustomError:
            return PydanticCustomError("together", "{why}", {"name": name, "why": why})

        if self.engine == "trino" and not self.trino_url:
            raise need(
                "trino_url", "REFI_ENGINE=trino needs it; it is http(s)://user[:password]@host:port/catalog/schema"
            )
        if self.catalog_mode == "crawler" and self.engine != "athena":
            raise need("catalog_mode", f"a crawler fills Athena's catalog, and REFI_ENGINE is {self.engine}")
        if self.catalog_mode == "crawler" and not self.glue_crawler:
            raise need("glue_crawler", "REFI_CATALOG_MODE=crawler needs the name of a crawler")
        if self.arrivals_queue_url and not _is_s3(self.lake_url):
            raise need("arrivals_queue_url", f"a queue tells of arrivals on S3, and REFI_LAKE_URL is {self.lake_url}")
        return self


def a_lake(url: str) -> str:
    """The URL of a lake, without a slash at its end. Raises ValueError for what is neither a folder nor on S3."""
    if not url:
        raise ValueError("it names no folder")
    if "://" in url and not _is_s3(url):
        raise ValueError(f"{url!r} is no lake; it is a folder or s3://bucket/prefix")
    return url.rstrip("/") if _is_s3(url) else url


def _is_s3(url: str) -> bool:
    return re.match(r"s3://[a-z0-9][a-z0-9.-]+(/|$)", url) is not None


@cache
def settings() -> Settings:
    """The settings of this process. Raises SettingError naming the first wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "REFI_" + str(first["loc"][0] if first["loc"] else first["ctx"]["name"]).upper()
        raise SettingError(
            f"{name}: {first['msg'].removeprefix('Value error, ')}. Correct or unset the environment variable {name}."
        ) from None
