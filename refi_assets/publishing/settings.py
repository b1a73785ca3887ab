"""Settings of publishing."""

from pydantic import Field

from refi_assets.settings import RoomSettings


class PublishingSettings(RoomSettings):
    """How long relations of runs are kept in the lake."""

    keep_unpublished_days: float = Field(
        default=7, ge=1, le=3650, description="Days for which relations of runs that published nothing are kept."
    )
    keep_runs: int = Field(
        default=400, ge=1, description="Number of published runs whose relations are kept; audiences always are."
    )
