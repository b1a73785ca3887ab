"""A lake on S3, or on a store that speaks its protocol."""

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError
from obstore.store import S3Store as Bucket

from refi_assets import aws
from refi_assets.errors import LakeError, SourceError
from refi_assets.lake.objects import ObjectStore, as_json, require_key

CHUNK_BYTES = 1 << 20
CREDENTIALS_FOR = timedelta(minutes=5)  # then boto3 is asked again, which renews them in time


class S3Store(ObjectStore):
    """A lake below s3://bucket/prefix. Objects are encrypted by the KMS key, if given, or as the bucket has it."""

    def __init__(self, url: str, kms_key_id: str = "") -> None:
        from obstore.auth.boto3 import Boto3CredentialProvider

        super().__init__()
        self.name = url.rstrip("/")
        self.kms_key_id = kms_key_id
        bucket, _, prefix = self.name.removeprefix("s3://").partition("/")
        config: dict[str, Any] = {"region": aws.session().region_name}
        if endpoint := aws.own_endpoint("s3"):
            config |= {"endpoint": endpoint, "client_options": {"allow_http": endpoint.startswith("http://")}}
        if kms_key_id:
            config |= {"server_side_encryption": "aws:kms", "sse_kms_key_id": kms_key_id}
        self._store = Bucket(
            bucket,
            prefix=prefix or None,
            credential_provider=Boto3CredentialProvider(aws.session(), ttl=CREDENTIALS_FOR),
            retry_config={"max_retries": 8, "retry_timeout": timedelta(minutes=1)},
            **config,
        )

    def url(self, key: str) -> str:
        """An s3:// URL."""
        require_key(key)
        return f"{self.name}/{key}"

    def target(self, key: str) -> str:
        """An s3:// URL."""
        return self.url(key)

    @contextmanager
    def new_file(self, key: str) -> Iterator[Path]:
        """A temporary file, which is uploaded in the end, in parts if it is large."""
        with tempfile.TemporaryDirectory(prefix="refi-upload-") as folder:
            path = Path(folder, "file")
            yield path
            if path.exists():
                self.put(key, path)

    def open(self, key: str) -> BufferedReader:
        """One GET, read as it comes."""
        try:
            with self._asked_for(key):
                stream = iter(obstore.get(self._store, key).stream(min_chunk_size=CHUNK_BYTES))
        except FileNotFoundError:
            raise LakeError(f"{key} is not in the lake {self}.") from None
        return BufferedReader(_Chunks(self, key, stream), CHUNK_BYTES)

    def replace_json(self, key: str, value: Any, etag: str | None) -> None:
        """Put a value over the version with this ETag (None: where there is none), or not at all."""
        try:
            with self._asked_for(key):
                obstore.put(self._store, key, as_json(value), mode={"e_tag": etag} if etag else "create")
        except (PreconditionError, AlreadyExistsError):
            return

    def room(self) -> int:
        """Bytes that are free in the folder for temporary files."""
        return shutil.disk_usage(tempfile.gettempdir()).free

    def require_regular_files(self, prefix: str) -> None:
        """Raise SourceError for keys that a folder could not hold."""
        for info in self.objects(prefix):
            if any(name in ("", ".", "..") for name in info.key.split("/")):
                raise SourceError(f"{info.key!a}: a part of its name is empty or leads elsewhere; rename it.")

    def last_change(self, folder: str) -> float:
        """When an object in it was last put."""
        with self._asked_for(folder):
            found = [entry for page in obstore.list(self._store, prefix=folder) for entry in page]
        return max((entry["last_modified"].timestamp() for entry in found), default=time.time())

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
        code, message = (re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL) for tag in ("Code", "Message"))
        if code:
            return f"{code[1]}{': ' + message[1] if message else ''}"
        lines = [line.strip() for line in text.split("\n\nDebug source", maxsplit=1)[0].splitlines() if line.strip()]
        return lines[0] if lines else type(error).__name__


class _Chunks(RawIOBase):
    """An object's chunks as a stream. Raises LakeError where one does not come."""

    def __init__(self, lake: S3Store, key: str, chunks: Iterator[Any]) -> None:
        self._lake, self._key, self._chunks = lake, key, chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._lake._asked_for(self._key):
            while not self._left:
                chunk = next(self._chunks, None)
                if chunk is None:
                    return 0
                self._left = memoryview(chunk)
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size
