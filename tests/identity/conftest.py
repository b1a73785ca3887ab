"""`refi resolve` as a user calls it, but in this process, so that Splink is imported once for all tests."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.commands import Answer, refi_here


@pytest.fixture
def refi():
    """Call `refi …`. `check` is the expected exit code; lines of messages are joined."""

    def call(*arguments: object, check: int = 0, **environment: str) -> Answer:
        answer = refi_here(*arguments, environment=environment)
        assert answer.returncode == check, answer.stderr
        return replace(answer, stderr=" ".join(answer.stderr.split()))

    return call


@pytest.fixture
def write(tmp_path: Path):
    """Write a file with these lines."""

    def write_lines(name: str, *lines: str, newline: str = "\n", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes("".join(line + newline for line in lines).encode(encoding))
        return path

    return write_lines
