"""Settings of identity."""

from typing import Literal

from pydantic import Field

from refi_assets.settings import RoomSettings

IdentityEngine = Literal["off", "splink", "aws"]


class IdentitySettings(RoomSettings):
    """How records of one person are found."""

    identity_engine: IdentityEngine = Field(
        default="off", description="How records of one person are found: not at all, by Splink, or by AWS."
    )

    @property
    def is_matching_on(self) -> bool:
        """Whether the identity group is in a run."""
        return self.identity_engine != "off"

    entity_resolution_workflow: str = Field(
        default="", pattern=r"^[A-Za-z0-9_-]{0,240}$", description="AWS Entity Resolution: the workflow's name."
    )
    entity_resolution_role_arn: str = Field(
        default="",
        pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/.+)?$",
        description="AWS Entity Resolution: the role that the service takes on.",
    )
    entity_resolution_technique: Literal["rules", "ml"] = Field(
        default="rules", description="AWS Entity Resolution: how it matches."
    )
    entity_resolution_minutes: float = Field(
        default=60, gt=0, le=1440, description="AWS Entity Resolution: how long a job may take."
    )
