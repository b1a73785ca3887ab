"""One process, measured: wall time from its start to its end, and its peak memory.

The modules of the harness import nothing heavy: the peak that Linux reports for a child is at least the peak of the
process that started it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from refi_assets.errors import RefiError

PROJECT_DIR = Path(__file__).resolve().parent.parent
CORES = 2
# Settings of the caller; and without bytecode, each process would compile all its imports.
NOT_PASSED_ON = ("REFI_", "DAGSTER_", "AWS_", "PYTHONDONTWRITEBYTECODE")


class MeasureError(RefiError):
    """A command failed while it was measured."""


@dataclass(frozen=True)
class Measured:
    """`started` in seconds since 1970; `peak` in bytes; `cpu_seconds` of all threads, with the kernel's."""

    started: float
    seconds: float
    peak: int
    stdout: str
    cpu_seconds: float = 0.0

    @property
    def peak_gib(self) -> float:
        """The peak in GiB."""
        return self.peak / 2**30


def use_two_cores() -> None:
    """Limit this process and all its children to the first two cores it may use."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def measure_process(
    command: Sequence[str | Path],
    scratch: Path,
    home: Path | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    folder: Path = PROJECT_DIR,
) -> Measured:
    """Run a command in a folder and measure it; `home` is its Dagster instance.

    It spills to `scratch`, on disk. It gets none of the caller's settings, only `variables`.
    Raises MeasureError with the end of its messages if it fails.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    environment |= {"TMPDIR": str(scratch), "DAGSTER_HOME": str(home or scratch), **(variables or {})}
    os.sync()  # so that this command need not wait for the writes of the one before
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as messages:
        started, clock = time.time(), time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=messages)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - clock
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        messages.seek(0)
        if process.returncode:
            output_end = messages.read()[-2000:] or out.read()[-2000:]
            raise MeasureError(f"{' '.join(map(str, command))} failed:\n{output_end}")
        return Measured(started, seconds, usage.ru_maxrss * 1024, out.read(), usage.ru_utime + usage.ru_stime)


def json_from(
    module: str,
    *arguments: str | Path,
    scratch: Path,
    home: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Any:
    """The JSON that a module of this folder prints, run in a process of its own."""
    return json.loads(measure_process(python("-m", module, *arguments), scratch, home, variables=variables).stdout)


def python(*arguments: str | Path) -> list[str | Path]:
    """A command line of this Python."""
    return [sys.executable, *arguments]


def command(name: str, *arguments: str | Path) -> list[str | Path]:
    """A command line of a program installed beside this Python."""
    return [Path(sys.executable).with_name(name), *arguments]


def empty_folder(folder: Path) -> Path:
    """The folder, emptied or created."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def dagster_home(folder: Path, *, own_storage: bool = True) -> Path:
    """A new Dagster instance with the project's settings; without `own_storage`, on Dagster's SQLite storage."""
    folder.mkdir(parents=True)
    settings = yaml.safe_load((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text(encoding="utf-8"))
    if not own_storage:
        settings.pop("instance_class", None)
    (folder / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder
