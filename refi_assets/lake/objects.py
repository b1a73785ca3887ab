"""Objects of the lake by key: one small interface over obstore, for a folder and for S3.

Keys are paths relative to the lake ('raw/SOURCE/load_date=2026-02-20/part.csv'). A put is complete or absent, never
partial. The meaning of keys belongs to raw_zone.py, relations.py and activation/; the differences between the stores
are in folder_store.py and s3_store.py.
"""

import hashlib
import json
import mmap
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore, S3Store

from refi_assets.errors import LakeError

T = TypeVar("T")


@dataclass(frozen=True)
class ObjectInfo:
    """An object's key, its size in bytes, and its ETag, which changes with the object."""

    key: str
    size: int
    etag: str | None = None


class Version(NamedTuple):
    """A text that changes when an object's bytes do.

    Unless it `is_settled`, a change within the next moment may not change the text.
    """

    text: str
    is_settled: bool


class ObjectStore(ABC):
    """A lake. `name` is its folder or its s3:// URL. Methods raise LakeError."""

    name: str
    _store: LocalStore | S3Store

    def __init__(self) -> None:
        self._immutable: dict[str, Any] = {}  # values of objects that are put once, by key

    @abstractmethod
    def url(self, key: str) -> str:
        """Where this process reads an object: an absolute path, or an s3:// URL."""

    @abstractmethod
    def address(self, key: str) -> str:
        """Where other processes find an object or a folder: an absolute path, or an s3:// URL."""

    @abstractmethod
    def target(self, key: str) -> str:
        """The path at which DuckDB writes an object, and may read it. Call written() afterwards."""

    @abstractmethod
    def written(self, path: str) -> None:
        """DuckDB has written a complete file; if it is a target, the object exists when this returns."""

    @abstractmethod
    def new_file(self, key: str) -> AbstractContextManager[Path]:
        """A path at which to write a file; if the file exists at the end, it becomes the object."""

    @abstractmethod
    def open(self, key: str) -> BufferedReader:
        """A stream of an object's bytes, to be read once from the start."""

    @abstractmethod
    def version(self, info: ObjectInfo) -> Version:
        """The version of an existing object."""

    @abstractmethod
    def put_hashed(self, key: str, path: Path) -> tuple[str, Version]:
        """Put a file as put() does; returns the SHA-256 of the bytes that were put, and their version."""

    @abstractmethod
    def replace_json(self, key: str, value: Any, etag: str | None) -> None:
        """Put a value as readable JSON; if the store supports it, only over the version with this ETag."""

    @abstractmethod
    def append(self, key: str, data: bytes, *, start: bytes) -> None:
        """Add bytes to the end of an object, which is created as `start`. Concurrent additions are kept."""

    @abstractmethod
    def room(self) -> int:
        """Free bytes on the disk to which new_file() writes."""

    @abstractmethod
    def require_regular_files(self, prefix: str) -> None:
        """Raise SourceError for anything below a prefix that is not a regular file of the lake."""

    @abstractmethod
    def last_change(self, folder: str) -> float:
        """When a put into a folder last began or ended, in seconds since 1970."""

    @abstractmethod
    def delete_folder(self, folder: str) -> None:
        """Delete everything in a folder, including unfinished puts."""

    @abstractmethod
    def delete_unfinished(self, before: float) -> int:
        """Delete files of interrupted puts, which are not objects, if they are older; returns their number."""

    @abstractmethod
    def _reason(self, error: Exception) -> str:
        """The cause of a failure, in words."""

    @abstractmethod
    def require_open(self) -> None:
        """Raise LakeError if the store can see without a request that there is no lake."""

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def _asked_for(self, key: str) -> Iterator[None]:
        """Raise the store's failures as LakeErrors that name the key."""
        self.require_open()
        try:
            yield
        except (FileNotFoundError, AlreadyExistsError, PreconditionError):
            raise
        except (BaseError, OSError) as error:
            raise LakeError(f"{key} in the lake {self}: {self._reason(error).rstrip('.')}.") from None
        except ValueError:
            raise invalid_key(key) from None
        finally:
            self.require_open()  # a lake that has vanished since is neither an empty one nor one without this key

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects below a prefix (a whole folder name), in key order."""
        with self._asked_for(prefix):
            entries = [entry for page in obstore.list(self._store, prefix=prefix) for entry in page]
        for entry in sorted(entries, key=lambda entry: entry["path"]):
            yield ObjectInfo(entry["path"], entry["size"], entry["e_tag"])

    def folders(self, prefix: str) -> list[str]:
        """Names of the folders directly below a prefix, sorted."""
        return [name.removesuffix("/") for name in self.names(prefix) if name.endswith("/")]

    def folders_between(
        self, prefix: str, first: str, last: str, after: str = ""
    ) -> Iterator[tuple[str, list[ObjectInfo]]]:
        """Folders directly below a prefix, from one name to another, each with its objects; listed lazily.

        From the first folder, only objects whose keys follow `after`. A folder of many objects may come in parts.
        """
        for name in self.folders(prefix):
            if first <= name <= last:
                yield name, [info for info in self.objects(f"{prefix}/{name}") if name != first or info.key > after]

    def names(self, prefix: str) -> list[str]:
        """Names of the folders and objects directly below a prefix, sorted; those of folders end in a slash."""
        with self._asked_for(prefix):
            listing = obstore.list_with_delimiter(self._store, prefix=prefix)
        folders = [f"{path}/" for path in listing["common_prefixes"]]
        paths = [*folders, *(entry["path"] for entry in listing["objects"])]
        return sorted(path.removeprefix(f"{prefix}/") for path in paths if path != prefix)

    def sha256(self, key: str) -> str:
        """SHA-256 of an object's bytes."""
        with self._asked_for(key), self.open(key) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def find(self, key: str) -> ObjectInfo | None:
        """The size and ETag of an object, or None if there is none."""
        try:
            with self._asked_for(key):
                head = obstore.head(self._store, key)
        except FileNotFoundError:
            return None
        return ObjectInfo(key, head["size"], head["e_tag"])

    def get_json(self, key: str) -> Any:
        """The value of a JSON object, or None if there is no such object."""
        return self.get_json_and_etag(key)[0]

    def get_json_and_etag(self, key: str) -> tuple[Any, str | None]:
        """The value and ETag of a JSON object, or None and None if there is no such object."""
        data, etag = self.get_and_etag(key)
        return (None if data is None else json.loads(data)), etag

    def get_and_etag(self, key: str) -> tuple[bytes | None, str | None]:
        """The bytes and ETag of a small object, or None and None if there is no such object."""
        try:
            with self._asked_for(key):
                response = obstore.get(self._store, key)
                return bytes(response.bytes()), response.meta["e_tag"]
        except FileNotFoundError:
            return None, None

    def get_immutable(self, key: str, parse: Callable[[Any], T]) -> T | None:
        """The parsed value of a JSON object that never changes after its put, read once; None if it does not exist."""
        if key not in self._immutable and (value := self.get_json(key)) is not None:
            self._immutable[key] = parse(value)
        return self._immutable.get(key)

    def put_immutable(self, key: str, json_value: Any, value: Any) -> None:
        """Put a JSON object that will never change; get_immutable() returns `value` for it."""
        self.put_json(key, json_value)
        self._immutable[key] = value

    def put(self, key: str, data: bytes | Path) -> None:
        """Put a complete object; an existing one is replaced. Raises LakeError for a name that no lake can hold."""
        with self._asked_for(key):
            obstore.put(self._store, key, data)

    def put_json(self, key: str, value: Any) -> None:
        """Put a value as readable JSON."""
        self.put(key, as_json(value))

    def create_json(self, key: str, value: Any) -> bool:
        """Put a value as readable JSON unless the key has another value; returns whether it is there. One put wins."""
        # An equal value may be from the first attempt of this put, if its answer was lost.
        return self.create(key, as_json(value)) or self.get_json(key) == value

    def create_file(self, key: str, path: Path) -> None:
        """Put a file as a new object. Raises LakeError if the key has other bytes."""
        with path.open("rb") as stream:
            is_empty = path.stat().st_size == 0
            data = b"" if is_empty else mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            if not self.create(key, data):
                stream.seek(0)
                if hashlib.file_digest(stream, "sha256").hexdigest() != self.sha256(key):
                    raise LakeError(f"{key} is in the lake {self} already, with other bytes. Nothing was replaced.")

    def create(self, key: str, data: bytes | mmap.mmap) -> bool:
        """Put an object unless the key exists; returns whether it was put."""
        return self._create_in(self._store, key, data)

    def _create_in(self, store: LocalStore | S3Store, key: str, data: bytes | mmap.mmap) -> bool:
        try:
            with self._asked_for(key):
                obstore.put(store, key, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        return True

    def delete(self, keys: list[str]) -> None:
        """Delete objects; missing keys are ignored."""
        with self._asked_for(", ".join(keys)):
            obstore.delete(self._store, keys)


def invalid_key(key: str) -> LakeError:
    """The error for a key that not every lake can hold."""
    return LakeError(f"{key!r} is not a valid name for every lake; rename the file.")


def require_key(key: str) -> None:
    """Raise LakeError for a key that leads out of the lake."""
    if ".." in key.split("/") or key.startswith("/"):
        raise invalid_key(key)


def as_json(value: Any) -> bytes:
    """A value as readable JSON."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
