"""Access to AWS by its standard variables: one session that boto3, obstore and DuckDB share.

Credentials (with refresh), profile, region and endpoints are those that any AWS tool would use. Requests to services
are in the rooms that need them.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.sax.saxutils import unescape

from refi_assets.errors import LakeError, RefiError, SettingError, needs_packages

if TYPE_CHECKING:
    import boto3

DEFAULT_ATTEMPTS = 8  # with growing pauses, about half a minute

# For requests whose answer is not worth a long wait, or that are soon made again.
QUICK: dict[str, Any] = {
    "connect_timeout": 3,
    "read_timeout": 10,
    "retries": {"mode": "standard", "total_max_attempts": 2},
}


def session() -> "boto3.Session":
    """The session of this process's AWS variables. Raises SettingError if a region or credentials are missing."""
    return _session(tuple(sorted((k, v) for k, v in os.environ.items() if k.startswith("AWS_"))))


@cache
def _session(_variables: tuple[tuple[str, str], ...]) -> "boto3.Session":
    """Cached until the variables change, because a session takes a while to create."""
    with needs_extra("boto3", "AWS"):
        import boto3
        from botocore.exceptions import BotoCoreError
    max_attempts()  # botocore's own message would not name the variable
    try:
        new = boto3.Session(region_name=os.environ.get("AWS_REGION"))  # boto3 reads only AWS_DEFAULT_REGION
        credentials = new.get_credentials()
    except BotoCoreError as error:  # such as a profile that does not exist
        raise SettingError(f"AWS: {error}. Correct the AWS_ variables or the profile.") from None
    if new.region_name is None:
        raise SettingError("AWS_REGION: no region is set, here or in a profile. Set it, for example to us-east-1.")
    if credentials is None:
        raise SettingError(
            "AWS: there are no credentials. Give this process a role, or set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY."
        )
    return new


def max_attempts() -> int:
    """The most times that boto3, obstore and DuckDB send a request: AWS_MAX_ATTEMPTS, or else the default."""
    value = os.environ.get("AWS_MAX_ATTEMPTS") or str(DEFAULT_ATTEMPTS)
    if not re.fullmatch("[1-9][0-9]?", value):
        raise SettingError(f"AWS_MAX_ATTEMPTS: {value!r} is not a number from 1 to 99. Correct or unset it.")
    return int(value)


def client(service: str, **config: Any) -> Any:
    """A client of a service. `config`: options of botocore's Config, in addition to our retries."""
    current = session()
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": max_attempts()}
    return current.client(service, config=Config(**{"retries": retries, **config}))


def custom_endpoint(service: str) -> str | None:
    """The endpoint that the AWS variables set for a service, or None if it is AWS's own."""
    return _custom_endpoint(session(), service)


@cache
def _custom_endpoint(current: "boto3.Session", service: str) -> str | None:
    """Cached per session, because a client takes a while to create."""
    url: str = current.client(service).meta.endpoint_url
    return None if re.search(r"\.amazonaws\.com(\.cn)?$", urlsplit(url).hostname or "") else url


@contextmanager
def needs_extra(package: str, feature: str) -> Iterator[None]:
    """Turn a missing package of the extra `deploy` into a SettingError."""
    with needs_packages(feature, (package,), "deploy", "make deploy"):
        yield


@contextmanager
def readable_errors(subject: str, error_type: type[RefiError] = LakeError) -> Iterator[None]:
    """Turn boto3's errors into a RefiError that names the subject of the request and quotes AWS's answer."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        answer = error.response.get("Error", {})
        message = answer_in_words(answer.get("Code", "Error"), answer.get("Message", str(error)))
        raise error_type(f"{subject}: {message.rstrip('.')}.") from None
    except BotoCoreError as error:
        raise error_type(f"{subject}: {str(error).rstrip('.')}.") from None


def answer_in_words(code: str, message: str) -> str:
    """AWS's answer, and the remedy if the answer does not say it."""
    answer = f"{code}: {message}" if message else code
    if "Expired" in code:
        return f"{answer.rstrip('.')}. The credentials have expired: renew them and run again (a role renews its own)."
    return answer


def s3_message(answer: str) -> str | None:
    """S3's message, from a text that contains its XML; None if it gave no reason."""
    code, message = (re.search(f"<{tag}>(.*?)</{tag}>", answer, re.DOTALL) for tag in ("Code", "Message"))
    return answer_in_words(code[1], unescape(message[1]) if message else "") if code else None
