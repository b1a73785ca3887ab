"""The records of a CSV file, exactly: which bytes make a record, and which make none.

The dialect is fixed: commas, RFC 4180 quoting, LF or CRLF, UTF-8. One pass over the bytes counts the
records, sets the malformed ones aside with their bytes, and says whether DuckDB's reader may be given the
file as it lies. Where it may not, the pass leaves a clean copy: the same well-formed records, nothing else.
DuckDB is then never shown a case in which its reader guesses. What the cells mean belongs to judge.py.

A block's lines are checked with a handful of vector operations; only lines that need a second look are
looked at one by one. A quoted field that never closes costs its own line, not the rest of the file.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from refi_assets.errors import SourceError
from refi_assets.ingestion.first_bytes import not_utf8, require_csv, require_header
from refi_assets.ingestion.headers import read_names

if TYPE_CHECKING:
    from refi_assets.ingestion.block_lines import Lines

HEADER_BYTES = 4 << 20
COPY_BUFFER_BYTES = 64 << 10
BLOCK_BYTES = 1 << 20  # what fits into the processor's cache is looked at twice as fast
MAX_RECORD_BYTES = 2 << 20
LINE_BREAK = "\ue00a\uf8ff\ue00a"  # stands for one in a cell: private characters, which nobody exchanges
_LINE_BREAK_BYTES = LINE_BREAK.encode()
MAX_COLUMNS = 2000  # DuckDB plans a statement on some thousands of columns for minutes
MAX_MALFORMED = 1_000_000  # from here on, most records must be well-formed: each malformed one takes much longer
BOM = b"\xef\xbb\xbf"

_FIELD = rb'(?:"(?:[^"]++|"")*+"|[^",\n]*+)'
_RECORD = re.compile(rb"(" + _FIELD + rb"(?:," + _FIELD + rb")*+)\r?(?:\n|\Z)")
_OPEN_AT_END = re.compile(rb"(?:" + _FIELD + rb",)*+" + rb'"(?:[^"]++|"")*+\Z')
_BLANK_LINES_FIRST = re.compile(rb"\A(?:\r?\n)++")
_LINE_ENDS = re.compile(rb"\n\n+")
WIDE_SPACES = ("\u00a0", "\ufeff")  # white space that is trimmed from cells and is not ASCII
_SPACES = "|".join([" ", *WIDE_SPACES]).encode()
_PADDED = re.compile(rb"[\x00-\x1f]|\A(?:%b)|(?:%b)\Z" % (_SPACES, _SPACES))
_CELL = re.compile(rb'(?:^|,)(?:"((?:[^"]++|"")*+)"|([^",]*+))')


@dataclass(frozen=True)
class Malformed:
    """Bytes that are no record. `record_number` counts from 1 after the header, blank lines left out."""

    record_number: int
    problem: str
    raw: bytes


@dataclass
class Scan:
    """What one pass over a CSV file found.

    `columns` are the header's names as read_names() reads them, `respelled` those that the file writes in another way,
    with ours. `records` counts every record, malformed ones included. `clean` says that the file itself may be read;
    else `clean_copy`, with a header line of its own, must be; in it every record is a line. `line_breaks` names the
    columns in which cells have line breaks, for which LINE_BREAK stands in the copy. `line_end` is the file's; a clean
    copy's is LF.

    `padded` names the columns in which a cell of a well-formed record, its quotes taken off, begins or ends with white
    space (space, tab, CR, LF, U+00A0, U+FEFF) or holds a control character below U+0020. Because of white space beside
    a quote in a cell, or in a field of several lines, it may name more. None: not known. In a column that it does not
    name, cell() in cells.sql changes the empty cells, to null, and no others.
    """

    columns: tuple[str, ...] = ()
    respelled: dict[str, str] = field(default_factory=dict)
    records: int = 0
    malformed: int = 0
    clean: bool = True
    line_breaks: tuple[str, ...] = ()
    line_end: bytes = b"\n"
    padded: tuple[str, ...] | None = None


def require_records(scan: Scan) -> None:
    """Raise SourceError if very many records are malformed, and most are."""
    if scan.malformed > MAX_MALFORMED and scan.malformed > scan.records / 2:
        raise SourceError(
            f"{scan.malformed:,} of its first {scan.records:,} records are malformed; this is no CSV file of these "
            "columns"
        )


def cells(record: bytes) -> list[bytes]:
    """The unquoted fields of a well-formed record (without its line end)."""
    return [
        match[2] if match[1] is None else match[1].replace(b'""', b'"')
        for match in _CELL.finditer(record.rstrip(b"\r"))
    ]


def scan_csv(
    open_file: Callable[[], BinaryIO],
    clean_copy: Path,
    on_malformed: Callable[[Malformed], None],
    *,
    known_names: Collection[str] = (),
    always_copy: bool = False,
) -> Scan:
    """Scan a CSV file once; write `clean_copy` only where the file cannot be read as it lies, or `always_copy`.

    open_file opens the (decompressed) bytes from the start; it is called a second time when a clean copy
    turns out to be needed. `known_names` are those of the columns that the file should have; if there are any, the
    header must name one. Raises SourceError if there is no header to read the file by.
    """
    with open_file() as stream, _Copy(open_file, clean_copy) as copy:
        scanner = _Scanner(stream, copy, on_malformed, known_names, always_copy)
        scanner.run()
        scanner.scan.clean = not copy.started
        return scanner.scan


class _Copy:
    """The clean copy, begun at the first change: until then the file is its own copy."""

    def __init__(self, open_file: Callable[[], BinaryIO], path: Path) -> None:
        self._open_file, self._path = open_file, path
        self._out: BinaryIO | None = None
        self.header_bytes = 0  # of the file, not copied
        self._kept_bytes = 0
        self._kept_returns = False

    @property
    def started(self) -> bool:
        return self._out is not None

    def keep(self, lines: bytes, *, has_returns: bool, has_blank_lines: bool) -> None:
        """These lines of the file stay, but for CRs and blank lines if there are any. Only their ends have line breaks.

        The copy must have been begun if there are blank lines.
        """
        if self._out is None:
            self._kept_bytes += len(lines)
            self._kept_returns |= has_returns
            return
        lines = _without_returns(lines) if has_returns else lines
        self._out.write(_LINE_ENDS.sub(b"\n", lines.lstrip(b"\n")) if has_blank_lines else lines)

    def change(self, to: bytes) -> None:
        """The next bytes of the file become these, or nothing. The copy's line end is LF."""
        if self._out is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._out = self._path.open("wb", COPY_BUFFER_BYTES)
            self._out.write(b"header\n")
            with self._open_file() as original:
                original.read(self.header_bytes)
                left = self._kept_bytes
                while left and (block := original.read(min(left, BLOCK_BYTES))):
                    left -= len(block)
                    self._out.write(_without_returns(block) if self._kept_returns else block)
        self._out.write(to)

    def __enter__(self) -> "_Copy":
        return self

    def __exit__(self, *_: object) -> None:
        if self._out is not None:
            self._out.close()


class _Scanner:
    def __init__(
        self,
        stream: BinaryIO,
        copy: _Copy,
        on_malformed: Callable[[Malformed], None],
        known_names: Collection[str],
        always_copy: bool,
    ) -> None:
        self.scan = Scan()
        self._stream, self._copy, self._on_malformed = stream, copy, on_malformed
        self._known_names, self._always_copy = known_names, always_copy
        self._unread = b""
        self._padded: set[int] = set()  # numbers of columns
        self._broken: set[int] = set()

    def run(self) -> None:
        for block, is_last in self._blocks():
            self._scan_lines(block, is_last)
        self.scan.padded = tuple(name for number, name in enumerate(self.scan.columns) if number in self._padded)
        self.scan.line_breaks = tuple(name for number, name in enumerate(self.scan.columns) if number in self._broken)

    def _blocks(self) -> Iterator[tuple[bytes, bool]]:
        """Blocks of whole lines; what a block leaves unread (an open quote) leads the next one."""
        self._start = self._read_header(self._stream.read(HEADER_BYTES))
        tail = b""
        while True:
            more = self._read()
            cut = more.rfind(b"\n") + 1
            if cut or not more:
                block, self._unread = b"".join((self._unread, tail, memoryview(more)[:cut])), b""
                tail = more[cut:]
                if block:
                    yield block, not more
            else:
                tail += more
            if not more:
                return
            if len(tail) > MAX_RECORD_BYTES + 8 * BLOCK_BYTES:
                raise SourceError(
                    f"a line of more than {len(tail) >> 20} MiB, where a record may have "
                    f"{MAX_RECORD_BYTES >> 20}; this is no CSV file with line breaks"
                )

    def _read(self) -> bytes:
        """The next bytes; first those that were read with the header."""
        more, self._start = self._start[:BLOCK_BYTES], self._start[BLOCK_BYTES:]
        return more or self._stream.read(BLOCK_BYTES)

    def _read_header(self, start: bytes) -> bytes:
        """Take the header off the first block; the first line that is not empty is the header."""
        body = start.removeprefix(BOM)
        header_at = len(body) - len(_BLANK_LINES_FIRST.sub(b"", body))
        if body[header_at:] in (b"", b"\r"):
            blank = (
                "the file is empty" if len(start) < HEADER_BYTES else f"its first {HEADER_BYTES >> 20} MiB are blank"
            )
            raise SourceError(blank)
        require_csv(body)
        match = _RECORD.match(body, header_at)
        if match is not None and match.end() - header_at > MAX_RECORD_BYTES:
            match = None
        header = match[1].removesuffix(b"\r") if match else b""
        names = [cell.decode() for cell in cells(header)] if match and is_utf8(header) else None
        if self._known_names:
            require_header(body[header_at:], body.count(b"\n", 0, header_at) + 1, names, self._known_names)
        if match is None:
            raise SourceError("the first line is no header: its quoting is broken or it does not end")
        if names is None:
            raise SourceError(f"the header is {not_utf8(header)}; save the file as UTF-8")
        if len(names) > MAX_COLUMNS:
            raise SourceError(f"{len(names):,} columns, where a file may have {MAX_COLUMNS:,}")
        self.scan.columns, self.scan.respelled = read_names(names, self._known_names)
        self.scan.line_end = b"\r\n" if match[0].endswith(b"\r\n") else b"\n"
        from refi_assets.ingestion.block_lines import (
            LineShape,
        )  # and NumPy, which commands that read no file can do without

        self._shape = LineShape(len(names), self.scan.line_end, MAX_RECORD_BYTES)
        self._copy.header_bytes = len(start) - len(body) + match.end()
        if self._always_copy or header_at or b"\r" in header or b"\n" in header:
            self._copy.change(b"")
        return body[match.end() :]

    def _scan_lines(self, block: bytes, is_last: bool) -> None:
        lines = self._shape.look_at(block)
        self._padded |= lines.padded
        if lines.returns != (lines.breaks if self.scan.line_end == b"\r\n" else 0):
            self._copy.change(b"")  # DuckDB wants one kind of line end; the copy has LF only
        if lines.blanks:
            self._copy.change(b"")
        if not block.isascii() and _LINE_BREAK_BYTES in block:
            self._look_closely(block, lines)
        line = 0
        for suspect in lines.is_strange.nonzero()[0].tolist():
            if suspect < line:
                continue
            self._keep_lines(block, lines, line, suspect)
            start, end = int(lines.starts[suspect]), int(lines.ends[suspect])
            after = self._scan_record(block, start, end, is_last)
            if after is None:
                self._unread = block[start:]
                return
            line = suspect + 1
            if after != end + 1:  # the record goes on
                line = int(lines.starts.searchsorted(after))
        self._keep_lines(block, lines, line, lines.count)

    def _look_closely(self, block: bytes, lines: "Lines") -> None:
        """Let no line stay unseen that holds what stands for a line break."""
        for match in re.finditer(_LINE_BREAK_BYTES, block):
            lines.is_strange[int(lines.starts.searchsorted(match.start(), "right")) - 1] = True

    def _keep_lines(self, block: bytes, lines: "Lines", first: int, stop: int) -> None:
        """Count these lines of a block, and let them stay."""
        if first < stop:
            blanks = int(lines.is_blank[first:stop].sum()) if lines.blanks else 0
            self.scan.records += stop - first - blanks
            start = int(lines.starts[first]) if first else 0
            after = int(lines.starts[stop]) if stop < lines.count else len(block)
            self._copy.keep(block[start:after], has_returns=lines.returns > 0, has_blank_lines=blanks > 0)

    def _scan_record(self, block: bytes, start: int, line_end: int, is_last: bool) -> int | None:
        """Look at one record; return where the next one starts, or None when the block ends inside it."""
        line = block[start:line_end]
        after_line = min(line_end + 1, len(block))
        if line in (b"", b"\r"):
            self._copy.change(b"")
            return after_line
        if line_end < len(block):
            line = line.removesuffix(b"\r")
        match = _RECORD.match(block, start)
        if (
            match is None
            and not is_last
            and len(block) - start <= MAX_RECORD_BYTES
            and _OPEN_AT_END.match(block, start)
        ):
            return None
        if match is None:
            self._reject("broken quoting", line)
            return after_line
        if match.end() - start > MAX_RECORD_BYTES:
            self._reject(f"longer than {MAX_RECORD_BYTES} bytes", line)
            return after_line
        body = match[1]
        body = body.removesuffix(b"\r") if block[match.end(1) : match.end()] == b"\n" else body
        found = cells(body)
        line_breaks = body.count(b"\n")
        if len(body) + line_breaks * len(_LINE_BREAK_BYTES) > 2 * MAX_RECORD_BYTES:
            self._reject(f"longer than {MAX_RECORD_BYTES} bytes, with {line_breaks} line breaks", body)
        elif not is_utf8(body):
            self._reject(not_utf8(body), body)
        elif _LINE_BREAK_BYTES in body:
            self._reject("private characters that stand for a line break here", body)
        elif len(found) != len(self.scan.columns):
            cr = "; CR alone ends no line" if b"\r" in body else ""
            self._reject(f"{len(found)} fields instead of {len(self.scan.columns)}{cr}", body)
        else:
            self.scan.records += 1
            self._padded.update(number for number, cell in enumerate(found) if _PADDED.search(cell))
            if b"\r" in body:  # a lone CR would end the line for DuckDB, unless it is quoted
                body = b",".join(b'"' + cell.replace(b'"', b'""') + b'"' for cell in found)
            if line_breaks:
                self._broken.update(number for number, cell in enumerate(found) if b"\n" in cell)
                body = body.replace(b"\n", _LINE_BREAK_BYTES)
            self._copy.change(body + b"\n" if match[0].endswith(b"\n") else body)
        return match.end()

    def _reject(self, problem: str, raw: bytes) -> None:
        self.scan.records += 1
        self.scan.malformed += 1
        require_records(self.scan)
        self._on_malformed(Malformed(self.scan.records, problem, raw))
        self._copy.change(b"")


def _without_returns(lines: bytes) -> bytes:
    """Lines of which no CR is data."""
    return lines.translate(None, b"\r") if b"\r" in lines else lines


def is_utf8(block: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
