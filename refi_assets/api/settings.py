"""Settings of the HTTP API."""

from pathlib import Path

from pydantic import Field

from refi_assets.settings import RoomSettings


class ApiSettings(RoomSettings):
    """Where the API listens, and what it serves."""

    api_host: str = Field(default="127.0.0.1", min_length=1, description="The address that `refi serve` listens on.")
    api_port: int = Field(default=8080, ge=0, le=65535, description="Its port; 0 is any free one.")
    api_models: str = Field(
        default="",
        pattern=r"^([\w.-]+(,[\w.-]+)*)?$",
        examples=["credit_decision,default_risk"],
        description="The models that it serves, separated by commas; default: every model with a champion.",
    )
    api_poll_seconds: float = Field(
        default=20,
        ge=0.1,
        le=60,
        description="Seconds between two looks at the registry and at the published features.",
    )
    api_requests_per_second: int = Field(
        default=500,
        ge=1,
        le=100_000,
        description="The number of requests a second that each key may send, unless it was made with its own.",
    )
    api_connections: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="The most open connections, and fewer if the process may not open so many files; with one more, "
        "the one that has waited longest without a request is closed.",
    )
    api_tls_cert: Path | None = Field(
        default=None, description="The certificate for TLS, with those that lead to its authority; a PEM file."
    )
    api_tls_key: Path | None = Field(default=None, description="Its key, without a password; a PEM file.")
