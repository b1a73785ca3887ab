"""Objects of the lake by key: one small interface over obstore.

Keys are paths relative to the lake ('raw/loan_information/load_date=2026-02-20/part.csv'). A put is whole
or absent, never half. What the keys mean belongs to raw_zone.py, relations.py and activation/.
"""

import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    """A lake in a local folder. With `create`, the folder is made where there is none. Methods raise LakeError."""

    def __init__(self, url: str, *, create: bool = True) -> None:
        self.root = Path(url).expanduser().resolve()
        if create:
            try:
                self.root.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LakeError(f"The lake {self.root} cannot be opened: {error.strerror}.") from None
        with self._asked_for(""):
            self._store = LocalStore(prefix=self.root, automatic_cleanup=True)

    def url(self, key: str) -> str:
        """Where an engine reads or writes an object: here, an absolute path."""
        return str(self._path(key))

    @contextmanager
    def _asked_for(self, key: str) -> Iterator[None]:
        """Turn the store's failures into one that says what could not be read or written."""
        if not self.root.is_dir():
            raise LakeError(f"There is no lake {self.root}. Bring it back, or begin one: refi ingest --source DIR.")
        try:
            yield
        except (BaseError, OSError) as error:
            if isinstance(error, FileNotFoundError | AlreadyExistsError):
                raise
            raise LakeError(f"{key} in the lake {self.root}: {_reason(error)}.") from None

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects below a prefix (a whole folder name), in key order."""
        with self._asked_for(prefix):
            found = [entry for page in obstore.list(self._store, prefix=prefix) for entry in page]
        for entry in sorted(found, key=lambda entry: entry["path"]):
            yield ObjectInfo(entry["path"], entry["size"], entry["e_tag"])

    def folders(self, prefix: str) -> list[str]:
        """Names of the folders right below a prefix, sorted."""
        with self._asked_for(prefix):
            listing = obstore.list_with_delimiter(self._store, prefix=prefix)
        return sorted(path.rsplit("/", 1)[-1] for path in listing["common_prefixes"])

    def open(self, key: str) -> BufferedReader:
        """An object's bytes, to be read once from the start."""
        try:
            with self._asked_for(key):
                return self._path(key).open("rb")
        except FileNotFoundError:
            raise LakeError(f"{key} is not in the lake {self.root}.") from None

    def sha256(self, key: str) -> str:
        """Hash of an object's bytes."""
        with self.open(key) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def find(self, key: str) -> ObjectInfo | None:
        """What is known of an object, or None where there is none."""
        try:
            with self._asked_for(key):
                found = obstore.head(self._store, key)
        except FileNotFoundError:
            return None
        except ValueError:
            raise _no_key(key) from None
        return ObjectInfo(key, found["size"], found["e_tag"])

    def get_json(self, key: str) -> Any:
        """A JSON object's value, or None where there is no such object."""
        try:
            with self._asked_for(key):
                data = bytes(obstore.get(self._store, key).bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            raise _no_key(key) from None
        return json.loads(data)

    def put(self, key: str, data: bytes | Path) -> None:
        """Put an object, whole; one that is there is replaced. Raises LakeError for a name no lake can hold."""
        try:
            with self._asked_for(key):
                obstore.put(self._store, key, data)
        except ValueError:
            raise _no_key(key) from None

    def put_json(self, key: str, value: Any) -> None:
        """Put a value as readable JSON."""
        self.put(key, _json(value))

    def create_json(self, key: str, value: Any) -> bool:
        """Put a value as readable JSON unless the key is taken; returns whether it was put. Of many, one wins."""
        try:
            with self._asked_for(key):
                obstore.put(self._store, key, _json(value), mode="create")
        except AlreadyExistsError:
            return False
        return True

    def delete(self, keys: list[str]) -> None:
        """Delete objects; keys that are not there are no error."""
        with self._asked_for(", ".join(keys)):
            obstore.delete(self._store, keys)

    def last_change(self, folder: str) -> float:
        """When something was last put, or begun to be put, into a folder; in seconds since 1970."""
        path = self._path(folder)
        return max(map(_modified, (path, *path.rglob("*"))))

    def delete_folder(self, folder: str) -> None:
        """Delete all that is in a folder, finished or not."""
        shutil.rmtree(self._path(folder), ignore_errors=True)

    def delete_unfinished(self, before: float) -> int:
        """Delete what puts that were cut short left behind, if older; returns how many. They are no objects."""
        found = [path for path in self.root.rglob("*#*") if re.search("#[0-9]+$", path.name)]  # as obstore names them
        old = [path for path in found if path.is_file() and _modified(path) < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def local_path(self, key: str) -> Path:
        """A path for a file that a step writes itself; its folder is made."""
        path = self._path(key)
        with self._asked_for(key):
            path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _path(self, key: str) -> Path:
        if ".." in key.split("/") or key.startswith("/"):
            raise _no_key(key)
        return self.root / key


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # renamed or deleted since it was listed
        return time.time()


def _no_key(key: str) -> LakeError:
    return LakeError(f"{key!r} is no name that every lake can hold; rename the file.")


def _reason(error: Exception) -> str:
    """The operating system's words, which stand last in the store's."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    found = re.findall(r"[^:\n]+(?= \(os error [0-9]+\))", str(error))
    return found[-1].strip() if found else str(error).splitlines()[0]


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
