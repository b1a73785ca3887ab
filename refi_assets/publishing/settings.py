"""Settings of publishing."""

from pydantic import Field

from refi_assets.settings import RoomSettings


class PublishingSettings(RoomSettings):
    """How long the relations of runs are kept."""

    keep_unpublished_days: float = Field(
        default=7, ge=1, le=3650, description="Number of days that a run which published nothing stays in the lake."
    )
    keep_runs: int = Field(
        default=400, ge=1, description="Number of published runs whose relations are kept; audiences are never deleted."
    )
