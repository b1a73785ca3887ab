"""`refi …` in this process, through its entry point: its output and exit code.

A new process needs seconds for its imports; only tests about processes start one.
"""

import contextlib
import io
import json
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from refi_assets.cli import main
from refi_assets.settings import PROJECT_DIR, forget_settings
from tests.support import unsynced  # noqa: F401


@dataclass(frozen=True)
class Answer:
    """The exit code of a command, and everything that it printed."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The object that --json prints as the last line."""
        return json.loads(self.stdout.splitlines()[-1])


def refi_here(
    *arguments: object, environment: Mapping[str, str] | None = None, folder: Path | None = None, typed: str = ""
) -> Answer:
    """Run a command as if from `folder`, with more environment variables and a user's input.

    Settings are read again, and logging is restored afterwards.
    """
    stdout, stderr = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (environment or {}).items():
            patch.setenv(name, value)
        if folder is not None:
            patch.chdir(folder)
        patch.setattr(sys, "argv", ["refi", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.StringIO(typed))
        forget_settings()
        try:
            with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
                main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        finally:
            logging.captureWarnings(False)
            logging.disable(logging.NOTSET)
            root.handlers[:] = handlers
            root.setLevel(level)
    forget_settings()
    return Answer(code, stdout.getvalue(), stderr.getvalue())


def answers_and_modules(
    *commands: Sequence[object], environment: Mapping[str, str], typed: str = ""
) -> tuple[list[Answer], set[str]]:
    """Run commands one after another in one new process: their answers, and the modules it imported."""
    words = json.dumps([[str(word) for word in command] for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", _ANSWER_ALL, words, typed],
        cwd=PROJECT_DIR,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=True,
    )
    printed = json.loads(done.stdout)
    return [Answer(**answer) for answer in printed["answers"]], set(printed["modules"])


_ANSWER_ALL = """
import dataclasses, json, sys
from tests.support.commands import refi_here
commands, typed = json.loads(sys.argv[1]), sys.argv[2]
answers = [dataclasses.asdict(refi_here(*command, typed=typed)) for command in commands]
print(json.dumps({"answers": answers, "modules": sorted(sys.modules)}))
"""
