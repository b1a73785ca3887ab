"""Clients of AWS, and its errors in words. Credentials, region and endpoints come by the standard AWS variables."""

from typing import Any

from refi_assets.errors import SettingError


def client(service: str, setting: str) -> Any:
    """A client whose calls fail within half a minute; `setting` is the variable for which it is needed.

    Raises SettingError where the packages, a region or a profile are missing.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise SettingError(f"{setting} needs the packages of the extra deploy: make deploy") from None
    config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
    try:
        return boto3.Session().client(service, config=config)
    except (BotoCoreError, ValueError) as error:
        region = " It is set by AWS_DEFAULT_REGION." if type(error).__name__ == "NoRegionError" else ""
        raise SettingError(f"{setting}: no client of {service}: {words(error)}.{region}") from None


def failures() -> tuple[type[Exception], ...]:
    """What a client raises when a service refuses a call or is not reached."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError)


def words(error: Exception) -> str:
    """The code and the message of what boto3 raised, in one line."""
    response = getattr(error, "response", {}).get("Error", {})
    text = f"{response['Code']}: {response.get('Message', '')}" if "Code" in response else str(error)
    return " ".join(text.split()).rstrip(".")
