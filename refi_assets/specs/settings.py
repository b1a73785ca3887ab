"""Settings of what is declared."""

from pathlib import Path

from pydantic import Field

from refi_assets.settings import PROJECT_DIR, RoomSettings


class SpecSettings(RoomSettings):
    """Which of the declared files are in force."""

    policy_file: Path = Field(
        default=PROJECT_DIR / "policies" / "refi" / "refi.yaml", description="The refi policy in force."
    )
