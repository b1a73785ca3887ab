"""Objects of the lake by key: one small interface over obstore.

Keys are paths relative to the lake ('raw/loan_information/load_date=2026-02-20/part.csv'). A put is whole
or absent, never half. What the keys mean belongs to raw_zone.py, relations.py and activation/.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore

from refi_assets.errors import LakeError


@dataclass(frozen=True)
class ObjectInfo:
    """An object's key, its size in bytes, and its ETag, which is another when the object is."""

    key: str
    size: int
    etag: str | None = None


class ObjectStore:
    """A lake in a local folder. Raises LakeError where the folder cannot be made or written."""

    def __init__(self, url: str) -> None:
        self.root = Path(url).expanduser().resolve()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LakeError(f"The lake {self.root} cannot be opened: {error.strerror}.") from None
        if not os.access(self.root, os.W_OK):
            raise LakeError(f"The lake {self.root} cannot be written to. Check its permissions or set REFI_LAKE_URL.")
        self._store = LocalStore(prefix=self.root)

    def url(self, key: str) -> str:
        """Where an engine reads or writes an object: here, an absolute path."""
        return str(self._path(key))

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects below a prefix (a whole folder name), in key order."""
        try:
            found = [entry for page in obstore.list(self._store, prefix=prefix) for entry in page]
        except BaseError as error:
            raise LakeError(f"{self.url(prefix)} cannot be listed: {str(error).splitlines()[0]}") from None
        for entry in sorted(found, key=lambda entry: entry["path"]):
            yield ObjectInfo(entry["path"], entry["size"], entry["e_tag"])

    def folders(self, prefix: str) -> list[str]:
        """Names of the folders right below a prefix, sorted."""
        listing = obstore.list_with_delimiter(self._store, prefix=prefix)
        return sorted(path.rsplit("/", 1)[-1] for path in listing["common_prefixes"])

    def open(self, key: str) -> BufferedReader:
        """An object's bytes, to be read once from the start."""
        return self._path(key).open("rb")

    def sha256(self, key: str) -> str:
        """Hash of an object's bytes."""
        with self.open(key) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def find(self, key: str) -> ObjectInfo | None:
        """What is known of an object, or None where there is none."""
        try:
            found = obstore.head(self._store, key)
        except FileNotFoundError:
            return None
        except ValueError:
            raise _no_key(key) from None
        return ObjectInfo(key, found["size"], found["e_tag"])

    def get_json(self, key: str) -> Any:
        """A JSON object's value, or None where there is no such object."""
        try:
            data = bytes(obstore.get(self._store, key).bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            raise _no_key(key) from None
        return json.loads(data)

    def put(self, key: str, data: bytes | Path, *, create_only: bool = False) -> None:
        """Put an object, whole. With create_only, raises LakeError where the key is taken."""
        try:
            obstore.put(self._store, key, data, mode="create" if create_only else "overwrite")
        except AlreadyExistsError:
            raise LakeError(f"{key} is in the lake already; it is written once and never changed.") from None
        except ValueError:
            raise _no_key(key) from None

    def put_json(self, key: str, value: Any, *, create_only: bool = False) -> None:
        """Put a value as readable JSON."""
        self.put(key, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode(), create_only=create_only)

    def delete(self, keys: list[str]) -> None:
        """Delete objects; keys that are not there are no error."""
        if keys:
            obstore.delete(self._store, keys)

    def local_path(self, key: str) -> Path:
        """A path for a file that a step writes itself; its folder is made."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _path(self, key: str) -> Path:
        if ".." in key.split("/") or key.startswith("/"):
            raise _no_key(key)
        return self.root / key


def _no_key(key: str) -> LakeError:
    return LakeError(f"{key!r} is no name that every lake can hold; rename the file.")
