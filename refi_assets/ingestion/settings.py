"""Settings of ingestion."""

from typing import Self

from pydantic import Field, model_validator

from refi_assets.lake.settings import LakeSettings, is_s3
from refi_assets.settings import RoomSettings, related_setting_error, settings_of

GB = 10**9


def beyond_size_limit(max_file_gb: float) -> str:
    """The part of an error message about a file larger than max_file_gb."""
    return f"more than {max_file_gb:g} GB, the most that REFI_MAX_FILE_GB allows"


class IngestionSettings(RoomSettings):
    """How arrivals are watched, and which files are read."""

    watch: bool = Field(default=False, description="Whether the arrivals sensor is on by default.")
    quiet_minutes: float = Field(
        default=5, ge=0, le=1440, description="Minutes without an arrival before a run starts without all sources."
    )
    max_file_gb: float = Field(
        default=100, gt=0, allow_inf_nan=False, description="The largest source file that is read, in GB when unpacked."
    )
    arrivals_queue_url: str = Field(default="", description="SQS queue that receives S3's event notifications.")

    @model_validator(mode="after")
    def _a_queue_needs_a_lake_on_s3(self) -> Self:
        if self.arrivals_queue_url and not is_s3(lake_url := settings_of(LakeSettings).lake_url):
            reason = f"a queue reports arrivals on S3, but REFI_LAKE_URL is {lake_url}"
            raise related_setting_error("arrivals_queue_url", reason)
        return self
