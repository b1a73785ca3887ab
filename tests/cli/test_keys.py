"""refi keys: make, list and revoke keys of the API."""

import json
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from refi_assets.settings import lender_now
from refi_assets.store.key_file import KEY_FILE, KeyFile
from tests.support.commands import answers_and_modules


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyFile:
    """The file of the store that the settings name."""
    monkeypatch.setenv("REFI_STORE_DIR", str(tmp_path / "store"))
    return KeyFile(tmp_path / "store" / KEY_FILE)


def test_the_token_alone_is_on_stdout_so_that_a_script_can_take_it(refi, file):
    done = refi("keys", "create", "--scope", "read", "--scope", "events")
    token = done.stdout.removesuffix("\n")
    ((key_id, scopes, *_),) = file.all_keys()
    assert token.startswith(f"refi_{key_id}_")
    assert len(token) == 5 + 12 + 1 + 64
    assert scopes == {"read", "events"}
    assert f"The key {key_id} is in {file.path}, without this token" in done.stderr
    assert token not in done.stderr


def test_a_narrow_key_is_made_listed_and_revoked(refi, file):
    tomorrow = lender_now().date() + timedelta(days=1)
    options = ("--program", "loan-offer-targeting", "--expires", tomorrow, "--requests-per-second", 20)
    made = refi("keys", "create", "--scope", "score", "--scope", "read", *options, "--json").json
    assert made.pop("token").startswith(f"refi_{made['key_id']}_")
    assert made.pop("file") == str(file.path)
    fields = {
        "scopes": ["read", "score"],
        "program": "loan-offer-targeting",
        "expires_on": str(tomorrow),
        "state": "valid",
    }
    assert made.items() >= (fields | {"requests_per_second": 20, "revoked_at": None, "last_used_at": None}).items()
    refi("keys", "create", "--scope", "events")

    shown = refi("keys", "list").stdout
    head, _, narrow, wide = (line.split() for line in shown.splitlines() if line.strip())
    assert head == ["key", "state", "scopes", "program", "made", "expires", "last", "use", "requests/s"]
    assert [narrow[0], *narrow[1:5], narrow[7], narrow[-1]] == [
        *(made["key_id"], "valid", "read,", "score", "loan-offer-targeting", str(tomorrow), "20")
    ]
    assert (wide[1:4], wide[-2:]) == (["valid", "events", "every"], ["never", "never"])

    for _ in range(2):
        assert refi("keys", "revoke", made["key_id"]).stdout == (
            f"The key {made['key_id']} is revoked. A running API refuses it within a second.\n"
        )
    listed = [json.loads(line) for line in refi("keys", "list", "--json").stdout.splitlines()]
    assert [key["state"] for key in listed] == ["revoked", "valid"]
    assert listed[0] == made | {"state": "revoked", "revoked_at": listed[0]["revoked_at"]}


def test_without_keys_the_list_says_how_to_make_one(refi, file):
    assert refi("keys", "list").stdout == (
        f"There are no keys in {file.path}. To make one: refi keys create --scope read\n"
    )
    assert refi("keys", "list", "--json").stdout == ""
    assert not file.path.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Missing option '--scope'"),
        (["--scope", "write"], "'write' is not one of 'read', 'events', 'score'"),
        (["--program", "loan-offer-targetting"], "Did you mean loan-offer-targeting?"),
        (["--program", ""], "'' is not a program; there are loan-offer-targeting"),
        (["--expires", "2026-02-20"], "2026-02-20 is in the past; today is"),
        (["--expires", "31.12.2030"], "'31.12.2030' is not a valid date; write it as 2026-02-20"),
        (["--requests-per-second", "0"], "Invalid value for '--requests-per-second'"),
    ],
)
def test_a_mistake_makes_no_key(refi, file, options, message):
    scope = ["--scope", "read"] if options and options[0] != "--scope" else []
    done = refi("keys", "create", *scope, *options, check=2)
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert not file.path.exists()


def test_a_failure_is_one_message(refi, file):
    assert refi("keys", "revoke", "0123", check=1).stderr == (
        f"refi: {file.path} has no key 0123. The keys are unchanged. `refi keys list` lists their ids.\n"
    )
    refi("keys", "create", "--scope", "read")
    with closing(sqlite3.connect(file.path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE api_key")
        connection.execute("CREATE TABLE other (a)")
    assert refi("keys", "list", check=1).stderr.startswith(
        f"refi: {file.path}: it is damaged, or not a file of the store"
    )


def test_keys_are_beside_the_offers_of_the_lake_and_need_no_optional_package(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "REFI_STORE_DIR"}
    commands = (["keys", "create", "--scope", "read"], ["keys", "list"])
    (made, listed), modules = answers_and_modules(
        *([*command, "--lake", tmp_path / "lake"] for command in commands), environment=environment
    )
    assert (made.returncode, listed.returncode) == (0, 0), made.stderr + listed.stderr
    (key,) = KeyFile(tmp_path / "lake" / "store" / KEY_FILE).all_keys()
    assert key.key_id in listed.stdout
    assert not {"dagster", "duckdb", "fastapi", "mlflow", "numpy", "pandas", "sklearn", "uvicorn"} & modules
