"""Settings of the engines."""

from decimal import Decimal
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from refi_assets.lake.settings import is_s3
from refi_assets.settings import RoomSettings, related_setting_error

TRINO_URL_FORM = "it has the form http(s)://user[:password]@host:port/catalog/schema"


class EngineSettings(RoomSettings):
    """The engine that runs SQL, and its limits."""

    threads: int = Field(default=0, ge=0, description="DuckDB's threads; 0 means one per core.")
    memory_limit: str = Field(
        default="2.5GB",
        pattern=r"^(\d*[1-9]\d*(\.\d+)?|0*\.\d*[1-9]\d*)\s?[KMGT]i?B$",
        examples=["2.5GB"],
        description="DuckDB's memory, beyond which it spills to disk.",
    )
    engine: Literal["duckdb", "athena", "trino", "spark"] = Field(
        default="duckdb", description="The engine that runs the models."
    )
    glue_database: str = Field(
        default="refi_ready_db",
        pattern=r"^[a-z0-9_]{1,255}$",
        examples=["refi_ready_db"],
        description="The Glue database of Athena's tables.",
    )
    catalog_mode: Literal["contract", "crawler"] = Field(
        default="contract", description="Whether raw tables are registered from the contracts or by a Glue crawler."
    )
    glue_crawler: str = Field(default="", description="The crawler, in crawler mode.")
    crawler_minutes: float = Field(default=30, gt=0, le=1440, description="The most minutes that a crawl may take.")
    athena_workgroup: str = Field(default="primary", min_length=1, description="The workgroup that runs the queries.")
    athena_output: str = Field(default="", description="s3:// prefix for query results; default: athena/ in the lake.")
    athena_usd_per_tb: Decimal = Field(default=Decimal(5), ge=0, description="Price of a scanned terabyte (10^12).")
    trino_url: str = Field(default="", description="http(s)://user[:password]@host:port/catalog/schema")
    spark_master: str = Field(default="local[*]", min_length=1, description="The master of a Spark that we start.")
    spark_memory: str = Field(
        default="2g",
        pattern=r"^[1-9]\d*[kmgt]$",
        examples=["2g"],
        description="Memory of the Java process of a Spark that we start.",
    )
    spark_partitions: int = Field(default=16, ge=1, le=100_000, description="Parts into which Spark shuffles rows.")
    spark_jars: str = Field(default="", description="Paths of jars for Spark, such as hadoop-aws, by comma.")

    @field_validator("athena_output")
    @classmethod
    def _is_on_s3(cls, value: str) -> str:
        if value and not is_s3(value):
            raise ValueError(f"{value!r} is not a valid S3 location; it has the form s3://bucket/prefix")
        return value

    @field_validator("trino_url")
    @classmethod
    def _is_a_trino_url(cls, value: str) -> str:
        parts = urlsplit(value)
        try:
            ok = parts.scheme in ("http", "https") and parts.hostname and parts.username and parts.port != 0
        except ValueError:
            ok = False
        if value and not (ok and len(parts.path.strip("/").split("/")) == 2):
            raise ValueError(f"the value is not a valid Trino URL; {TRINO_URL_FORM}")  # it may contain a password
        return value

    @model_validator(mode="after")
    def _are_consistent(self) -> Self:
        if self.engine == "trino" and not self.trino_url:
            raise related_setting_error("trino_url", f"REFI_ENGINE=trino needs this URL; {TRINO_URL_FORM}")
        if self.catalog_mode == "crawler" and self.engine != "athena":
            raise related_setting_error("catalog_mode", f"crawler mode needs REFI_ENGINE=athena, not {self.engine}")
        if self.catalog_mode == "crawler" and not self.glue_crawler:
            raise related_setting_error("glue_crawler", "REFI_CATALOG_MODE=crawler needs the name of a crawler")
        return self
