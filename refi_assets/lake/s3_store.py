"""A lake on S3, or on a store that speaks its protocol."""

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

PART_BYTES = 12 << 20  # S3 takes 10,000 parts of an upload
PARTS_AT_ONCE = 4
REQUEST_SECONDS = 60.0  # for the most that one request carries, by a slow line: PARTS_AT_ONCE at a time
SLOW_BYTES_PER_SECOND = PART_BYTES * PARTS_AT_ONCE / REQUEST_SECONDS
KEYS_PER_REQUEST = 1000  # that S3 lists at most
APPENDED_WITHIN = 50  # attempts
CREDENTIALS_FOR = timedelta(seconds=1)  # then boto3 is asked again, which keeps them and renews them in time
NEVER_CHANGED = ("runs/", "resolved/")  # what lies there, once it was put
NO_NAME = re.compile(r"(^|/)\.{0,2}(/|$)|[?\\]")  # for DuckDB, a ? begins options of its own


class S3Store(ObjectStore):
    """A lake below s3://bucket/prefix. Objects are encrypted by the KMS key, if given, or as the bucket has it.

    A request that got no whole answer within request_seconds is sent again.
    """

    def __init__(self, url: str, kms_key_id: str = "", request_seconds: float = REQUEST_SECONDS) -> None:
        super().__init__()
        self.name = url.rstrip("/")
        self.kms_key_id = kms_key_id
        self._request_seconds = request_seconds
        self._store = self._bucket(request_seconds)
        self._own_copies = OwnCopies()

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
        """The path of our own copy, if there is one; else the address."""
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
        """Upload it, in parts if it is large, and keep it to be read again."""
        if key := self._own_copies.key_of(Path(path)):
            self.put(key, Path(path))
            self._own_copies.keep(key, Path(path))

    @contextmanager
    def new_file(self, key: str) -> Iterator[Path]:
        """A file on this machine, which is uploaded in the end, and kept to be read again if there is room."""
        path = Path(self.target(key))
        try:
            yield path
            if path.exists():
                self.put(key, path)
                if key.startswith(NEVER_CHANGED) and path.stat().st_size < self.room():
                    self._own_copies.keep(key, path)
        finally:
            if self._own_copies.find(key) != path:
                path.unlink(missing_ok=True)

    def open(self, key: str) -> BufferedReader:
        """A GET for every PART_BYTES, when they are read: however long that takes, no request does."""
        if own := self._own_copies.find(key):
            return own.open("rb")
        return BufferedReader(_Parts(self, key), 1 << 20)

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects below a prefix. The empty one that consoles put for the folder itself is none."""
        return (info for info in super().objects(prefix) if info.key != prefix)

    def folders_between(
        self, prefix: str, first: str, last: str, after: str = ""
    ) -> Iterator[tuple[str, list[ObjectInfo]]]:
        """A request for a thousand objects, of however many folders; each folder by itself if a key beside them is none
        that obstore can read."""
        passed: dict[str, str] = {}
        try:
            for name, objects in self._in_key_order(prefix, first, last, after):
                passed[name] = objects[-1].key
                yield name, objects
        except LakeError as error:
            if "invalid path" not in str(error):
                raise
            for name, objects in super().folders_between(prefix, first, last, after):
                if left := [info for info in objects if info.key > passed.get(name, "")]:
                    yield name, left

    def _in_key_order(self, prefix: str, first: str, last: str, after: str) -> Iterator[tuple[str, list[ObjectInfo]]]:
        """What a page holds of a folder, page by page: whether more of it is on the next, only that would tell."""
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
        """Objects below a prefix whose keys come after a key, a page at a time, as they are asked for."""
        pages = obstore.list(self._store, prefix=prefix, offset=after, chunk_size=KEYS_PER_REQUEST)
        while True:
            with self._asked_for(prefix):
                page = next(pages, None)
            if not page:
                return
            yield [ObjectInfo(entry["path"], entry["size"], entry["e_tag"]) for entry in page]

    def find(self, key: str) -> ObjectInfo | None:
        """What is known of an object, or None where there is none."""
        try:
            return super().find(key)
        except LakeError:
            self.open(key).close()  # to a HEAD, S3 does not say why it refuses; to a GET, it does
            raise

    def put(self, key: str, data: bytes | Path) -> None:
        """Put an object, whole; a large file in parts."""
        with self._asked_for(key):
            obstore.put(self._store, key, data, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)

    def version(self, info: ObjectInfo) -> Version:
        """By size and ETag."""
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
        """Put a value over the version with this ETag (None: where there is none), or not at all."""
        try:
            with self._asked_for(key):
                obstore.put(self._store, key, as_json(value), mode={"e_tag": etag} if etag else "create")
        except (PreconditionError, AlreadyExistsError):
            return

    def append(self, key: str, data: bytes, *, start: bytes) -> None:
        """Put the object anew with the bytes at its end, over the version that was read, until no other came between.

        Raises LakeError where others always do.
        """
        wanted: bytes | None = None
        for _ in range(APPENDED_WITHIN):
            before, etag = self.get_and_etag(key)
            if wanted is not None and before is not None and before.startswith(wanted):
                return  # by a put whose answer was lost
            wanted = (start if before is None else before) + data
            try:
                with self._asked_for(key):
                    obstore.put(self._store, key, wanted, mode={"e_tag": etag} if etag else "create")
            except (PreconditionError, AlreadyExistsError):
                continue
            return
        raise LakeError(f"{key} in the lake {self} is changed by others all the time; nothing was added. Try again.")

    def _create(self, key: str, data: bytes | mmap.mmap) -> bool:
        """One request, as parts know no condition; a large file has as long as a slow line needs."""
        seconds = max(self._request_seconds, len(data) / SLOW_BYTES_PER_SECOND)
        store = self._store if seconds == self._request_seconds else self._bucket(seconds)
        for attempt in range(aws.max_attempts()):
            if self._create_in(store, key, data):
                return True
            if self.find(key):
                return False
            time.sleep(0.1 * 2**attempt)  # refused for another put of the key that is under way, and may yet fail
        raise LakeError(f"{key} in the lake {self}: S3 says again and again that another put of it is under way.")

    def room(self) -> int:
        """Bytes that are free in the folder for temporary files."""
        return shutil.disk_usage(tempfile.gettempdir()).free

    def require_regular_files(self, prefix: str) -> None:
        """Raise SourceError for keys that a folder could not hold, or that DuckDB cannot ask S3 for."""
        for info in self.objects(prefix):
            if NO_NAME.search(info.key):
                raise SourceError(
                    f"{info.key!a}: a part of its name is empty or leads elsewhere, or a ? or a backslash is in it; "
                    "rename it."
                )

    def last_change(self, folder: str) -> float:
        """When an object in it was last put."""
        with self._asked_for(folder):
            found = [entry for page in obstore.list(self._store, prefix=folder) for entry in page]
        return max((entry["last_modified"].timestamp() for entry in found), default=time.time())

    def delete(self, keys: list[str]) -> None:
        """Delete objects, and our own copies of them."""
        super().delete(keys)
        self._own_copies.forget(keys)

    def delete_folder(self, folder: str) -> None:
        """Delete its objects."""
        self.delete([info.key for info in self.objects(folder)])

    def delete_unfinished(self, before: float) -> int:
        """Nothing: the bucket's lifecycle ends uploads that were never completed."""
        return 0

    def _require_open(self) -> None:
        """A request tells."""

    def _reason(self, error: Exception) -> str:
        """S3's code and message, or the last words of the client's."""
        text = str(error)
        if said := aws.s3_message(text):
            return said
        first = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
        if status := re.search(r"status code: ([0-9]{3} [A-Za-z ]+)", first):
            return status[1]
        return re.sub(
            "^(Generic S3 error: )?(Error performing .*? - )?", "", first.rpartition("credential provider: ")[2]
        )


class _Parts(RawIOBase):
    """An object's bytes, asked for part by part. Raises LakeError where one does not come, or is another version's."""

    def __init__(self, lake: S3Store, key: str) -> None:
        self._lake, self._key = lake, key
        self._at = 0
        try:
            with lake._asked_for(key):
                self._size, self._etag, self._left = self._first()
        except FileNotFoundError:
            raise LakeError(f"{key} is not in the lake {lake}.") from None
        self._at = len(self._left)

    def _first(self) -> tuple[int, str | None, memoryview]:
        """The object's size, its ETag and its first part."""
        try:
            got = obstore.get(self._lake._store, self._key, options={"range": (0, PART_BYTES)})
        except GenericError as error:
            if "InvalidRange" in str(error):  # S3 gives no part of an empty object
                return 0, None, memoryview(b"")
            raise
        return got.meta["size"], got.meta["e_tag"], memoryview(got.bytes())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left and self._at < self._size:
            self._left = self._next()
            self._at += len(self._left)
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size

    def _next(self) -> memoryview:
        end = min(self._at + PART_BYTES, self._size)
        try:
            with self._lake._asked_for(self._key):
                got = obstore.get(
                    self._lake._store, self._key, options={"range": (self._at, end), "if_match": self._etag}
                )
                return memoryview(got.bytes())
        except (PreconditionError, FileNotFoundError):
            raise LakeError(
                f"{self._key} in the lake {self._lake} changed while it was read. Run again when it has been written."
            ) from None
