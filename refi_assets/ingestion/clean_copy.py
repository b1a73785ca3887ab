"""The clean copy of a CSV file, with its well-formed records and nothing else. records.py says what is copied."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

BUFFER_BYTES = 64 << 10
COPIED_BYTES = 1 << 20
_LINE_ENDS = re.compile(rb"\n\n+")


class CleanCopy:
    """The copy, which is started at the first change; until then the file is its own copy."""

    def __init__(self, open_file: Callable[[], BinaryIO], path: Path) -> None:
        self._open_file, self._path = open_file, path
        self._out: BinaryIO | None = None
        self.header_bytes = 0  # of the file, which are not copied
        self._kept_bytes = 0
        self._kept_returns = False

    @property
    def started(self) -> bool:
        """Whether the file itself cannot be read."""
        return self._out is not None

    def keep(self, lines: bytes, *, has_returns: bool, has_blank_lines: bool) -> None:
        """Keep these lines of the file, without CRs and blank lines. Their cells have no line breaks.

        If there are blank lines, the copy must have been started.
        """
        if self._out is None:
            self._kept_bytes += len(lines)
            self._kept_returns |= has_returns
            return
        lines = _without_returns(lines) if has_returns else lines
        self._out.write(_LINE_ENDS.sub(b"\n", lines.lstrip(b"\n")) if has_blank_lines else lines)

    def change(self, to: bytes) -> None:
        """Replace the next bytes of the file with these, or with nothing. The copy's line end is LF."""
        if self._out is None:
            self._out = self._path.open("wb", BUFFER_BYTES)
            self._out.write(b"header\n")
            with self._open_file() as original:
                original.read(self.header_bytes)
                remaining = self._kept_bytes
                while remaining and (block := original.read(min(remaining, COPIED_BYTES))):
                    remaining -= len(block)
                    self._out.write(_without_returns(block) if self._kept_returns else block)
        self._out.write(to)

    def __enter__(self) -> "CleanCopy":
        return self

    def __exit__(self, *_: object) -> None:
        if self._out is not None:
            self._out.close()


def _without_returns(lines: bytes) -> bytes:
    """Lines without their CRs, none of which is data."""
    return lines.translate(None, b"\r") if b"\r" in lines else lines
