"""Remembered hashes, and the changes after which a file is read again.

A test forges a record and sees whether the forged hash is used: then the file was not read.
"""

import hashlib
import json
import os
import time
from datetime import date
from pathlib import Path

import pytest

from refi_assets.errors import LakeError
from refi_assets.ingestion.raw_zone import ingest_folder
from refi_assets.lake import FolderStore, ObjectInfo, folder_store
from refi_assets.lake.hashes import Hashes
from refi_assets.specs.contracts import load_contracts

KEY = "raw/market_equity/load_date=2026-02-20/market_equity.csv"
FORGED = "f" * 64
LONG_AGO = 1_700_000_000 * 10**9  # in nanoseconds


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file outside the lake. Here, a file is old after 50 milliseconds, so that no test waits."""
    monkeypatch.setattr(folder_store, "SETTLED_NS", 50_000_000)
    path = tmp_path / "source" / "market_equity.csv"
    path.parent.mkdir()
    path.write_bytes(b"one")
    time.sleep(0.1)
    return path


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hash_of(lake: FolderStore, *, read_again: bool = False) -> str:
    info = lake.find(KEY)
    assert info is not None
    return Hashes(lake).of_object(info, read_again=read_again)


def forge(lake: FolderStore, name: str, version: str | None = None) -> None:
    """Replace the remembered hash of an object or file, and optionally its version."""
    (path,) = [path for path in (lake.root / "memo").rglob("*.json") if name in path.read_text()]
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"sha256": FORGED, "version": version or record["version"]}))


def remembered(lake: FolderStore) -> set[str]:
    return {json.loads(path.read_text())["of"] for path in (lake.root / "memo").rglob("*.json")}


@pytest.fixture
def path(lake: FolderStore, source: Path) -> Path:
    """The file in the lake, with a forged hash in the memo."""
    assert Hashes(lake).put(KEY, source)
    assert hash_of(lake) == sha256(b"one")
    forge(lake, KEY)
    return lake.root / KEY


def test_a_file_that_is_the_same_version_is_not_read_again(lake, path):
    assert hash_of(lake) == FORGED
    assert hash_of(FolderStore(str(lake))) == FORGED, "also in another process"


def test_a_file_is_read_again_on_request_and_its_true_hash_is_remembered(lake, path):
    assert hash_of(lake, read_again=True) == sha256(b"one")
    time.sleep(0.1)
    assert (hash_of(lake, read_again=True), hash_of(lake)) == (sha256(b"one"), sha256(b"one"))


def test_a_file_that_was_touched_is_read_again(lake, path):
    os.utime(path)
    assert hash_of(lake) == sha256(b"one")


def test_other_bytes_of_the_same_size_and_time_are_noticed(lake, path):
    before = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert hash_of(lake) == sha256(b"two")


def test_a_file_that_replaces_another_is_read(lake, path, tmp_path):
    before = path.stat()
    other = tmp_path / "lake" / "other"
    other.write_bytes(b"two")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)
    assert hash_of(lake) == sha256(b"two")


def test_a_forged_record_of_the_current_version_is_trusted_unless_the_file_is_read_again(lake, path):
    path.write_bytes(b"two")
    forge(lake, KEY, lake.version(ObjectInfo(KEY, 3)).text)
    assert (hash_of(lake), hash_of(lake, read_again=True)) == (FORGED, sha256(b"two"))


def test_a_hash_of_a_young_file_is_not_remembered(lake, source, monkeypatch):
    monkeypatch.setattr(folder_store, "SETTLED_NS", 3600 * 10**9)
    lake.put(KEY, b"one")
    os.utime(lake.root / KEY, ns=(LONG_AGO, LONG_AGO))  # which sets its ctime to the current time
    assert hash_of(lake) == sha256(b"one")
    assert Hashes(lake).of_file(source) == sha256(b"one")
    assert Hashes(lake).put(KEY, source)
    assert remembered(lake) == set()


def test_a_file_that_another_program_put_is_remembered_when_it_is_old(lake, source):
    lake.put(KEY, b"one")
    time.sleep(0.1)
    assert hash_of(lake) == sha256(b"one")
    assert remembered(lake) == {KEY}


def test_a_copy_has_the_time_of_its_source_and_no_other_file_is_left(lake, source):
    os.utime(source, ns=(LONG_AGO, LONG_AGO))
    lake.put(KEY, b"what was there before")
    assert Hashes(lake).put(KEY, source)
    assert (lake.root / KEY).stat().st_mtime_ns == LONG_AGO
    assert [path.read_bytes() for path in (lake.root / KEY).parent.iterdir()] == [b"one"]


def test_a_missing_file_is_named(lake, path):
    info = lake.find(KEY)
    path.unlink()
    with pytest.raises(LakeError, match=r"market_equity\.csv is not in the lake"):
        Hashes(lake).of_object(info)


def test_a_failed_put_leaves_nothing(lake, source):
    (lake.root / KEY).mkdir(parents=True)
    with pytest.raises(LakeError, match=KEY):
        Hashes(lake).put(KEY, source)
    assert [path.name for path in (lake.root / KEY).parent.iterdir()] == ["market_equity.csv"]


def test_the_file_of_an_unfinished_put_is_deleted_like_any_other(lake, source):
    left = lake.root / f"{KEY}#1"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"on")
    assert Hashes(lake).put(KEY, source)
    assert [info.key for info in lake.objects("raw")] == [KEY]
    assert lake.delete_unfinished(time.time() + 1) == 1
    assert [path.read_bytes() for path in left.parent.iterdir()] == [b"one"]


def test_files_that_were_ingested_before_are_not_read_again(lake, source):
    def ingest() -> list[str]:
        return ingest_folder(lake, source.parent, date(2026, 2, 20), load_contracts()).keys

    assert ingest() == [KEY]
    assert remembered(lake) == {KEY, source.as_uri()}
    forge(lake, KEY)
    with pytest.raises(LakeError, match="already has other content"):
        ingest()
    forge(lake, source.as_uri())
    assert ingest() == []
    source.write_bytes(b"two")
    with pytest.raises(LakeError, match="already has other content"):
        ingest()
