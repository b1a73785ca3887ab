"""The steps of refi doctor about what is served: the API, the store of each program, the keys. They change nothing."""

import errno
import http.client
import json
import os
import socket
import ssl
import tempfile
import urllib.error
import urllib.request
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from typing import Any

from refi_assets.api.settings import ApiSettings
from refi_assets.api.tls import tls_context
from refi_assets.cli.api_keys import key_file_of
from refi_assets.cli.commands.serve import PACKAGES
from refi_assets.cli.doctor import DoctorStep, FixableError, UnneededError
from refi_assets.lake.settings import LakeSettings
from refi_assets.settings import lender_now, settings_of
from refi_assets.specs.programs import programs_of
from refi_assets.store.connections import connect
from refi_assets.store.event_file import EVENTS
from refi_assets.store.failures import LOADING, RECORDING, in_words
from refi_assets.store.key_file import ApiKey, Scope
from refi_assets.store.sqlite_store import open_store, store_root

ANSWER_SECONDS = 2
LOCK_SECONDS = 3


def serving_steps() -> list[DoctorStep]:
    """The steps in their order."""
    stores = [
        DoctorStep(f"store {program.key}", partial(_try_store, program.key), after=("settings",))
        for program in programs_of("offers")
    ]
    return [
        DoctorStep("api", _try_api, after=("settings",)),
        *stores,
        DoctorStep("keys", _try_keys, after=("settings",)),
    ]


def _try_api() -> str:
    """The API can listen, or is answering already."""
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise UnneededError(
            f"{', '.join(missing)} cannot be imported; to serve, install the extras ml and api: make ml"
        )
    settings = settings_of(ApiSettings)
    host, port = settings.api_host, settings.api_port
    tls_context(settings.api_tls_cert, settings.api_tls_key)  # which says what is wrong with them
    if port == 0:
        return f"{host}, any free port"
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        readiness = _readiness(host, port) if error.errno == errno.EADDRINUSE else None
        if readiness is None:
            reason = (error.strerror or str(error)).partition(" (while")[0]
            by_whom = ", and not by this API" if error.errno == errno.EADDRINUSE else ""
            raise FixableError(
                f"{host}, port {port}: {reason}{by_whom}", "Choose others: REFI_API_HOST and REFI_API_PORT."
            ) from None
        if readiness.get("status") != "ready":
            raise FixableError(
                f"the API on {host}, port {port}, is not ready: {readiness.get('detail')}", "Its log has more."
            ) from None
        return f"the API on {host}, port {port}, is ready"
    return f"{host}, port {port}, is free"


def _readiness(host: str, port: int) -> dict[str, Any] | None:
    """What an API of ours answers to /readyz, ready or not, with TLS or without; None if there is none."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    address = f"{f'[{reached}]' if ':' in reached else reached}:{port}/readyz"
    readiness = _json_of(f"http://{address}") or _json_of(f"https://{address}")
    is_ours = readiness.get("status") == "ready" or str(readiness.get("type")).startswith("urn:refi:")
    return readiness if is_ours else None


def _json_of(url: str) -> dict[str, Any]:
    """The object that is answered, whatever the status; an empty one if there is none."""
    unverified = ssl.create_default_context()  # nothing secret is sent, and the certificate may be for another name
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    try:
        try:
            answer = urllib.request.urlopen(url, timeout=ANSWER_SECONDS, context=unverified)  # noqa: S310
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            body = json.load(answer)
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    return body if isinstance(body, dict) else {}


def _try_store(program: str) -> str:
    """The offers of a program can be read, and new ones and events could be written."""
    lake_url, today = settings_of(LakeSettings).lake_url, lender_now().date()
    folder = store_root(lake_url) / program
    with open_store(lake_url, program, read_only=True) as store:
        week = store.current()
        if week is None:
            raise UnneededError(f"{folder} has no offers yet")
        offers = store.count(today)
    with in_words(folder, LOADING):
        tempfile.TemporaryFile(dir=folder).close()
    with in_words(folder / EVENTS, RECORDING), closing(connect(folder / EVENTS, "rw", LOCK_SECONDS)) as events:
        events.execute("BEGIN IMMEDIATE")
        events.execute("ROLLBACK")
    age = (today - week.as_of).days
    return f"{folder}, writable: the week of {week.as_of}, {age:,} days old, {offers:,} live offers"


def _try_keys() -> str | tuple[str, str]:
    """The keys can be read, and are as narrow as they could be."""
    file, today = key_file_of(settings_of(LakeSettings).lake_url), lender_now().date()
    keys = file.all_keys()
    if not keys:
        raise UnneededError(f"{file.path} has none, so the API refuses every request: refi keys create --scope read")
    valid = [key for key in keys if key.state(today) == "valid"]
    counts = ", ".join(
        f"{sum(key.state(today) == state for key in keys)} {state}" for state in ("valid", "expired", "revoked")
    )
    hints = [
        *([f"Others can read {file.path}: chmod 600 it."] if os.stat(file.path).st_mode & 0o077 else []),
        *_hint("Without expiry", [key for key in valid if key.expires_on is None]),
        *_hint("For every program", [key for key in valid if key.program is None and key.scopes != {Scope.SCORE}]),
    ]
    return counts, " ".join(hints)


def _hint(text: str, keys: list[ApiKey]) -> list[str]:
    return [f"{text}: {', '.join(key.key_id for key in keys)}."] if keys else []
