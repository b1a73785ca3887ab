"""Settings of the lake."""

import re

from pydantic import Field, field_validator

from refi_assets.settings import STATE_DIR, RoomSettings


class LakeSettings(RoomSettings):
    """Where the lake is."""

    lake_url: str = Field(default=str(STATE_DIR / "lake"), description="The lake: a folder or s3://bucket/prefix.")
    kms_key_id: str = Field(default="", description="KMS key for objects on S3; by default, the bucket's.")

    @field_validator("lake_url")
    @classmethod
    def _a_lake(cls, value: str) -> str:
        return a_lake(value)


def a_lake(url: str) -> str:
    """The URL of a lake, without a slash at its end. Raises ValueError if it is neither a folder nor on S3."""
    if not url:
        raise ValueError("it is empty; expected a folder or s3://bucket/prefix")
    if "://" in url and not is_s3(url):
        raise ValueError(f"{url!r} is not a valid lake URL; expected a folder or s3://bucket/prefix")
    return url.rstrip("/") if is_s3(url) else url


def is_s3(url: str) -> bool:
    """Whether a URL is s3://bucket, or a prefix in it."""
    return re.match(r"s3://[a-z0-9][a-z0-9.-]+(/|$)", url) is not None
