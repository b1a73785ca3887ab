"""Settings of ingestion."""

from typing import Self

from pydantic import Field, model_validator

from refi_assets.lake.settings import LakeSettings, is_s3
from refi_assets.settings import RoomSettings, is_missing, settings_of

GB = 10**9


def too_large(max_file_gb: float) -> str:
    """A message for a file beyond max_file_gb."""
    return f"more than {max_file_gb:g} GB, the most that REFI_MAX_FILE_GB allows"


class IngestionSettings(RoomSettings):
    """The sensor on arrivals, and limits on files."""

    watch: bool = Field(default=False, description="Whether the sensor on arrivals is on from the start.")
    quiet_minutes: float = Field(
        default=5,
        ge=0,
        le=1440,
        description="Minutes without arrivals after which a run starts even if due sources are missing.",
    )
    max_file_gb: float = Field(
        default=100, gt=0, allow_inf_nan=False, description="Largest source file, unpacked, in GB."
    )
    arrivals_queue_url: str = Field(default="", description="SQS queue that receives S3's event notifications.")

    @model_validator(mode="after")
    def _a_queue_needs_a_lake_on_s3(self) -> Self:
        if self.arrivals_queue_url and not is_s3(lake_url := settings_of(LakeSettings).lake_url):
            raise is_missing("arrivals_queue_url", f"a queue is for arrivals on S3, but REFI_LAKE_URL is {lake_url}")
        return self
