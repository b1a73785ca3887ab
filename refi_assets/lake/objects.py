"""Objects of the lake by key: one small interface over obstore, for a folder and for S3.

Keys are paths relative to the lake ('raw/SOURCE/load_date=2026-02-20/part.csv'). A put is whole
or absent, never half. What the keys mean belongs to raw_zone.py, relations.py and activation/; what differs
between the stores is in folder_store.py and s3_store.py.
"""

import hashlib
import json
import mmap
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore, S3Store

from refi_assets.errors import LakeError


@dataclass(frozen=True)
class ObjectInfo:
    """An object's key, its size in bytes, and its ETag, which is another when the object is."""

    key: str
    size: int
    etag: str | None = None


class Version(NamedTuple):
    """A text that is another when an object's bytes are.

    Unless it `is_settled`, the bytes may yet change without the text, if they do so at once.
    """

    text: str
    is_settled: bool


class ObjectStore(ABC):
    """A lake. `name` is its folder or its s3:// URL. Methods raise LakeError."""

    name: str
    _store: LocalStore | S3Store

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}  # what was read or put through this store and never changes, by key

    @abstractmethod
    def url(self, key: str) -> str:
        """Where this process reads an object: an absolute path, or an s3:// URL."""

    @abstractmethod
    def address(self, key: str) -> str:
        """Where everybody else finds an object, or a folder: an absolute path, or an s3:// URL."""

    @abstractmethod
    def target(self, key: str) -> str:
        """Where DuckDB writes an object itself, and may read it. When it has, written() is to be called."""

    @abstractmethod
    def written(self, path: str) -> None:
        """DuckDB has written a file whole; if it is a target, it is the object when this returns."""

    @abstractmethod
    def new_file(self, key: str) -> AbstractContextManager[Path]:
        """A path for a file to be written here; if it is there at the end, it is the object."""

    @abstractmethod
    def open(self, key: str) -> BufferedReader:
        """An object's bytes, to be read once from the start."""

    @abstractmethod
    def version(self, info: ObjectInfo) -> Version:
        """The version of an object that is there."""

    @abstractmethod
    def put_hashed(self, key: str, path: Path) -> tuple[str, Version]:
        """Put a file as an object, whole, as put() does; returns the SHA-256 of what was put, and its version."""

    @abstractmethod
    def replace_json(self, key: str, value: Any, etag: str | None) -> None:
        """Put a value as readable JSON, where the store can tell only over the version with this ETag."""

    @abstractmethod
    def append(self, key: str, data: bytes, *, start: bytes) -> None:
        """Add bytes to the end of an object, which begins as `start` where there is none. What others add at the same
        time stays."""

    @abstractmethod
    def room(self) -> int:
        """Bytes that are free where new_file() writes."""

    @abstractmethod
    def require_regular_files(self, prefix: str) -> None:
        """Raise SourceError for what lies below a prefix and is no file of the lake's own."""

    @abstractmethod
    def last_change(self, folder: str) -> float:
        """When something was last put, or begun to be put, into a folder; in seconds since 1970."""

    @abstractmethod
    def delete_folder(self, folder: str) -> None:
        """Delete all that is in a folder, finished or not."""

    @abstractmethod
    def delete_unfinished(self, before: float) -> int:
        """Delete what puts that were cut short left behind, if older; returns how many. They are no objects."""

    @abstractmethod
    def _reason(self, error: Exception) -> str:
        """The cause of a failure, in words."""

    @abstractmethod
    def _require_open(self) -> None:
        """Raise LakeError where there is no lake and that can be told at once."""

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def _asked_for(self, key: str) -> Iterator[None]:
        """Turn the store's failures into one that says what could not be read or written."""
        self._require_open()
        try:
            yield
        except (FileNotFoundError, AlreadyExistsError, PreconditionError):
            raise
        except (BaseError, OSError) as error:
            raise LakeError(f"{key} in the lake {self}: {self._reason(error).rstrip('.')}.") from None
        except ValueError:
            raise no_key(key) from None

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects below a prefix (a whole folder name), in key order."""
        with self._asked_for(prefix):
            found = [entry for page in obstore.list(self._store, prefix=prefix) for entry in page]
        for entry in sorted(found, key=lambda entry: entry["path"]):
            yield ObjectInfo(entry["path"], entry["size"], entry["e_tag"])

    def folders(self, prefix: str) -> list[str]:
        """Names of the folders right below a prefix, sorted."""
        return [name.removesuffix("/") for name in self.names(prefix) if name.endswith("/")]

    def folders_between(
        self, prefix: str, first: str, last: str, after: str = ""
    ) -> Iterator[tuple[str, list[ObjectInfo]]]:
        """Folders right below a prefix, from one name to another, each with its objects; listed only when asked for.

        Of the first folder, only objects whose keys come `after` one. A folder of many objects may come in parts.
        """
        for name in self.folders(prefix):
            if first <= name <= last:
                yield name, [info for info in self.objects(f"{prefix}/{name}") if name != first or info.key > after]

    def names(self, prefix: str) -> list[str]:
        """Names of the folders and objects right below a prefix, sorted; those of folders end in a slash."""
        with self._asked_for(prefix):
            listing = obstore.list_with_delimiter(self._store, prefix=prefix)
        folders = [f"{path}/" for path in listing["common_prefixes"]]
        paths = [*folders, *(entry["path"] for entry in listing["objects"])]
        return sorted(path.removeprefix(f"{prefix}/") for path in paths if path != prefix)

    def sha256(self, key: str) -> str:
        """Hash of an object's bytes."""
        with self._asked_for(key), self.open(key) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def find(self, key: str) -> ObjectInfo | None:
        """What is known of an object, or None where there is none."""
        try:
            with self._asked_for(key):
                found = obstore.head(self._store, key)
        except FileNotFoundError:
            return None
        return ObjectInfo(key, found["size"], found["e_tag"])

    def get_json(self, key: str) -> Any:
        """A JSON object's value, or None where there is no such object."""
        return self.get_json_and_etag(key)[0]

    def get_json_and_etag(self, key: str) -> tuple[Any, str | None]:
        """A JSON object's value and ETag, or None and None where there is no such object."""
        data, etag = self.get_and_etag(key)
        return (None if data is None else json.loads(data)), etag

    def get_and_etag(self, key: str) -> tuple[bytes | None, str | None]:
        """A small object's bytes and ETag, or None and None where there is no such object."""
        try:
            with self._asked_for(key):
                got = obstore.get(self._store, key)
                return bytes(got.bytes()), got.meta["e_tag"]
        except FileNotFoundError:
            return None, None

    def put(self, key: str, data: bytes | Path) -> None:
        """Put an object, whole; one that is there is replaced. Raises LakeError for a name no lake can hold."""
        with self._asked_for(key):
            obstore.put(self._store, key, data)

    def put_json(self, key: str, value: Any) -> None:
        """Put a value as readable JSON."""
        self.put(key, as_json(value))

    def create_json(self, key: str, value: Any) -> bool:
        """Put a value as readable JSON unless the key is taken by another; returns whether it is there. One wins."""
        # Taken by the same: by a first attempt of this very put, whose answer was lost.
        return self._create(key, as_json(value)) or self.get_json(key) == value

    def create_file(self, key: str, path: Path) -> None:
        """Put a file as an object that must not be there with other bytes. Raises LakeError where it is."""
        with path.open("rb") as stream:
            is_empty = path.stat().st_size == 0
            data = b"" if is_empty else mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            if not self._create(key, data):
                stream.seek(0)
                if hashlib.file_digest(stream, "sha256").hexdigest() != self.sha256(key):
                    raise LakeError(f"{key} is in the lake {self} already, with other bytes. Nothing was replaced.")

    def _create(self, key: str, data: bytes | mmap.mmap) -> bool:
        """Put an object unless the key is taken; returns whether it was put."""
        return self._create_in(self._store, key, data)

    def _create_in(self, store: LocalStore | S3Store, key: str, data: bytes | mmap.mmap) -> bool:
        try:
            with self._asked_for(key):
                obstore.put(store, key, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        return True

    def delete(self, keys: list[str]) -> None:
        """Delete objects; keys that are not there are no error."""
        with self._asked_for(", ".join(keys)):
            obstore.delete(self._store, keys)


def no_key(key: str) -> LakeError:
    """The error for a key that not every lake can hold."""
    return LakeError(f"{key!r} is no name that every lake can hold; rename the file.")


def require_key(key: str) -> None:
    """Raise LakeError for a key that leads out of the lake."""
    if ".." in key.split("/") or key.startswith("/"):
        raise no_key(key)


def as_json(value: Any) -> bytes:
    """A value as readable JSON."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
