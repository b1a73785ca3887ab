"""refi doctor on what is served: the address of the API, the stores, the keys. tests/api has an API that answers."""

import http.server
import json
import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from refi_assets.cli import doctor_serving
from refi_assets.cli.doctor import Finding, try_steps
from refi_assets.cli.doctor_serving import serving_steps
from refi_assets.settings import forget_settings, lender_now
from refi_assets.store.event_file import EVENTS
from refi_assets.store.key_file import KEY_FILE, KeyFile, Scope
from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import offer, publish
from tests.support.served_offers import PROGRAM

STORE = f"store {PROGRAM}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def found(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finding]:
    """The finding of a step, with these settings."""

    def try_step(name: str, **variables: str) -> Finding:
        with monkeypatch.context() as patch:
            for variable, value in ({"REFI_STORE_DIR": str(root), "REFI_API_PORT": "0"} | variables).items():
                patch.setenv(variable, value)
            forget_settings()
            (finding,) = (finding for finding in try_steps(serving_steps()) if finding.step == name)
        forget_settings()
        return finding

    return try_step


def test_a_new_project_lacks_nothing(found):
    assert found("api") == Finding("api", "ok", "127.0.0.1, any free port")
    assert [found(step).state for step in (STORE, "keys")] == ["skipped", "skipped"]


# The API


def test_without_its_packages_the_api_is_skipped_with_the_way_to_get_them(found, monkeypatch):
    monkeypatch.setattr(doctor_serving, "PACKAGES", ("fastapi", "no_such_package"))
    finding = found("api")
    assert finding.state == "skipped"
    assert finding.said == ("no_such_package cannot be imported; to serve, install the extras ml and api: make ml")


def test_a_free_address_is_left_free(found):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert found("api", REFI_API_PORT=str(port)) == Finding("api", "ok", f"127.0.0.1, port {port}, is free")
    socket.create_server(("127.0.0.1", port)).close()


def test_an_address_that_is_not_this_machines_is_wrong(found):
    assert found("api", REFI_API_HOST="192.0.2.1", REFI_API_PORT="8080") == Finding(
        "api",
        "wrong",
        "192.0.2.1, port 8080: Cannot assign requested address",
        "Choose others: REFI_API_HOST and REFI_API_PORT.",
    )


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"status": "UP"}'])
def test_an_address_taken_by_another_program_is_wrong(found, body):
    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with http.server.HTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, args=(0.01,), daemon=True).start()
        finding = found("api", REFI_API_PORT=str(other.server_port))
        other.shutdown()
    assert finding.state == "wrong"
    assert finding.said == f"127.0.0.1, port {other.server_port}: Address already in use, and not by this API"


def test_a_taken_address_that_answers_nothing_is_wrong(found, monkeypatch):
    monkeypatch.setattr(doctor_serving, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        finding = found("api", REFI_API_PORT=str(silent.getsockname()[1]))
    assert (finding.state, finding.said.endswith(", and not by this API")) == ("wrong", True)


# The stores


@pytest.fixture
def stored(root: Path) -> Path:
    """A store with a week that is three days old, and two live offers."""
    today = lender_now().date()
    with SqliteOfferStore(root, PROGRAM) as store:
        offers = [
            offer("a", "c1", expires_on=today + timedelta(days=9)),
            offer("b", "c2", expires_on=today),
            offer("c", "c3", expires_on=today - timedelta(days=1)),
        ]
        publish(store, "w1", offers, as_of=today - timedelta(days=3))
    return root / PROGRAM


def test_a_store_is_well_and_left_as_it_was(found, stored):
    before = {path.name: path.read_bytes() for path in stored.iterdir()}
    assert found(STORE) == Finding(
        STORE,
        "ok",
        f"{stored}, writable: the week of {lender_now().date() - timedelta(days=3)}, 3 days old, 2 live offers",
    )
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == before


def test_a_damaged_store_is_wrong(found, stored):
    (stored / "w1.sqlite").write_bytes(b"damaged")
    finding = found(STORE)
    assert finding.state == "wrong"
    assert f"{stored / 'w1.sqlite'}: it is damaged" in finding.said


def test_a_locked_store_is_wrong(found, stored, monkeypatch):
    monkeypatch.setattr(doctor_serving, "LOCK_SECONDS", 0.1)
    with closing(sqlite3.connect(stored / EVENTS, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        finding = found(STORE)
    assert finding.state == "wrong"
    assert f"{stored / EVENTS}: another process has locked it" in finding.said


# The keys


def test_keys_are_counted_by_their_state_and_wide_ones_are_named(found, root):
    file, now = KeyFile(root / KEY_FILE), lender_now()
    today, year = now.date(), timedelta(days=365)
    for scope, program, expires_on in (
        (Scope.READ, "loan-offer-targeting", today + year),
        (Scope.READ, "loan-offer-targeting", today - year),
        (Scope.READ, None, today + year),
        (Scope.READ, "loan-offer-targeting", None),
        (Scope.SCORE, None, today + year),  # scores belong to no program
        (Scope.READ, None, None),
    ):
        file.create([scope], program, expires_on, None, now)
    keys = [key.key_id for key in file.all_keys()]
    file.revoke(keys[-1], now)
    assert found("keys") == Finding(
        "keys",
        "ok",
        "4 valid, 1 expired, 1 revoked",
        f"Without expiry: {keys[3]}. For every program: {keys[2]}.",
    )


def test_a_key_file_that_others_can_read_is_warned_of(found, root):
    file, now = KeyFile(root / KEY_FILE), lender_now()
    file.create([Scope.SCORE], None, now.date(), None, now)
    assert found("keys") == Finding("keys", "ok", "1 valid, 0 expired, 0 revoked")
    file.path.chmod(0o640)
    assert found("keys") == Finding(
        "keys", "ok", "1 valid, 0 expired, 0 revoked", f"Others can read {file.path}: chmod 600 it."
    )


def test_a_damaged_key_file_is_wrong(found, root):
    root.mkdir()
    (root / KEY_FILE).write_bytes(b"damaged" * 1_000)
    assert found("keys").state == "wrong"


def test_hints_are_in_the_text_and_in_json(refi, root, tmp_path):
    (tmp_path / "lake").mkdir()
    variables = {"REFI_LAKE_URL": str(tmp_path / "lake"), "REFI_STORE_DIR": str(root), "REFI_API_PORT": "0"}
    refi("keys", "create", "--scope", "score", **variables)
    (key,) = KeyFile(root / KEY_FILE).all_keys()
    text = refi("doctor", **variables).stdout
    assert f"Without expiry: {key.key_id}.\n" in text
    assert text.endswith("All is well.\n")
    steps = {step["step"]: step for step in json.loads(refi("doctor", "--json", **variables).stdout)["steps"]}
    assert steps["keys"] == {
        "step": "keys",
        "state": "ok",
        "said": "1 valid, 0 expired, 0 revoked",
        "mend": f"Without expiry: {key.key_id}.",
    }
