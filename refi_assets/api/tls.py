"""TLS by the server itself: its certificate and key."""

import ssl
from pathlib import Path

from refi_assets.errors import SettingError

_HELP = (
    "--tls-cert and --tls-key (REFI_API_TLS_CERT and REFI_API_TLS_KEY) are PEM files: the certificate with those that "
    "lead to its authority, and its key without a password"
)


def tls_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """TLS 1.2 or newer with this certificate and its key; None if neither is given.

    The files are read now and not again. Raises SettingError if one is given without the other, cannot be read or is no
    PEM file, if the key has a password, or if it does not belong to the certificate.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing, given = ("--tls-cert", "--tls-key") if certificate is None else ("--tls-key", "--tls-cert")
        raise SettingError(f"{missing} is missing, although there is {given}. {_HELP}.")
    for file in (certificate, key):
        try:
            file.read_bytes()
        except OSError as error:
            raise SettingError(f"{file} cannot be read: {error.strerror}. {_HELP}.") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=lambda: b"")  # without it, OpenSSL would ask the terminal
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or "unreadable"
        if reason == "KEY_VALUES_MISMATCH":
            raise SettingError(f"{key} is not the key of the certificate {certificate}. {_HELP}.") from None
        raise SettingError(f"{certificate} and {key} cannot be used for TLS ({reason}). {_HELP}.") from None
    return context
