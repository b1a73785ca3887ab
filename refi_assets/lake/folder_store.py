"""A lake in a local folder."""

import hashlib
import itertools
import mmap
import os
import re
import shutil
import stat
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any

from obstore.store import LocalStore

from refi_assets.errors import LakeError, SourceError
from refi_assets.lake.objects import ObjectInfo, ObjectStore, Version, require_key

SETTLED_NS = 2_000_000_000  # the coarsest file system times have a resolution of two seconds
COPIED_BYTES = 256 << 10  # at once
MAX_NAME_BYTES = 240  # file systems take 255; the unfinished file of a put has a longer name


class FolderStore(ObjectStore):
    """A lake in a local folder. With `create`, a missing folder is created."""

    def __init__(self, folder: str, *, create: bool = True) -> None:
        super().__init__()
        self.root = Path(folder).expanduser().resolve()
        self.name = str(self.root)
        if create:
            try:
                self.root.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LakeError(f"The lake {self.root} cannot be opened: {error.strerror}.") from None
        with self._asked_for(""):
            self._store = LocalStore(prefix=self.root, automatic_cleanup=True)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the lake on its own."""
        return partial(FolderStore, create=False), (self.name,)

    def require_open(self) -> None:
        """See ObjectStore."""
        if not self.root.is_dir():
            raise LakeError(f"There is no lake {self.root}. Restore it, or create one: refi ingest --source DIR.")

    def url(self, key: str) -> str:
        """An absolute path."""
        return str(self._path(key))

    def address(self, key: str) -> str:
        """An absolute path."""
        return self.url(key)

    def target(self, key: str) -> str:
        """An absolute path, in an existing folder."""
        path = self._path(key)
        with self._asked_for(key):
            self._make_folder(path.parent)
        return str(path)

    def written(self, path: str) -> None:
        """Nothing to do: the target is the object."""

    @contextmanager
    def new_file(self, key: str) -> Iterator[Path]:
        """The object's own path."""
        yield Path(self.target(key))

    def open(self, key: str) -> BufferedReader:
        """The file."""
        try:
            with self._asked_for(key):
                return self._path(key).open("rb")
        except FileNotFoundError:
            raise self._absent(key) from None

    def version(self, info: ObjectInfo) -> Version:
        """The file's inode, size and times; settled two seconds after a change, by the file system's clock."""
        try:
            with self._asked_for(info.key), tempfile.TemporaryFile(dir=self.root) as now:
                return version_of_file(self._path(info.key), os.fstat(now.fileno()).st_mtime_ns)
        except FileNotFoundError:
            raise self._absent(info.key) from None

    def put(self, key: str, data: bytes | Path) -> None:
        """See ObjectStore. Not by obstore, which would create a lake again that vanishes at this moment."""
        target = Path(self.target(key))
        with self._asked_for(key), _unfinished(target) as file:
            if isinstance(data, Path):
                with data.open("rb") as source:
                    shutil.copyfileobj(source, file, COPIED_BYTES)
            else:
                _write_all(file, data)
            os.replace(file.name, target)

    def put_hashed(self, key: str, path: Path) -> tuple[str, Version]:
        """Copy a file with its modification time: the copy of an old file is old until somebody writes to it.

        So the returned version of an old file is the one that was hashed: see docs/adr/0014.
        """
        target, sha256 = Path(self.target(key)), hashlib.sha256()
        with self._asked_for(key), path.open("rb", buffering=0) as source, _unfinished(target) as copy:
            buffer = memoryview(bytearray(COPIED_BYTES))
            while size := source.readinto(buffer):
                sha256.update(buffer[:size])
                _write_all(copy, buffer[:size])
            times = os.fstat(source.fileno())
            with suppress(OSError):  # not every file system supports it
                os.utime(copy.fileno(), ns=(times.st_atime_ns, times.st_mtime_ns))
            os.replace(copy.name, target)
            put = os.fstat(copy.fileno())
        is_settled = put.st_mtime_ns == times.st_mtime_ns < put.st_ctime_ns - SETTLED_NS
        return sha256.hexdigest(), Version(_version(put), is_settled)

    def replace_json(self, key: str, value: Any, etag: str | None) -> None:
        """Put a value. A folder cannot compare and swap: callers read the value again afterwards."""
        self.put_json(key, value)

    def append(self, key: str, data: bytes, *, start: bytes) -> None:
        """Add bytes in one write; the operating system puts it at the end of the file at that moment."""
        self.create(key, start)
        with self._asked_for(key), self._path(key).open("ab", buffering=0) as stream:
            stream.write(data)

    def create(self, key: str, data: bytes | mmap.mmap) -> bool:
        """See ObjectStore."""
        target = Path(self.target(key))
        with self._asked_for(key), _unfinished(target) as file:
            _write_all(file, data)
            try:
                target.hardlink_to(file.name)
            except FileExistsError:
                return False
            finally:
                Path(file.name).unlink()
        return True

    def room(self) -> int:
        """Free bytes on the lake's disk."""
        return shutil.disk_usage(self.root).free

    def require_regular_files(self, prefix: str) -> None:
        """Raise SourceError for links that lead out of the lake, pipes and the like."""
        for folder, folders, names in os.walk(self.url(prefix)):
            for name in sorted(folders + names):
                path = Path(folder, name)
                key = path.relative_to(self.root).as_posix()
                if is_hidden(key.removeprefix(f"{prefix}/")) or (name in folders and not path.is_symlink()):
                    continue
                require_regular_file(path, self.root, key)

    def last_change(self, folder: str) -> float:
        """When the folder, or anything in it, was last modified."""
        path = self._path(folder)
        return max(map(_modified, (path, *path.rglob("*"))))

    def delete_folder(self, folder: str) -> None:
        """Delete the folder."""
        shutil.rmtree(self._path(folder), ignore_errors=True)

    def delete_unfinished(self, before: float) -> int:
        """Delete unfinished files of obstore's if they are older; returns their number."""
        unfinished = [path for path in self.root.rglob("*#*") if re.search("#[0-9]+$", path.name)]  # obstore's names
        old = [path for path in unfinished if path.is_file() and _modified(path) < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _make_folder(self, folder: Path) -> None:
        """Create a folder of the lake, but never the lake itself. Raises OSError."""
        for path in reversed([folder, *folder.parents]):
            if path.is_relative_to(self.root) and path != self.root:
                path.mkdir(exist_ok=True)

    def _absent(self, key: str) -> LakeError:
        return LakeError(f"{key} is not in the lake {self}.")

    def _path(self, key: str) -> Path:
        require_key(key)
        return self.root / key

    def _reason(self, error: Exception) -> str:
        """The operating system's message, which is the last in the store's."""
        if isinstance(error, OSError):
            return error.strerror or str(error)
        messages = re.findall(r"[^:\n]+(?= \(os error [0-9]+\))", str(error))
        return messages[-1].strip() if messages else str(error).splitlines()[0]


@contextmanager
def _unfinished(target: Path) -> Iterator[FileIO]:
    """A new file beside the target, deleted if it is not renamed."""
    with _new_beside(target) as file:
        try:
            yield file
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _write_all(file: FileIO, data: bytes | memoryview | mmap.mmap) -> None:
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[file.write(remaining) :]


def _new_beside(target: Path) -> FileIO:
    """A new file with a name like those of obstore's unfinished files."""
    numbers = itertools.count(1)
    while True:
        with suppress(FileExistsError):
            return Path(f"{target}#{next(numbers)}").open("xb", buffering=0)


def version_of_file(path: Path, now_ns: int) -> Version:
    """The version of a file at a time in nanoseconds since 1970."""
    status = path.stat()
    return Version(_version(status), max(status.st_mtime_ns, status.st_ctime_ns) < now_ns - SETTLED_NS)


def _version(file: os.stat_result) -> str:
    return f"inode {file.st_ino}, {file.st_size} bytes, mtime {file.st_mtime_ns}, ctime {file.st_ctime_ns}"


def is_hidden(path: str) -> bool:
    """Whether a name in the path begins with ., _ or ~$: markers, locks, and unfinished files of other programs."""
    return any(name.startswith((".", "_", "~$")) for name in path.split("/"))


def require_regular_file(path: Path, folder: Path, shown: str) -> None:
    """Raise SourceError unless a path, links followed, is a regular file inside a folder, with a name for any lake.

    Opening a pipe would wait forever, and a link may lead to any file of the machine.
    """
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path.name):
        raise SourceError(f"{shown!a}: its name contains a control character or an invalid one; rename it.")
    if len(os.fsencode(path.name)) > MAX_NAME_BYTES:
        raise SourceError(f"{shown}: its name is longer than {MAX_NAME_BYTES} bytes; rename it.")
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(folder)):
        raise SourceError(f"{shown} leads out of {folder} by a link; put the file itself there.")
    try:
        is_regular = stat.S_ISREG(real.lstat().st_mode)
    except OSError:
        raise SourceError(f"{shown} leads to nothing by a link; put the file itself there.") from None
    if not is_regular:
        raise SourceError(f"{shown} is not a regular file; remove it.")


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # renamed or deleted since the listing
        return time.time()
