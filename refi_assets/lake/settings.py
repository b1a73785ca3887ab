"""Settings of the lake."""

import re

from pydantic import Field, field_validator

from refi_assets.settings import STATE_DIR, RoomSettings


class LakeSettings(RoomSettings):
    """The lake's location."""

    lake_url: str = Field(default=str(STATE_DIR / "lake"), description="The lake: a folder or s3://bucket/prefix.")
    kms_key_id: str = Field(default="", description="KMS key of objects on S3; default: the bucket's encryption.")

    @field_validator("lake_url")
    @classmethod
    def _is_a_lake_url(cls, value: str) -> str:
        return valid_lake_url(value)


def valid_lake_url(url: str) -> str:
    """The URL of a lake, without a trailing slash. Raises ValueError if it is neither a folder nor on S3."""
    if not url:
        raise ValueError("it is empty; use a folder or s3://bucket/prefix")
    if "://" in url and not is_s3(url):
        raise ValueError(f"{url!r} is not a valid lake URL; use a folder or s3://bucket/prefix")
    return url.rstrip("/") if is_s3(url) else url


def is_s3(url: str) -> bool:
    """Whether a URL is s3://bucket or s3://bucket/prefix."""
    return re.match(r"s3://[a-z0-9][a-z0-9.-]+(/|$)", url) is not None
