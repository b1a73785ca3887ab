"""The records of a CSV file, exactly: which bytes make a record, and which make none.

The dialect is fixed: commas, RFC 4180 quoting, LF or CRLF, UTF-8. One pass over the bytes counts the
records, sets the malformed ones aside with their bytes, and says whether DuckDB's reader may be given the
file as it lies. Where it may not, the pass leaves a clean copy: the same well-formed records, nothing else.
DuckDB is then never shown a case in which its reader guesses. What the cells mean belongs to judge.py.

A block's lines are checked with a handful of vector operations; only lines that need a second look are
looked at one by one. A quoted field that never closes costs its own line, not the rest of the file.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from refi_assets.errors import SourceError
from refi_assets.ingestion.first_bytes import not_utf8, require_csv, require_header
from refi_assets.ingestion.headers import read_names

BLOCK_BYTES = 4 << 20  # a block of nothing but line breaks takes a hundred times as much memory
UTF8_BYTES = 64 << 10
MAX_RECORD_BYTES = 2 << 20
MAX_COLUMNS = 2000  # DuckDB plans a statement on some thousands of columns for minutes
MAX_MALFORMED = 1_000_000  # from here on, most records must be well-formed: each malformed one takes much longer
BOM = b"\xef\xbb\xbf"

_QUOTE, _COMMA, _LF, _CR = 0x22, 0x2C, 0x0A, 0x0D
_FIELD = rb'(?:"(?:[^"]++|"")*+"|[^",\n]*+)'
_RECORD = re.compile(rb"(" + _FIELD + rb"(?:," + _FIELD + rb")*+)\r?(?:\n|\Z)")
_OPEN_AT_END = re.compile(rb"(?:" + _FIELD + rb",)*+" + rb'"(?:[^"]++|"")*+\Z')
_BLANK_LINES_FIRST = re.compile(rb"\A(?:\r?\n)++")
_LINE_ENDS = re.compile(rb"\n\n+")
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
    with ours. `records` counts every record, malformed ones
    included. `clean` says that the file itself may be read; else `clean_copy`, with a header line of its own, must be.
    `multiline` warns that some field holds a line break, so that the file must not be
    split for reading; `line_end` is the file's; a clean copy's is LF.
    """

    columns: tuple[str, ...] = ()
    respelled: dict[str, str] = field(default_factory=dict)
    records: int = 0
    malformed: int = 0
    clean: bool = True
    multiline: bool = False
    line_end: bytes = b"\n"


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


def lines_at(stream: BinaryIO, numbers: Sequence[int]) -> Iterator[bytes]:
    """The lines of a file with these numbers (from 0, in order), with their line ends; the last one may have none."""
    line = 0  # the number of the first line of the block
    rest, wanted = b"", iter(numbers)
    number = next(wanted, None)
    while number is not None and (more := stream.read(BLOCK_BYTES)):
        cut = more.rfind(b"\n") + 1
        block, rest = rest + more[:cut], more[cut:] if cut else rest + more
        after = line + block.count(b"\n")
        if number < after:
            ends = np.flatnonzero(np.frombuffer(block, np.uint8) == _LF) + 1
            while number is not None and number < after:
                place = number - line
                yield block[ends[place - 1] if place else 0 : ends[place]]
                number = next(wanted, None)
        line = after
    if number == line and rest:
        yield rest


class _Copy:
    """The clean copy, begun at the first change: until then the file is its own copy."""

    def __init__(self, open_file: Callable[[], BinaryIO], path: Path) -> None:
        self._open_file, self._path = open_file, path
        self._out: BinaryIO | None = None
        self.header_bytes = 0  # of the file, not copied
        self.has_returns = False  # some line ends in CRLF
        self.has_blank_lines = False
        self._kept_bytes = 0

    @property
    def started(self) -> bool:
        return self._out is not None

    def keep(self, lines: bytes) -> None:
        """These lines of the file stay, but for blank ones; line breaks stand at their ends only."""
        self._kept_bytes += len(lines)
        if self._out is not None:
            self._out.write(self._clean(lines))

    def change(self, to: bytes) -> None:
        """The next bytes of the file become these, or nothing. The copy's line end is LF."""
        if self._out is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._out = self._path.open("wb")
            self._out.write(b"header\n")
            with self._open_file() as original:
                original.read(self.header_bytes)
                left = self._kept_bytes
                while left and (block := original.read(min(left, BLOCK_BYTES))):
                    left -= len(block)
                    if block.endswith(b"\r") and left:
                        block += original.read(1)
                        left -= 1
                    self._out.write(self._clean(block))
        self._out.write(to)

    def _clean(self, lines: bytes) -> bytes:
        if self.has_returns:
            lines = lines.replace(b"\r\n", b"\n")
        if self.has_blank_lines:
            lines = _LINE_ENDS.sub(b"\n", lines.lstrip(b"\n"))
        return lines

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
        self._commas = 0  # in a record, outside quotes

    def run(self) -> None:
        for block, is_last in self._blocks():
            self._scan_lines(block, is_last)

    def _blocks(self) -> Iterator[tuple[bytes, bool]]:
        """Blocks of whole lines; what a block leaves unread (an open quote) leads the next one."""
        self._rest = self._read_header(self._stream.read(BLOCK_BYTES))
        while True:
            more = self._stream.read(BLOCK_BYTES)
            cut = len(self._rest) if not more else self._rest.rfind(b"\n") + 1
            if cut:
                block, tail = self._rest[:cut], self._rest[cut:]
                self._rest = b""
                yield block, not more
                self._rest += tail  # the block's own remainder comes first
            if not more:
                return
            self._rest += more
            if len(self._rest) > MAX_RECORD_BYTES + 2 * BLOCK_BYTES and b"\n" not in self._rest:
                raise SourceError(
                    f"a line of more than {len(self._rest) >> 20} MiB, where a record may have "
                    f"{MAX_RECORD_BYTES >> 20}; this is no CSV file with line breaks"
                )

    def _read_header(self, start: bytes) -> bytes:
        """Take the header off the first block; the first line that is not empty is the header."""
        body = start.removeprefix(BOM)
        header_at = len(body) - len(_BLANK_LINES_FIRST.sub(b"", body))
        if body[header_at:] in (b"", b"\r"):
            blank = "the file is empty" if len(start) < BLOCK_BYTES else f"its first {BLOCK_BYTES >> 20} MiB are blank"
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
        self._commas = len(names) - 1
        self.scan.line_end = b"\r\n" if match[0].endswith(b"\r\n") else b"\n"
        self._copy.header_bytes = len(start) - len(body) + match.end()
        if self._always_copy or header_at or b"\r" in header or b"\n" in header:
            self._copy.change(b"")
        return body[match.end() :]

    def _scan_lines(self, block: bytes, is_last: bool) -> None:
        starts, ends, records, suspicious = self._look_at_lines(block)
        line = 0
        for suspect in suspicious.tolist():
            if suspect < line:
                continue
            start = int(starts[suspect])
            if suspect > line:
                self.scan.records += int(records[suspect] - records[line])
                self._copy.keep(block[starts[line] : start])
            after = self._scan_record(block, start, int(ends[suspect]), is_last)
            if after is None:
                self._rest = block[start:]
                return
            line = suspect + 1
            if after != ends[suspect] + 1:  # the record goes on
                line = int(np.searchsorted(starts, after))
        if line < len(starts):
            self.scan.records += int(records[-1] - records[line])
            self._copy.keep(block[starts[line] :])

    def _look_at_lines(self, block: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of a block's lines: starts, ends (before LF), records before each, and which to look at one by one."""
        codes = np.frombuffer(block, np.uint8)
        starts, ends, commas = _lines(codes)
        strange = ends - starts > MAX_RECORD_BYTES
        if b'"' in block:
            quoted = np.unique(np.searchsorted(ends, np.flatnonzero(codes == _QUOTE)))
            commas[quoted], misplaced = _commas_outside_quotes(_these_lines(block, starts, ends, quoted))
            strange[quoted] |= misplaced
        strange |= commas != self._commas
        length = ends - starts
        if b"\r" in block or self.scan.line_end == b"\r\n":
            self._copy.has_returns = True
            in_line, in_end = _returns(codes, ends)
            strange |= in_line != in_end
            length -= in_end
            has_line_end = slice(None) if block.endswith(b"\n") else slice(-1)
            if (in_end[has_line_end] != (self.scan.line_end == b"\r\n")).any():
                self._copy.change(b"")  # DuckDB wants one kind of line end; the copy has LF only
        if not block.isascii():
            strange[_not_utf8(block, starts)] = True
        is_blank = length == 0
        if is_blank.any():
            strange &= ~is_blank
            self._copy.change(b"")
            self._copy.has_blank_lines = True
        return starts, ends, np.concatenate(([0], np.cumsum(~is_blank))), np.flatnonzero(strange)

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
        if not is_utf8(body):
            self._reject(not_utf8(body), body)
        elif len(found) != self._commas + 1:
            cr = "; CR alone ends no line" if b"\r" in body else ""
            self._reject(f"{len(found)} fields instead of {self._commas + 1}{cr}", body)
        else:
            self.scan.records += 1
            self.scan.multiline |= b"\n" in body
            if b"\r" in body:  # a lone CR would end the line for DuckDB, unless it is quoted
                body = b",".join(b'"' + cell.replace(b'"', b'""') + b'"' for cell in found)
            self._copy.change(body + b"\n" if match[0].endswith(b"\n") else body)
        return match.end()

    def _reject(self, problem: str, raw: bytes) -> None:
        self.scan.records += 1
        self.scan.malformed += 1
        require_records(self.scan)
        self._on_malformed(Malformed(self.scan.records, problem, raw))
        self._copy.change(b"")


def _lines(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Starts and ends (before LF) of the lines of a block, and how many commas each has."""
    marks = np.flatnonzero((codes == _COMMA) | (codes == _LF))
    at_ends = np.flatnonzero(codes[marks] == _LF)
    ends = marks[at_ends]
    if codes[-1] != _LF:
        at_ends, ends = np.append(at_ends, len(marks)), np.append(ends, len(codes))
    return np.concatenate(([0], ends[:-1] + 1)), ends, np.diff(at_ends, prepend=-1) - 1


def _these_lines(block: bytes, starts: np.ndarray, ends: np.ndarray, chosen: np.ndarray) -> bytes:
    """Some lines of a block, each with its LF."""
    if len(chosen) == len(starts):
        return block if block.endswith(b"\n") else block + b"\n"
    places = zip(starts[chosen].tolist(), ends[chosen].tolist(), strict=True)
    return b"".join(block[start:end] + b"\n" for start, end in places)


def _commas_outside_quotes(block: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Of whole lines: commas outside quotes, and whether a quote is open at the end or out of place, by line.

    Within a line, quotes open and close by turns. One that opens stands at the start of a field, one that
    closes at its end; a doubled quote closes and opens at once.
    """
    codes = np.frombuffer(block, np.uint8)
    marks = np.flatnonzero((codes == _COMMA) | (codes == _LF) | (codes == _QUOTE))
    kinds = codes[marks]
    at_ends = np.flatnonzero(kinds == _LF)
    is_quote = kinds == _QUOTE
    quotes = np.cumsum(is_quote, dtype=np.int32)  # up to each mark, itself included
    before_line = np.concatenate(([0], quotes[at_ends[:-1]]))
    in_line = quotes - np.repeat(before_line, np.diff(at_ends, prepend=-1))
    commas = np.cumsum((kinds == _COMMA) & (in_line % 2 == 0), dtype=np.int32)
    opening, closing = marks[is_quote & (in_line % 2 == 1)], marks[is_quote & (in_line % 2 == 0)]
    starts_field = np.isin(codes[opening - 1], (_COMMA, _LF, _QUOTE)) | (opening == 0)
    ends_field = np.isin(codes[closing + 1], (_COMMA, _LF, _CR, _QUOTE))
    strange: np.ndarray = in_line[at_ends] % 2 == 1
    misplaced = np.concatenate((opening[~starts_field], closing[~ends_field]))
    strange[np.searchsorted(marks[at_ends], misplaced)] = True
    return np.diff(commas[at_ends], prepend=0), strange


def _returns(codes: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many CRs each line has, and how many of them (0 or 1) belong to its line end."""
    in_line = np.bincount(np.searchsorted(ends, np.flatnonzero(codes == _CR)), minlength=len(ends))
    in_end = (codes[ends - 1] == _CR) & (in_line > 0) & (ends < len(codes))
    return in_line, in_end


def _not_utf8(block: bytes, starts: np.ndarray) -> list[int]:
    """The lines that are not UTF-8."""
    found: list[int] = []
    view, at = memoryview(block), 0
    while at < len(block):
        # A few lines at a time: each try reserves as much memory as it has bytes, and every line may be a bad one.
        after = int(np.searchsorted(starts, at + UTF8_BYTES))
        stop = int(starts[after]) if after < len(starts) else len(block)
        try:
            str(view[at:stop], "utf-8")
            at = stop
        except UnicodeDecodeError as error:
            line = int(np.searchsorted(starts, at + error.start, "right")) - 1
            found.append(line)
            at = int(starts[line + 1]) if line + 1 < len(starts) else len(block)
    return found


def is_utf8(block: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
