"""`refi resolve` as a user calls it, in this process, so that Splink is imported once for all tests."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from refi_assets.cli import main
from refi_assets.settings import settings


@dataclass
class Answer:
    """What a command came to."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


@pytest.fixture
def refi(monkeypatch, capsys):
    """Call `refi …`. `check` is the exit code it must have."""

    def call(*arguments: object, check: int = 0, **environment: str) -> Answer:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        monkeypatch.setattr(sys, "argv", ["refi", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        answer = Answer(int(ended.value.code or 0), shown.out, " ".join(shown.err.split()))
        assert answer.code == check, answer.stderr
        return answer

    yield call
    settings.cache_clear()


@pytest.fixture
def write(tmp_path: Path):
    """Write a file of these lines."""

    def written(name: str, *lines: str, newline: str = "\n", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes("".join(line + newline for line in lines).encode(encoding))
        return path

    return written
