"""AWS by its standard variables: one session, from which boto3, obstore and DuckDB all take what they need.

Credentials (with refresh), profile, region and endpoints are those that any AWS tool would use. What is asked of a
service belongs to lake/, engines/ and catalog/.
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

ATTEMPTS = 8  # with growing pauses, about half a minute

# For where an answer is worth no long wait, and the next look comes soon.
QUICK: dict[str, Any] = {
    "connect_timeout": 3,
    "read_timeout": 10,
    "retries": {"mode": "standard", "total_max_attempts": 2},
}


def session() -> "boto3.Session":
    """The session of this process's AWS variables. Raises SettingError where they do not suffice."""
    return _session(tuple(sorted((k, v) for k, v in os.environ.items() if k.startswith("AWS_"))))


@cache
def _session(_variables: tuple[tuple[str, str], ...]) -> "boto3.Session":
    """One for as long as the variables stay as they are: to make one takes a while."""
    with needs_extra("boto3", "AWS"):
        import boto3
        from botocore.exceptions import BotoCoreError
    attempts()  # where it is wrong, botocore would not name it
    try:
        made = boto3.Session(region_name=os.environ.get("AWS_REGION"))  # boto3 itself knows AWS_DEFAULT_REGION alone
        credentials = made.get_credentials()
    except BotoCoreError as error:  # AWS_PROFILE names none, say
        raise SettingError(f"AWS: {error}. Correct the AWS_ variables or the profile.") from None
    if made.region_name is None:
        raise SettingError("AWS_REGION: no region is set, nor does a profile give one. Set it, e.g. to us-east-1.")
    if credentials is None:
        raise SettingError(
            "AWS: there are no credentials. Give this process a role, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY."
        )
    return made


def attempts() -> int:
    """How often a request is sent, at most, by boto3, obstore and DuckDB alike: AWS_MAX_ATTEMPTS, where it is set."""
    said = os.environ.get("AWS_MAX_ATTEMPTS") or str(ATTEMPTS)
    if not re.fullmatch("[1-9][0-9]?", said):
        raise SettingError(f"AWS_MAX_ATTEMPTS: {said!r} is no number from 1 to 99. Correct or unset it.")
    return int(said)


def client(service: str, **config: Any) -> Any:
    """A client of a service. `config`: as botocore's Config has it, over our retries."""
    made = session()
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": attempts()}
    return made.client(service, config=Config(**{"retries": retries, **config}))


def own_endpoint(service: str) -> str | None:
    """The endpoint that the AWS variables set for a service, or None where it is AWS's own."""
    return _own_endpoint(session(), service)


@cache
def _own_endpoint(of_session: "boto3.Session", service: str) -> str | None:
    """Kept with the session: a client takes a while to make."""
    url: str = of_session.client(service).meta.endpoint_url
    return None if re.search(r"\.amazonaws\.com(\.cn)?$", urlsplit(url).hostname or "") else url


@contextmanager
def needs_extra(package: str, what: str) -> Iterator[None]:
    """Turn a missing package of the extra `deploy` into a message. Raises SettingError."""
    with needs_packages(what, (package,), "deploy", "make deploy"):
        yield


@contextmanager
def asked_of(what: str, error_type: type[RefiError] = LakeError) -> Iterator[None]:
    """Turn what boto3 raises into an error in words: what was asked of whom, and what AWS said."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        words = in_words(said.get("Code", "Error"), said.get("Message", str(error)))
        raise error_type(f"{what}: {words.rstrip('.')}.") from None
    except BotoCoreError as error:
        raise error_type(f"{what}: {str(error).rstrip('.')}.") from None


def in_words(code: str, message: str) -> str:
    """What AWS said, and what to do where its words do not tell."""
    said = f"{code}: {message}" if message else code
    if "Expired" in code:
        return f"{said.rstrip('.')}. The credentials have expired: renew them and run again; a role renews itself."
    return said


def s3_words(answer: str) -> str | None:
    """What S3 said, by a text with its XML in it; None where it gave no reason."""
    code, message = (re.search(f"<{tag}>(.*?)</{tag}>", answer, re.DOTALL) for tag in ("Code", "Message"))
    return in_words(code[1], unescape(message[1]) if message else "") if code else None
