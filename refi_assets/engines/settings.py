"""Settings of the engines."""

from decimal import Decimal
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from refi_assets.lake.settings import is_s3
from refi_assets.settings import RoomSettings, is_missing


class EngineSettings(RoomSettings):
    """Where SQL runs, and with what."""

    threads: int = Field(default=0, ge=0, description="Threads of DuckDB; 0 takes one a core.")
    memory_limit: str = Field(
        default="2.5GB",
        pattern=r"^(\d*[1-9]\d*(\.\d+)?|0*\.\d*[1-9]\d*)\s?[KMGT]i?B$",
        description="Memory of DuckDB, beyond which it spills.",
    )
    engine: Literal["duckdb", "athena", "trino"] = Field(default="duckdb", description="Where the models run.")
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
    trino_url: str = Field(default="", description="http(s)://user[:password]@host:port/catalog/schema")

    @field_validator("athena_output")
    @classmethod
    def _on_s3(cls, value: str) -> str:
        if value and not is_s3(value):
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

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if self.engine == "trino" and not self.trino_url:
            raise is_missing(
                "trino_url", "REFI_ENGINE=trino needs it; it is http(s)://user[:password]@host:port/catalog/schema"
            )
        if self.catalog_mode == "crawler" and self.engine != "athena":
            raise is_missing("catalog_mode", f"a crawler fills Athena's catalog, and REFI_ENGINE is {self.engine}")
        if self.catalog_mode == "crawler" and not self.glue_crawler:
            raise is_missing("glue_crawler", "REFI_CATALOG_MODE=crawler needs the name of a crawler")
        return self
