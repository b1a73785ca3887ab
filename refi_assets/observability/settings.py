"""Settings of observability."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from refi_assets.settings import RoomSettings, related_setting_error

MAIL_PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}  # by scheme, unless the URL has one

_ADDRESS = r"[^@\s,<>]+@[^@\s,<>]+"


class ObservabilitySettings(RoomSettings):
    """The destinations of alerts, metrics and logs."""

    alerts_topic_arn: str = Field(default="", description="SNS topic for failures and overdue assets.")
    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        description="The mail server for alerts: smtps://[user:password@]host[:port] for TLS from the start, smtp://… "
        "for STARTTLS, smtp+plain://host[:port] without encryption. User and password are percent-encoded.",
    )
    alerts_mail_from: str = Field(
        default="", pattern=rf"^({_ADDRESS})?$", examples=["refi@example.com"], description="The sender of these mails."
    )
    alerts_mail_to: str = Field(
        default="",
        pattern=rf"^({_ADDRESS}(,{_ADDRESS})*)?$",
        examples=["risk@example.com,ops@example.com"],
        description="Their recipients, separated by commas.",
    )
    alerts_pause_seconds: float = Field(
        default=60, ge=1, le=86_400, description="Seconds between two digests of alerts from a stream."
    )
    metrics_namespace: str = Field(default="", description="CloudWatch namespace for each run's metrics.")
    ui_url: str = Field(default="http://127.0.0.1:3000", description="Dagster's UI, for links in alerts.")
    log_format: Literal["text", "json"] = Field(
        default="text", description="Format of logs: text, or one JSON object per line."
    )

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        try:
            is_server = parts.scheme in MAIL_PORTS and parts.hostname and parts.port != 0 and parts.path in ("", "/")
        except ValueError:
            is_server = False
        if value.get_secret_value() and not is_server:  # the message must not quote it
            raise ValueError("it is not a valid URL, such as smtp://user:password@mail.example.com:587")
        if parts.scheme == "smtp+plain" and parts.password:
            raise ValueError("a password is sent only with encryption: use smtp:// or smtps://")
        return value

    @model_validator(mode="after")
    def _mail_has_addresses(self) -> Self:
        if self.smtp_url.get_secret_value():
            for name in ("alerts_mail_from", "alerts_mail_to"):
                if not getattr(self, name):
                    raise related_setting_error(name, "REFI_SMTP_URL needs it")
        return self
