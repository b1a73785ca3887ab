"""The key by which personal columns are masked: read from the environment or from AWS, and never shown.

A masked value is the HMAC-SHA-256 of its column's kind and its text. Without the key, nobody can compute the hash of a
name that they know; with it, equal values of one kind have equal hashes.
"""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from refi_assets import aws
from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.errors import SettingError
from refi_assets.publishing.settings import LEAST_KEY_BYTES, MaskingSettings
from refi_assets.settings import settings_of

MASKED = "masked"  # the function of a session: kind, text -> hash, or null without a key
SEPARATOR = "\x1f"  # between kind and text
_BLOCK = 64  # bytes of a block of SHA-256


@dataclass(frozen=True)
class MaskingKey:
    """A key of at least 32 bytes."""

    secret: bytes = field(repr=False)

    @classmethod
    def of_deployment(cls) -> Self | None:
        """The key that the settings name; None if they name none. Raises SettingError."""
        settings = settings_of(MaskingSettings)
        if settings.masking_secret:
            return cls(_secret_value(settings.masking_secret).encode())
        value = settings.masking_key.get_secret_value()
        return cls(value.encode()) if value else None

    def __post_init__(self) -> None:
        if len(self.secret) < LEAST_KEY_BYTES:
            raise SettingError(f"REFI_MASKING_SECRET: the key is shorter than {LEAST_KEY_BYTES} bytes.")

    @property
    def fingerprint(self) -> str:
        """Tells keys apart, and gives nothing of them away."""
        return hmac.new(self.secret, b"fingerprint", sha256).hexdigest()[:16]


def is_masking_key_set() -> bool:
    """Whether the settings name a key. Raises SettingError."""
    settings = settings_of(MaskingSettings)
    return bool(settings.masking_secret or settings.masking_key.get_secret_value())


def add_mask(session: DuckDBSession, key: MaskingKey | None) -> None:
    """Give a session the function `masked`, by the definition of HMAC (RFC 2104). Raises EngineError.

    The key is in variables of the session, so that no statement, and no error that quotes one, contains it.
    """
    if key is None:
        session.execute(f"CREATE MACRO {MASKED}(kind, value) AS CAST(NULL AS VARCHAR)")
        return
    secret = key.secret if len(key.secret) <= _BLOCK else sha256(key.secret).digest()
    padded = secret.ljust(_BLOCK, b"\0")
    session.set_variable("masking_inner", bytes(byte ^ 0x36 for byte in padded))
    session.set_variable("masking_outer", bytes(byte ^ 0x5C for byte in padded))
    text = f"encode(kind || '{SEPARATOR}' || value)"
    inner = f"unhex(sha256(getvariable('masking_inner') || {text}))"
    session.execute(f"CREATE MACRO {MASKED}(kind, value) AS sha256(getvariable('masking_outer') || {inner})")


def _secret_value(arn: str) -> str:
    """The text of a secret. Raises SettingError."""
    with aws.readable_errors(f"REFI_MASKING_SECRET, {arn}", SettingError):
        answer = aws.client("secretsmanager").get_secret_value(SecretId=arn)
    if "SecretString" not in answer:
        raise SettingError(f"REFI_MASKING_SECRET, {arn}: the secret is not a text.")
    return str(answer["SecretString"])
