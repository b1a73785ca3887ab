"""The key file: what it stores of a key, changes by several processes, and failures."""

import hashlib
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from refi_assets.errors import StoreError
from refi_assets.store.key_file import KEY_FILE, ApiKey, KeyFile, Scope

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NEW_YORK = timezone(timedelta(hours=-5))


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    """The file of a store without keys."""
    return KeyFile(tmp_path / "store" / KEY_FILE, busy_seconds=0.1)


def make(file: KeyFile, *scopes: Scope) -> str:
    return file.create(scopes or (Scope.READ,), None, None, None, NOON)


def test_a_key_is_listed_as_it_was_made(file: KeyFile) -> None:
    token = make(file)
    file.create(
        [Scope.SCORE, Scope.EVENTS], "cards-weekly", date(2027, 1, 31), 20, datetime(2026, 3, 2, 7, 30, tzinfo=NEW_YORK)
    )
    first, second = file.all_keys()
    assert first == ApiKey(token.split("_")[1], frozenset({Scope.READ}), None, NOON, None, None, None, None)
    assert second == ApiKey(
        second.key_id,
        frozenset({Scope.EVENTS, Scope.SCORE}),
        "cards-weekly",
        datetime(2026, 3, 2, 12, 30, tzinfo=UTC),
        date(2027, 1, 31),
        None,
        None,
        20,
    )


def test_only_the_hash_of_a_token_is_stored(file: KeyFile) -> None:
    token = make(file)
    assert re.fullmatch("refi_[0-9a-f]{12}_[0-9a-f]{64}", token), "256 bits at random"
    (stored,) = file.keys_by_hash()
    assert stored == hashlib.sha256(token.encode()).hexdigest()
    assert token.split("_")[2].encode() not in file.path.read_bytes()


def test_only_the_owner_can_read_the_file_whatever_the_umask_is(file: KeyFile) -> None:
    before = os.umask(0)
    try:
        make(file)
    finally:
        os.umask(before)
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_key_is_revoked_once_and_an_unknown_one_is_an_error(file: KeyFile) -> None:
    make(file)
    (key,) = file.all_keys()
    assert key.state(NOON.date()) == "valid"
    for hours in (1, 2):
        file.revoke(key.key_id, NOON + timedelta(hours=hours))
    (revoked,) = file.all_keys()
    assert revoked == key._replace(revoked_at=NOON + timedelta(hours=1))
    assert revoked.state(NOON.date()) == "revoked"
    with pytest.raises(
        StoreError, match=r"has no key 0123\. The keys are unchanged\. `refi keys list` lists their ids"
    ):
        file.revoke("0123", NOON)
    with pytest.raises(StoreError, match="has no key 0123"):
        KeyFile(file.path.with_name("nothing.sqlite")).revoke("0123", NOON)


def test_a_key_expires_after_its_last_day(file: KeyFile) -> None:
    file.create([Scope.READ], None, date(2026, 3, 31), None, NOON)
    (key,) = file.all_keys()
    assert [key.state(date(2026, 3, 31)), key.state(date(2026, 4, 1))] == ["valid", "expired"]


def test_the_latest_use_is_kept_whoever_writes_last(file: KeyFile) -> None:
    make(file)
    make(file)
    first, second = (key.key_id for key in file.all_keys())
    file.touch({first: NOON, "0123": NOON})
    file.touch({first: NOON - timedelta(minutes=1)})
    assert {key.key_id: key.last_used_at for key in file.all_keys()} == {first: NOON, second: None}


def test_a_key_covers_its_program_or_every_one() -> None:
    key = ApiKey("0123", frozenset(), "cards-weekly", NOON, None, None, None, None)
    assert [key.covers("cards-weekly"), key.covers("cards-monthly")] == [True, False]
    assert key._replace(program=None).covers("cards-monthly")


def test_no_file_is_no_keys_and_neither_is_one_that_was_only_created(file: KeyFile) -> None:
    assert file.all_keys() == []
    assert not file.path.exists()
    file.path.parent.mkdir()
    file.path.touch()
    assert file.all_keys() == []
    make(file)
    assert len(file.all_keys()) == 1


def test_keys_made_by_several_processes_at_once_are_all_there(tmp_path: Path) -> None:
    script = (
        "import sys; from datetime import *; from pathlib import Path; from refi_assets.store.key_file import *\n"
        "file = KeyFile(Path(sys.argv[1]))\n"
        "for _ in range(20): file.create([Scope.READ], None, None, None, datetime.now(UTC))"
    )
    path = tmp_path / KEY_FILE
    processes = [subprocess.Popen([sys.executable, "-c", script, path], stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == [b""] * 3
    assert len({key.key_id for key in KeyFile(path).all_keys()}) == 60


def test_a_change_that_was_killed_is_undone_by_the_next_reader(file: KeyFile) -> None:
    make(file)
    before = file.all_keys()
    killed = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")  # so that pages are written before the commit
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE api_key SET revoked_at = 'now'")
for number in range(200):
    connection.execute("INSERT INTO api_key (key_id, token_sha256, scopes, created_at) VALUES (?1, ?1, ?2, ?2)",
                       (str(number), "x" * 500))
os.kill(os.getpid(), signal.SIGKILL)
"""
    size = file.path.stat().st_size
    assert subprocess.run([sys.executable, "-c", killed, file.path], check=False).returncode == -9
    assert file.path.stat().st_size > size
    assert file.path.with_name(f"{KEY_FILE}-journal").exists()
    assert file.all_keys() == before


def test_a_locked_file_is_reported(file: KeyFile) -> None:
    make(file)
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for action in (lambda: make(file), file.all_keys):
            with pytest.raises(StoreError, match=r"process has locked it.*\. The keys are unchanged\. Wait until that"):
                action()
    assert len(file.all_keys()) == 1


@pytest.mark.parametrize("damage", ["text", "another file of SQLite", "a scope of a later version"])
def test_a_damaged_file_is_reported(file: KeyFile, damage: str) -> None:
    make(file)
    if damage == "text":
        file.path.write_bytes(b"not a database" * 1_000)
    else:
        with closing(sqlite3.connect(file.path, isolation_level=None)) as connection:
            is_scope = damage.startswith("a scope")
            connection.execute(
                "UPDATE api_key SET scopes = 'fly'" if is_scope else "ALTER TABLE api_key RENAME TO other"
            )
    with pytest.raises(StoreError, match=rf"^{file.path}.*\. The keys are unchanged\. Restore it from a backup"):
        file.all_keys()


def test_keys_on_a_read_only_disk_can_be_read_but_not_changed(file: KeyFile) -> None:
    mount = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*mount, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a disk is not allowed here")
    make(file)
    script = """
import subprocess, sys
from datetime import UTC, datetime
from pathlib import Path
from refi_assets.errors import StoreError
from refi_assets.store.key_file import KeyFile
path = Path(sys.argv[1])
subprocess.run(["mount", "--bind", path.parent, path.parent], check=True)
subprocess.run(["mount", "-o", "remount,bind,ro", path.parent], check=True)
(key,) = KeyFile(path).all_keys()
try:
    KeyFile(path).revoke(key.key_id, datetime.now(UTC))
except StoreError as error:
    print(error)
"""
    done = subprocess.run([*mount, sys.executable, "-c", script, file.path], capture_output=True, text=True, check=True)
    assert done.stdout == (
        f"{file.path}: it is read-only for this user or on this disk. The keys are unchanged. Make the folder "
        "writable, then try again.\n"
    )
