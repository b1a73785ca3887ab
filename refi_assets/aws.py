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

from refi_assets.errors import LakeError, RefiError, SettingError

if TYPE_CHECKING:
    import boto3

# Retried with growing pauses and jitter: what a service says of itself when it has too much to do.
RETRIES = {"mode": "standard", "max_attempts": 8}


def session() -> "boto3.Session":
    """The session of this process's AWS variables. Raises SettingError where they do not suffice."""
    return _session(tuple(sorted((k, v) for k, v in os.environ.items() if k.startswith("AWS_"))))


@cache
def _session(_variables: tuple[tuple[str, str], ...]) -> "boto3.Session":
    """One for as long as the variables stay as they are: to make one takes a while."""
    with needs_extra("boto3", "AWS"):
        import boto3
        from botocore.exceptions import BotoCoreError
    try:
        made = boto3.Session()
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


def client(service: str, **config: Any) -> Any:
    """A client of a service. `config`: as botocore's Config has it, before our retries."""
    from botocore.config import Config

    return session().client(service, config=Config(**{"retries": RETRIES, **config}))


def own_endpoint(service: str) -> str | None:
    """The endpoint that the AWS variables set for a service, or None where it is AWS's own."""
    url: str = session().client(service).meta.endpoint_url
    return None if re.search(r"\.amazonaws\.com(\.cn)?$", urlsplit(url).hostname or "") else url


@contextmanager
def needs_extra(package: str, what: str) -> Iterator[None]:
    """Turn a missing package of the extra `deploy` into a message. Raises SettingError."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise SettingError(
            f"{what} needs the package {package}, of the extra `deploy`. Install refi-assets[deploy]; in the "
            "project folder: make deploy."
        ) from None


@contextmanager
def asked_of(what: str, error_type: type[RefiError] = LakeError) -> Iterator[None]:
    """Turn what boto3 raises into an error in words: what was asked of whom, and what AWS said."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        raise error_type(f"{what}: {said.get('Code', 'Error')}: {said.get('Message', error)}") from None
    except BotoCoreError as error:
        raise error_type(f"{what}: {error}") from None
