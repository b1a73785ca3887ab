"""Settings of the place where the job of a domain runs."""

from pydantic import Field

from refi_assets.settings import RoomSettings


class OrchestrationSettings(RoomSettings):
    """The jobs that run elsewhere than in Dagster's own process."""

    glue_job: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_-]{0,255}$",
        examples=["refi-banking"],
        description="The job of AWS Glue in which the banking domain runs; default: Dagster's own process.",
    )
