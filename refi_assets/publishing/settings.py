"""Settings of publishing."""

from pydantic import Field

from refi_assets.settings import RoomSettings


class PublishingSettings(RoomSettings):
    """How long what runs leave in the lake is kept."""

    keep_unpublished_days: float = Field(
        default=7, ge=1, le=3650, description="How long what a run that published nothing left in the lake is kept."
    )
    keep_runs: int = Field(
        default=400, ge=1, description="Of how many published runs the relations are kept; audiences always are."
    )
