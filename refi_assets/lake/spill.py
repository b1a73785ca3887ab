"""Temporary folders that are removed when they are closed, or after a kill by a later process."""

import fcntl
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX = "refi-spill-"


class SpillFolder:
    """A folder below TMPDIR, removed by close(). The kernel holds its lock while this process lives."""

    def __init__(self) -> None:
        remove_abandoned()
        new = Path(tempfile.mkdtemp(prefix="refi-new-"))
        self._lock = _lock_of(new).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Only now may other processes see it, since it is locked.
        self.path = new.rename(new.with_name(new.name.replace("refi-new-", PREFIX)))

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def remove_abandoned() -> None:
    """Remove the folders of processes that have ended."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), _lock_of(path).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)


def _lock_of(path: Path) -> Path:
    return path / "lock"
