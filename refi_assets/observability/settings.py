"""Settings of observability."""

from typing import Literal

from pydantic import Field

from refi_assets.settings import RoomSettings


class ObservabilitySettings(RoomSettings):
    """The destinations of alerts and metrics, and the form of logs."""

    alerts_topic_arn: str = Field(default="", description="SNS topic for failures and overdue assets.")
    metrics_namespace: str = Field(default="", description="CloudWatch namespace for the metrics of each run.")
    ui_url: str = Field(default="http://127.0.0.1:3000", description="Dagster's UI, for links in alerts.")
    log_format: Literal["text", "json"] = Field(default="text", description="text, or json: one object a line.")
