"""One process, measured: wall time from its start to its end, and its peak memory.

Nothing heavy is imported here and in __main__.py: what Linux reports as the peak of a child is at least
the peak of the process that started it, so that the harness must stay small.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from refi_assets.errors import RefiError

PROJECT_DIR = Path(__file__).resolve().parent.parent
CORES = 2


class MeasureError(RefiError):
    """A command failed while it was measured."""


@dataclass(frozen=True)
class Measured:
    """`started` in seconds since 1970; `peak` in bytes."""

    started: float
    seconds: float
    peak: int
    stdout: str

    @property
    def peak_gib(self) -> float:
        """The peak in GiB."""
        return self.peak / 2**30


def use_two_cores() -> None:
    """Keep this process and all that it starts to the first two cores it may use."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def measure(command: Sequence[str | Path], scratch: Path, home: Path | None = None) -> Measured:
    """Run a command in the project's folder and measure it; `home` is its Dagster instance.

    What it spills goes below `scratch`, on disk. Settings (REFI_...) of the caller do not reach it.
    Raises MeasureError with the end of its messages where it fails.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("REFI_", "DAGSTER_"))}
    environment["TMPDIR"] = str(scratch)
    environment["DAGSTER_HOME"] = str(home or scratch)
    os.sync()  # what the one before wrote is not to be waited for by this one
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as messages:
        started, clock = time.time(), time.perf_counter()
        process = subprocess.Popen(command, cwd=PROJECT_DIR, env=environment, stdout=out, stderr=messages)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - clock
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        messages.seek(0)
        if process.returncode:
            raise MeasureError(f"{' '.join(map(str, command))} failed:\n{messages.read()[-2000:]}")
        return Measured(started, seconds, usage.ru_maxrss * 1024, out.read())


def tell(rows: int, job: str, measured: Measured) -> None:
    """Print what was measured."""
    print(f"{rows:>12,}  {job:34} {measured.seconds:8.2f} s {measured.peak_gib * 1024:8.0f} MiB", flush=True)


def python(*arguments: str | Path) -> list[str | Path]:
    """A command line of this Python."""
    return [sys.executable, *arguments]


def command(name: str, *arguments: str | Path) -> list[str | Path]:
    """A command line of a program that is installed beside this Python."""
    return [Path(sys.executable).with_name(name), *arguments]


def dagster_home(folder: Path) -> Path:
    """A new Dagster instance, configured as the project's."""
    folder.mkdir(parents=True)
    shutil.copy(PROJECT_DIR / ".dagster" / "dagster.yaml", folder)
    return folder
