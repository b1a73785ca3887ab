"""Settings of the store."""

from pathlib import Path

from pydantic import Field

from refi_assets.settings import RoomSettings


class StoreSettings(RoomSettings):
    """The store's location."""

    store_dir: Path | None = Field(
        default=None,
        description="The folder of the stored offers. Default: store/ in the lake, or in the project for a lake on S3.",
    )
