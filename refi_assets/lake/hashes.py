"""Hashes of files, remembered in memo/hashes/, so that an unchanged file is not read again for its hash.

Each store defines the version of a file: see ObjectStore.version.
"""

import hashlib
import time
from pathlib import Path

from refi_assets.lake.folder_store import version_of_file
from refi_assets.lake.memo import ZONE
from refi_assets.lake.objects import ObjectInfo, ObjectStore, Version


class Hashes:
    """The hashes that a lake remembers, of its objects and of the files outside it from which they were put."""

    def __init__(self, lake: ObjectStore) -> None:
        self._lake = lake

    def of_object(self, info: ObjectInfo, *, read_again: bool = False) -> str:
        """SHA-256 of an object; the remembered one if the version is the same, unless it is to be `read_again`."""
        before = self._lake.version(info)
        remembered = None if read_again else self._find(info.key, before)
        if remembered:
            return remembered
        sha256 = self._lake.sha256(info.key)
        if self._lake.version(info) == before:
            self._remember(info.key, before, sha256)
        return sha256

    def of_file(self, path: Path) -> str:
        """SHA-256 of a file outside the lake; the remembered one if the version is the same."""
        before = version_of_file(path, time.time_ns())
        if remembered := self._find(_name_of(path), before):
            return remembered
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        self._remember_file(path, before, sha256)
        return sha256

    def put(self, key: str, path: Path) -> bool:
        """Put a file as an object; returns whether the file stayed unchanged. If so, both hashes are remembered."""
        before = version_of_file(path, time.time_ns())
        sha256, version = self._lake.put_hashed(key, path)
        if not self._remember_file(path, before, sha256):
            return False
        self._remember(key, version, sha256)
        return True

    def _remember_file(self, path: Path, before: Version, sha256: str) -> bool:
        """Remember a hash if the file is still the version that was hashed; returns whether it is."""
        is_unchanged = version_of_file(path, 0).text == before.text
        if is_unchanged:
            self._remember(_name_of(path), before, sha256)
        return is_unchanged

    def _remember(self, name: str, version: Version, sha256: str) -> None:
        if version.is_settled:
            self._lake.put_json(_key(name), {"of": name, "version": version.text, "sha256": sha256})

    def _find(self, name: str, version: Version) -> str | None:
        record: dict[str, str] | None = self._lake.get_json(_key(name))
        return record["sha256"] if record and (record["of"], record["version"]) == (name, version.text) else None


def _name_of(path: Path) -> str:
    return path.resolve().as_uri()


def _key(name: str) -> str:
    return f"{ZONE}/hashes/{hashlib.sha256(name.encode()).hexdigest()}.json"
