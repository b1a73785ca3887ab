"""Settings of publishing."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from refi_assets.settings import RoomSettings, related_setting_error

LEAST_KEY_BYTES = 32


class PublishingSettings(RoomSettings):
    """How long relations of runs are kept in the lake."""

    keep_unpublished_days: float = Field(
        default=7, ge=1, le=3650, description="Days for which relations of runs that published nothing are kept."
    )
    keep_runs: int = Field(
        default=400, ge=1, description="Number of published runs whose relations are kept; audiences always are."
    )


class MaskingSettings(RoomSettings):
    """The key by which analysts' copies are masked: itself, or the secret that holds it."""

    masking_key: SecretStr = Field(default=SecretStr(""), description="The key, at least 32 bytes.")
    masking_secret: str = Field(
        default="",
        pattern=r"^(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+)?$",
        examples=["arn:aws:secretsmanager:us-east-1:123456789012:secret:refi-masking-AbCdEf"],
        description="ARN of the secret of AWS Secrets Manager that holds the key.",
    )

    @field_validator("masking_key")
    @classmethod
    def _is_long_enough(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value().encode()) < LEAST_KEY_BYTES:
            raise ValueError(f"the key is shorter than {LEAST_KEY_BYTES} bytes; make one with: openssl rand -hex 32")
        return value

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.masking_key.get_secret_value() and self.masking_secret:
            raise related_setting_error("masking_secret", "REFI_MASKING_KEY is set as well; the key has one source")
        return self
