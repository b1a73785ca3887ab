"""Makes, lists and revokes the API's keys, and prints them."""

import json
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from refi_assets.cli.terminal import Terminal, say
from refi_assets.settings import lender_now
from refi_assets.store.key_file import KEY_FILE, ApiKey, KeyFile, Scope
from refi_assets.store.sqlite_store import store_root


def key_file_of(lake_url: str) -> KeyFile:
    """The keys of the API that serves the store of a lake."""
    return KeyFile(store_root(lake_url) / KEY_FILE)


def create_key_and_print(
    lake_url: str,
    scopes: Collection[Scope],
    program: str | None,
    expires_on: date | None,
    requests_per_second: int | None,
    *,
    as_json: bool,
) -> None:
    """Make a key. On stdout is the token alone, or the object with it; what else to know is on stderr."""
    file = key_file_of(lake_url)
    token = file.create(scopes, program, expires_on, requests_per_second, lender_now())
    (key,) = (key for key in file.all_keys() if token.startswith(f"refi_{key.key_id}_"))
    if as_json:
        print(json.dumps({"token": token, "file": str(file.path), **_fields(key)}))
        return
    say(token)
    Terminal(stderr=True).say(
        f"The key {key.key_id} is in {file.path}, without this token: keep it now, it cannot be shown again. A "
        "request sends it as the header Authorization: Bearer …"
    )


def show_keys(lake_url: str, *, as_json: bool) -> None:
    """Print the keys in the order in which they were made."""
    file = key_file_of(lake_url)
    keys = file.all_keys()
    if as_json:
        for key in keys:
            print(json.dumps(_fields(key)))
    elif not keys:
        say(f"There are no keys in {file.path}. To make one: refi keys create --scope read")
    else:
        names = ("key", "state", "scopes", "program", "made", "expires", "last use", "requests/s")
        Terminal().table(names, [_cells(key) for key in keys])


def revoke_key_and_print(lake_url: str, key_id: str) -> None:
    """End a key. Raises StoreError if there is none with this id."""
    key_file_of(lake_url).revoke(key_id, lender_now())
    say(f"The key {key_id} is revoked. A running API refuses it within a second.")


def _cells(key: ApiKey) -> tuple[Any, ...]:
    return (
        key.key_id,
        key.state(lender_now().date()),
        ", ".join(sorted(key.scopes)),
        key.program or "every",
        _minute(key.created_at),
        key.expires_on or "never",
        _minute(key.last_used_at) or "never",
        key.requests_per_second or "",
    )


def _fields(key: ApiKey) -> dict[str, Any]:
    """A key as JSON has it; times are in the lender's time zone."""
    fields = {name: _text(value) for name, value in key._asdict().items()}
    return {**fields, "scopes": sorted(key.scopes), "state": key.state(lender_now().date())}


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(lender_now().tzinfo).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _minute(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(lender_now().tzinfo):%Y-%m-%d %H:%M}"
