"""A lake on S3, or on a store with its API."""

import hashlib
import mmap
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BufferedReader, RawIOBase
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any, BinaryIO

import obstore
from obstore.exceptions import AlreadyExistsError, GenericError, PreconditionError
from obstore.store import S3Store as Bucket

from refi_assets import aws
from refi_assets.errors import LakeError, SourceError
from refi_assets.lake.objects import ObjectInfo, ObjectStore, Version, as_json, require_key
from refi_assets.lake.own_copies import OwnCopies

PART_BYTES = 12 << 20  # an upload has at most 10,000 parts
PARTS_AT_ONCE = 4
REQUEST_SECONDS = 60.0  # for PARTS_AT_ONCE parts over a slow line
SLOW_BYTES_PER_SECOND = PART_BYTES * PARTS_AT_ONCE / REQUEST_SECONDS
KEYS_PER_REQUEST = 1000  # S3's limit
APPEND_ATTEMPTS = 50
CREDENTIALS_FOR = timedelta(seconds=1)  # then boto3 is asked again, which caches and renews them
IMMUTABLE = ("runs/", "resolved/")  # objects there never change after their put
INVALID_NAME = re.compile(r"(^|/)\.{0,2}(/|$)|[?\\]")  # to DuckDB, a ? begins options


class S3Store(ObjectStore):
    """A lake below s3://bucket/prefix. Objects are encrypted with the KMS key, or by the bucket's default.

    A request without a complete response within request_seconds is sent again.
    """

    def __init__(self, url: str, kms_key_id: str = "", request_seconds: float = REQUEST_SECONDS) -> None:
        super().__init__()
        self.name = url.rstrip("/")
        self.kms_key_id = kms_key_id
        self._request_seconds = request_seconds
        self._store = self._bucket(request_seconds)
        self._own_copies = OwnCopies()

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the lake on its own, with its own credentials."""
        return S3Store, (self.name, self.kms_key_id, self._request_seconds)

    def _bucket(self, request_seconds: float) -> Bucket:
        from obstore.auth.boto3 import Boto3CredentialProvider

        bucket, _, prefix = self.name.removeprefix("s3://").partition("/")
        endpoint = aws.custom_endpoint("s3")
        config: dict[str, Any] = {"region": aws.session().region_name}
        if endpoint:
            config["endpoint"] = endpoint
        if self.kms_key_id:
            config |= {"server_side_encryption": "aws:kms", "sse_kms_key_id": self.kms_key_id}
        return Bucket(
            bucket,
            prefix=prefix or None,
            credential_provider=Boto3CredentialProvider(aws.session(), ttl=CREDENTIALS_FOR),
            client_options={
                "allow_http": bool(endpoint and endpoint.startswith("http://")),
                "timeout": timedelta(seconds=request_seconds),
            },
            retry_config={
                "max_retries": aws.max_attempts() - 1,
                "backoff": {"init_backoff": timedelta(milliseconds=200), "base": 4},
                "retry_timeout": timedelta(minutes=3),
            },
            **config,
        )

    def url(self, key: str) -> str:
        """The path of the local copy, if there is one; otherwise the address."""
        own = self._own_copies.find(key)
        return str(own) if own else self.address(key)

    def address(self, key: str) -> str:
        """An s3:// URL."""
        require_key(key)
        return f"{self.name}/{key}"

    def target(self, key: str) -> str:
        """The path of a file on this machine."""
        require_key(key)
        return str(self._own_copies.place(key))

    def written(self, path: str) -> None:
        """Upload a target, in parts if it is large."""
        if key := self._own_copies.key_of(Path(path)):
            self._upload(key, Path(path))

    @contextmanager
    def new_file(self, key: str) -> Iterator[Path]:
        """The path of a file on this machine, which is uploaded at the end."""
        path = Path(self.target(key))
        try:
            yield path
            if path.exists():
                self._upload(key, path)
        finally:
            if self._own_copies.find(key) != path:
                path.unlink(missing_ok=True)

    def _upload(self, key: str, path: Path) -> None:
        """Put a file, and keep it as the local copy if the object will never change and there is room."""
        self.put(key, path)
        if key.startswith(IMMUTABLE) and path.stat().st_size < self.room():
            self._own_copies.keep(key, path)

    def open(self, key: str) -> BufferedReader:
        """A stream that sends a GET for each PART_BYTES when they are read, so that a slow reader has no timeout."""
        if own := self._own_copies.find(key):
            return own.open("rb")
        return BufferedReader(_Parts(self, key), 1 << 20)

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects below a prefix, without the empty one that consoles put for the folder itself."""
        return (info for info in super().objects(prefix) if info.key != prefix)

    def folders_between(
        self, prefix: str, first: str, last: str, after: str = ""
    ) -> Iterator[tuple[str, list[ObjectInfo]]]:
        """One request for a thousand objects, in any number of folders; one for each folder if a key beside them is
        invalid to obstore."""
        last_keys: dict[str, str] = {}  # of the folders so far
        try:
            for name, objects in self._in_key_order(prefix, first, last, after):
                last_keys[name] = objects[-1].key
                yield name, objects
        except LakeError as error:
            if "invalid path" not in str(error):
                raise
            for name, objects in super().folders_between(prefix, first, last, after):
                if remaining := [info for info in objects if info.key > last_keys.get(name, "")]:
                    yield name, remaining

    def _in_key_order(self, prefix: str, first: str, last: str, after: str) -> Iterator[tuple[str, list[ObjectInfo]]]:
        """Folders and their objects, page by page: a folder may continue on the next page."""
        start, end = f"{prefix}/{first}/", f"{prefix}/{last}/"  # with their slash, as a.b/ comes before a/

        def is_upto_last(info: ObjectInfo) -> bool:
            return info.key < end or info.key.startswith(end)

        def folder(info: ObjectInfo) -> str:
            return info.key.removeprefix(f"{prefix}/").partition("/")[0]

        for page in self._pages(prefix, after or f"{prefix}/{first}"):
            for name, objects in groupby(takewhile(is_upto_last, page), folder):
                inside = [info for info in objects if info.key >= start and info.key.startswith(f"{prefix}/{name}/")]
                if inside:
                    yield name, sorted(inside, key=lambda info: info.key)
            if not is_upto_last(page[-1]):
                return

    def _pages(self, prefix: str, after: str) -> Iterator[list[ObjectInfo]]:
        """Objects below a prefix whose keys come after a key, listed lazily, a page at a time."""
        pages = obstore.list(self._store, prefix=prefix, offset=after, chunk_size=KEYS_PER_REQUEST)
        while True:
            with self._asked_for(prefix):
                page = next(pages, None)
            if not page:
                return
            yield [ObjectInfo(entry["path"], entry["size"], entry["e_tag"]) for entry in page]

    def find(self, key: str) -> ObjectInfo | None:
        """The size and ETag of an object, or None if there is none."""
        try:
            return super().find(key)
        except LakeError:
            self.open(key).close()  # S3 gives the reason for a refusal to a GET, but not to a HEAD
            raise

    def put(self, key: str, data: bytes | Path) -> None:
        """Put an object; a large file in parts."""
        with self._asked_for(key):
            obstore.put(self._store, key, data, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)

    def version(self, info: ObjectInfo) -> Version:
        """The size and ETag."""
        return Version(f"{info.size} bytes, ETag {info.etag}", info.etag is not None)

    def put_hashed(self, key: str, path: Path) -> tuple[str, Version]:
        """Hash a file while it is uploaded, in parts if it is large."""
        sha256, size = hashlib.sha256(), 0

        def blocks(stream: BinaryIO) -> Iterator[bytes]:
            nonlocal size
            while block := stream.read(PART_BYTES):
                sha256.update(block)
                size += len(block)
                yield block

        with self._asked_for(key), path.open("rb") as stream:
            is_large = path.stat().st_size > PART_BYTES
            data = blocks(stream) if is_large else b"".join(blocks(stream))
            put = obstore.put(self._store, key, data, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)
        return sha256.hexdigest(), self.version(ObjectInfo(key, size, put["e_tag"]))

    def replace_json(self, key: str, value: Any, etag: str | None) -> None:
        """Put a value over the version with this ETag (None: no object yet), or not at all."""
        try:
            with self._asked_for(key):
                obstore.put(self._store, key, as_json(value), mode={"e_tag": etag} if etag else "create")
        except (PreconditionError, AlreadyExistsError):
            return

    def append(self, key: str, data: bytes, *, start: bytes) -> None:
        """Put the object again with the bytes at its end, over the version that was read; repeat if it has changed.

        Raises LakeError if it keeps changing.
        """
        appended: bytes | None = None
        for _ in range(APPEND_ATTEMPTS):
            before, etag = self.get_and_etag(key)
            if appended is not None and before is not None and before.startswith(appended):
                return  # an earlier attempt succeeded, and its answer was lost
            appended = (start if before is None else before) + data
            try:
                with self._asked_for(key):
                    obstore.put(self._store, key, appended, mode={"e_tag": etag} if etag else "create")
            except (PreconditionError, AlreadyExistsError):
                continue
            return
        raise LakeError(f"{key} in the lake {self} is constantly changed by others; nothing was added. Try again.")

    def create(self, key: str, data: bytes | mmap.mmap) -> bool:
        """One request, since parts cannot have a condition; its timeout allows for a large file over a slow line."""
        seconds = max(self._request_seconds, len(data) / SLOW_BYTES_PER_SECOND)
        store = self._store if seconds == self._request_seconds else self._bucket(seconds)
        for attempt in range(aws.max_attempts()):
            if self._create_in(store, key, data):
                return True
            if self.find(key):
                return False
            time.sleep(0.1 * 2**attempt)  # another put of the key is under way, and may still fail
        raise LakeError(f"{key} in the lake {self}: S3 reports repeatedly that another put of it is under way.")

    def room(self) -> int:
        """Free bytes in the folder for temporary files."""
        return shutil.disk_usage(tempfile.gettempdir()).free

    def require_regular_files(self, prefix: str) -> None:
        """Raise SourceError for keys that a folder cannot hold, or that DuckDB cannot read from S3."""
        for info in self.objects(prefix):
            if INVALID_NAME.search(info.key):
                raise SourceError(
                    f"{info.key!a}: a part of its name is empty, '.' or '..', or it contains a ? or a backslash; "
                    "rename it."
                )

    def last_change(self, folder: str) -> float:
        """When an object in it was last put."""
        with self._asked_for(folder):
            entries = [entry for page in obstore.list(self._store, prefix=folder) for entry in page]
        return max((entry["last_modified"].timestamp() for entry in entries), default=time.time())

    def delete(self, keys: list[str]) -> None:
        """Delete objects and their local copies."""
        super().delete(keys)
        self._own_copies.forget(keys)

    def delete_folder(self, folder: str) -> None:
        """Delete its objects."""
        self.delete([info.key for info in self.objects(folder)])

    def delete_unfinished(self, before: float) -> int:
        """Nothing to do: the bucket's lifecycle rule ends incomplete uploads."""
        return 0

    def require_open(self) -> None:
        """Nothing to do: a request will show it."""

    def _reason(self, error: Exception) -> str:
        """S3's code and message, or the end of the client's message."""
        text = str(error)
        if message := aws.s3_message(text):
            return message
        first = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
        if status := re.search(r"status code: ([0-9]{3} [A-Za-z ]+)", first):
            return status[1]
        return re.sub(
            "^(Generic S3 error: )?(Error performing .*? - )?", "", first.rpartition("credential provider: ")[2]
        )


class _Parts(RawIOBase):
    """An object's bytes, requested in parts. Raises LakeError if one cannot be read, or is of another version."""

    def __init__(self, lake: S3Store, key: str) -> None:
        self._lake, self._key = lake, key
        try:
            with lake._asked_for(key):
                self._size, self._etag, self._unread = self._first()
        except FileNotFoundError:
            raise LakeError(f"{key} is not in the lake {lake}.") from None
        self._position = len(self._unread)

    def _first(self) -> tuple[int, str | None, memoryview]:
        """The object's size, its ETag and its first part."""
        try:
            response = obstore.get(self._lake._store, self._key, options={"range": (0, PART_BYTES)})
        except GenericError as error:
            if "InvalidRange" in str(error):  # an empty object has no parts
                return 0, None, memoryview(b"")
            raise
        return response.meta["size"], response.meta["e_tag"], memoryview(response.bytes())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._unread and self._position < self._size:
            self._unread = self._next()
            self._position += len(self._unread)
        size = min(len(buffer), len(self._unread))
        buffer[:size], self._unread = self._unread[:size], self._unread[size:]
        return size

    def _next(self) -> memoryview:
        end = min(self._position + PART_BYTES, self._size)
        try:
            with self._lake._asked_for(self._key):
                response = obstore.get(
                    self._lake._store, self._key, options={"range": (self._position, end), "if_match": self._etag}
                )
                return memoryview(response.bytes())
        except (PreconditionError, FileNotFoundError):
            raise LakeError(
                f"{self._key} in the lake {self._lake} changed while it was read. Run again when it is complete."
            ) from None
