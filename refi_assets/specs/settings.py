"""Settings of the declared files."""

from pathlib import Path

from pydantic import Field

from refi_assets.settings import PROJECT_DIR, RoomSettings


class SpecSettings(RoomSettings):
    """The declared files that are in force."""

    policy_file: Path = Field(
        default=PROJECT_DIR / "policies" / "refi" / "refi.yaml", description="The refi policy in force."
    )
