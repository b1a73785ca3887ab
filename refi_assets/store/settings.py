"""Settings of the store."""

from pathlib import Path

from pydantic import Field

from refi_assets.settings import STATE_DIR, RoomSettings


class StoreSettings(RoomSettings):
    """The store's location."""

    store_dir: Path = Field(default=STATE_DIR / "store", description="The folder of the stored offers.")
