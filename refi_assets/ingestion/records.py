"""The records of a CSV file: exactly which bytes are a record, and which are not.

The dialect is fixed: the delimiter and quote of the contract, RFC 4180 quoting, LF or CRLF, UTF-8; encodings.py decodes
other encodings. One pass over the bytes counts the records, sets the malformed ones aside, and decides whether
DuckDB may read the file itself. If not, the pass writes a clean copy with the same well-formed records and nothing
else, so that DuckDB never meets a case in which its reader guesses. The meaning of cells belongs to staging/.

Vector operations prove that most lines are records (block_lines.py). From the first byte of any other line, the grammar
matches these states; they are drawn for commas and double quotes ("any other byte" is one without an arrow of its own).
Outside quotes, a CR belongs to an LF or end of file right after it; otherwise it is like any other byte.

                            any other byte
                    .---------------------------> PLAIN <--. any other byte
                    |                             | | `----'
                    |        .------- , ----------' |---- " -------------> broken
                    |        v                      '---- LF, end -------> record
    first byte --> START <---+-------- , ----------.
                   | | ^--- , (to itself)          |
                   | '------- LF, end -------------|---------------------> record
                   "                               |
                   v            "                  |
     .----------> QUOTED ------------> CLOSED -----'
     |            ^ |  |               |  | |------------ LF, end -------> record
     '- any other-' |  '<----- " ------'  '------------- any other byte -> broken
           byte     '----------------- end -----------------------------> open

A record is well-formed if it is also short enough, UTF-8, without LINE_BREAK, and has as many fields as the header. A
blank line is not a record. A broken record costs one line: the next line begins at START. An open record is matched
again together with the next block; at the end of the file, or if it gets too long, it is broken.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from refi_assets.errors import SourceError
from refi_assets.ingestion.clean_copy import CleanCopy
from refi_assets.ingestion.first_bytes import (
    not_utf8,
    require_header,
    require_line_feeds,
    require_no_header,
    require_text,
)
from refi_assets.ingestion.headers import read_names
from refi_assets.ingestion.record_grammar import grammar_of
from refi_assets.specs.file_formats import CSV, FileFormat

if TYPE_CHECKING:
    from refi_assets.ingestion.block_lines import Lines

HEADER_BYTES = 4 << 20
BLOCK_BYTES = 1 << 20  # fits into the processor's cache, which doubles the speed
MAX_RECORD_BYTES = 2 << 20
LINE_BREAK = "\ue00a\uf8ff\ue00a"  # replaces a line break in a cell: private characters, which no export contains
_LINE_BREAK_BYTES = LINE_BREAK.encode()
MAX_COLUMNS = 2000  # with some thousands, DuckDB plans a statement for minutes
MAX_MALFORMED = 1_000_000  # if there are more, most records must be well-formed: a malformed one takes much longer
BOM = b"\xef\xbb\xbf"

_BLANK_LINES_FIRST = re.compile(rb"\A(?:\r?\n)++")
WIDE_SPACES = ("\u00a0", "\ufeff")  # trimmed from cells like ASCII white space
_SPACES = "|".join([" ", *WIDE_SPACES]).encode()
_PADDED = re.compile(rb"[\x00-\x1f]|\A(?:%b)|(?:%b)\Z" % (_SPACES, _SPACES))


@dataclass(frozen=True)
class Malformed:
    """The bytes of a malformed record. `record_number` counts from 1 after the header, without blank lines."""

    record_number: int
    problem: str
    raw: bytes


@dataclass
class Scan:
    """The result of one pass over a CSV file.

    `columns` are the header's names as read_names() reads them, `respelled` the file's other spellings, with ours.
    `records` counts all records, malformed ones included. If `clean`, the file itself may be read; otherwise the clean
    copy, with a header line of its own and one line for each record. `line_breaks` are the columns with line breaks in
    cells; the copy has LINE_BREAK instead. `line_end` is the file's; a clean copy's is LF.

    `padded` are the columns in which a cell of a well-formed record, without its quotes, begins or ends with white
    space (space, tab, CR, LF, U+00A0, U+FEFF) or contains a control character below U+0020. White space beside a quote
    in a cell, or in a field of several lines, may add further columns. In any other column, cell() in cells.sql changes
    only empty cells, to null. A Parquet file has none of the last three.
    """

    columns: tuple[str, ...] = ()
    respelled: dict[str, str] = field(default_factory=dict)
    records: int = 0
    malformed: int = 0
    clean: bool = True
    line_breaks: tuple[str, ...] = ()
    line_end: bytes = b"\n"
    padded: tuple[str, ...] = ()


def require_records(scan: Scan) -> None:
    """Raise SourceError if most records are malformed, and very many."""
    if scan.malformed > MAX_MALFORMED and scan.malformed > scan.records / 2:
        raise SourceError(
            f"{scan.malformed:,} of its first {scan.records:,} records are malformed; this is not a CSV file with "
            "these columns"
        )


def scan_csv(
    open_file: Callable[[], BinaryIO],
    clean_copy: Path,
    on_malformed: Callable[[Malformed], None],
    *,
    file_format: FileFormat = CSV,
    file_names: Mapping[str, str] | None = None,
    numbered_columns: Sequence[str] = (),
    always_copy: bool = False,
) -> Scan:
    """Scan a CSV file once; write `clean_copy` only if the file itself cannot be read, or with `always_copy`.

    open_file opens the (decompressed) bytes from the start; it is called a second time if a clean copy turns out to be
    needed. `file_names` are the expected columns, each with its name in the file; if there are any, the header must
    have one of them. A file without a header has the `numbered_columns`, and always gets a copy, which has a header.
    Raises SourceError if there is no valid header.
    """
    with open_file() as stream, CleanCopy(open_file, clean_copy) as copy:
        scanner = _Scanner(stream, copy, on_malformed, file_format, file_names or {}, numbered_columns, always_copy)
        scanner.run()
        scanner.scan.clean = not copy.started
        return scanner.scan


class _Scanner:
    def __init__(
        self,
        stream: BinaryIO,
        copy: CleanCopy,
        on_malformed: Callable[[Malformed], None],
        file_format: FileFormat,
        file_names: Mapping[str, str],
        numbered_columns: Sequence[str],
        always_copy: bool,
    ) -> None:
        self.scan = Scan()
        self._stream, self._copy, self._on_malformed = stream, copy, on_malformed
        self._format, self._grammar = file_format, grammar_of(file_format)
        self._format_of_contract = file_format if file_names else CSV  # without a contract, no message is about one
        self._file_names, self._numbered_columns = file_names, numbered_columns
        self._always_copy = always_copy or not file_format.header
        self._unread = b""
        self._padded: set[int] = set()  # numbers of columns
        self._with_line_breaks: set[int] = set()

    def run(self) -> None:
        for block, is_last in self._blocks():
            self._scan_lines(block, is_last)
        columns = self.scan.columns
        self.scan.padded = tuple(columns[number] for number in sorted(self._padded))
        self.scan.line_breaks = tuple(columns[number] for number in sorted(self._with_line_breaks))

    def _blocks(self) -> Iterator[tuple[bytes, bool]]:
        """Blocks of whole lines; the unread bytes of a block (an open record) are the beginning of the next one."""
        self._rest_of_start = self._read_header(self._stream.read(HEADER_BYTES))
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
                    f"a line of more than {len(tail) >> 20} MiB, but a record may have at most "
                    f"{MAX_RECORD_BYTES >> 20}; this is not a CSV file with line breaks"
                )

    def _read(self) -> bytes:
        """The next bytes, beginning with those that were read with the header."""
        more, self._rest_of_start = self._rest_of_start[:BLOCK_BYTES], self._rest_of_start[BLOCK_BYTES:]
        return more or self._stream.read(BLOCK_BYTES)

    def _read_header(self, start: bytes) -> bytes:
        """Read the header, which is the first line that is not blank; returns the bytes after it."""
        body = start.removeprefix(BOM)
        header_at = len(body) - len(_BLANK_LINES_FIRST.sub(b"", body))
        require_text(body, self._format_of_contract)
        if not self._format.header:
            return self._read_first_record(body, header_at)
        if body[header_at:] in (b"", b"\r"):
            is_whole_file = len(start) < HEADER_BYTES
            raise SourceError("the file is empty" if is_whole_file else f"its first {HEADER_BYTES >> 20} MiB are blank")
        require_line_feeds(body, self._format)
        match = self._grammar.record.match(body, header_at)
        if match is not None and match.end() - header_at > MAX_RECORD_BYTES:
            match = None
        header = match[1].removesuffix(b"\r") if match else b""
        names = [cell.decode() for cell in self._grammar.unquoted_cells(header)] if match and is_utf8(header) else None
        if self._file_names:
            first_line = body.count(b"\n", 0, header_at) + 1
            require_header(body[header_at:], first_line, names, [*self._file_names.values()], self._format)
        if match is None:
            problem = "the first line is not a header: its quoting is broken or it does not end"
            raise SourceError(problem + self._declared(f"text {self._format.description}"))
        if names is None:
            raise SourceError(
                f"the header is {self._not_decoded(header)}; save the file as {self._format.encoding.upper()}"
            )
        if len(names) > MAX_COLUMNS:
            raise SourceError(f"{len(names):,} columns, but a file may have at most {MAX_COLUMNS:,}")
        columns, self.scan.respelled = read_names(names, self._file_names)
        self._begin(columns, b"\r\n" if match[0].endswith(b"\r\n") else b"\n")
        self._copy.header_bytes = len(start) - len(body) + match.end()
        if self._always_copy or header_at or b"\r" in header or b"\n" in header:
            self._copy.change(b"")
        return body[match.end() :]

    def _read_first_record(self, body: bytes, at: int) -> bytes:
        """Begin a file without a header; returns the bytes from its first record on."""
        record = self._grammar.record.match(body, at)
        if record and is_utf8(record[1]):
            names = [cell.decode() for cell in self._grammar.unquoted_cells(record[1])]
            require_no_header(names, [*self._file_names.values()])
        line, has_end, _ = body[at:].partition(b"\n")
        self._begin(self._numbered_columns, b"\r\n" if has_end and line.endswith(b"\r") else b"\n")
        self._copy.change(b"")
        return body[at:]

    def _begin(self, columns: Sequence[str], line_end: bytes) -> None:
        from refi_assets.ingestion.block_lines import LineShape  # and NumPy, which few commands need

        self.scan.columns, self.scan.line_end = tuple(columns), line_end
        grammar = self._grammar
        self._shape = LineShape(len(columns), line_end, MAX_RECORD_BYTES, grammar.delimiter, grammar.quote)

    def _scan_lines(self, block: bytes, is_last: bool) -> None:
        lines = self._shape.look_at(block)
        self._padded |= lines.padded
        if lines.returns != (lines.breaks if self.scan.line_end == b"\r\n" else 0):
            self._copy.change(b"")  # DuckDB expects one kind of line end; the copy has LF only
        if lines.blanks:
            self._copy.change(b"")
        if not block.isascii() and _LINE_BREAK_BYTES in block:
            self._suspect_line_break_characters(block, lines)
        line = 0
        for suspect in lines.is_suspect.nonzero()[0].tolist():
            if suspect < line:
                continue
            self._keep_lines(block, lines, line, suspect)
            start, end = int(lines.starts[suspect]), int(lines.ends[suspect])
            after = self._scan_record(block, start, end, is_last)
            if after is None:
                self._unread = block[start:]
                return
            line = suspect + 1
            if after != end + 1:  # the record has several lines
                line = int(lines.starts.searchsorted(after))
        self._keep_lines(block, lines, line, lines.count)

    def _suspect_line_break_characters(self, block: bytes, lines: "Lines") -> None:
        """Mark the lines with LINE_BREAK as suspect."""
        for match in re.finditer(_LINE_BREAK_BYTES, block):
            lines.is_suspect[int(lines.starts.searchsorted(match.start(), "right")) - 1] = True

    def _keep_lines(self, block: bytes, lines: "Lines", first: int, stop: int) -> None:
        """Count these lines of a block as records, and keep them in the copy."""
        if first < stop:
            blanks = int(lines.is_blank[first:stop].sum()) if lines.blanks else 0
            self.scan.records += stop - first - blanks
            start = int(lines.starts[first]) if first else 0
            after = int(lines.starts[stop]) if stop < lines.count else len(block)
            self._copy.keep(block[start:after], has_returns=lines.returns > 0, has_blank_lines=blanks > 0)

    def _scan_record(self, block: bytes, start: int, end: int, is_last: bool) -> int | None:
        """Scan the record whose first line ends at `end`; returns the start of the next, None if the record is open."""
        line = block[start:end]
        after_line = min(end + 1, len(block))
        if line in (b"", b"\r"):
            self._copy.change(b"")
            return after_line
        if end < len(block):
            line = line.removesuffix(b"\r")
        match = self._grammar.record.match(block, start)
        if match is None:
            can_be_continued = not is_last and len(block) - start <= MAX_RECORD_BYTES
            if can_be_continued and self._grammar.open_at_end.match(block, start):
                return None
            self._reject("broken quoting" + self._declared(f"the quote {self._format.quote}"), line)
            return after_line
        if match.end() - start > MAX_RECORD_BYTES:
            self._reject(f"longer than {MAX_RECORD_BYTES} bytes", line)
            return after_line
        line_end = b"\n" if match[0].endswith(b"\n") else b""
        body, after_body = match[1], block[match.end(1) : match.end()]
        if after_body == b"\n" or (after_body == b"" and not self._grammar.quote):
            body = body.removesuffix(b"\r")
        fields = self._grammar.unquoted_cells(body)
        if problem := self._problem(body, fields):
            self._reject(problem, body)
        else:
            self._accept(body, fields, line_end)
        return match.end()

    def _problem(self, body: bytes, fields: list[bytes]) -> str | None:
        """The reason why a record with correct quoting is malformed."""
        line_breaks = body.count(b"\n")
        if len(body) + line_breaks * len(_LINE_BREAK_BYTES) > 2 * MAX_RECORD_BYTES:
            return f"longer than {MAX_RECORD_BYTES} bytes, with {line_breaks} line breaks"
        if not is_utf8(body):
            return self._not_decoded(body)
        if _LINE_BREAK_BYTES in body:
            return "private characters that stand for a line break here"
        if len(fields) != len(self.scan.columns):
            cr = "; CR alone ends no line" if b"\r" in body else ""
            declared = self._declared(self._format.separator)
            return f"{len(fields)} fields instead of {len(self.scan.columns)}{cr}{declared}"
        if b"\r" in body and not self._grammar.quote:
            return "CR alone ends no line, and no cell can have it without quotes"
        return None

    def _declared(self, part: str) -> str:
        """The end of a message about a part of the format, if the contract declares one."""
        return "" if self._format_of_contract.is_plain else f"; the contract declares {part}"

    def _not_decoded(self, record: bytes) -> str:
        """The problem of a record that is not in the file's encoding."""
        return not_utf8(record) if self._format.encoding == "utf-8" else f"not {self._format.encoding}"

    def _accept(self, body: bytes, fields: list[bytes], line_end: bytes) -> None:
        self.scan.records += 1
        self._padded.update(number for number, cell in enumerate(fields) if _PADDED.search(cell))
        if b"\r" in body:  # to DuckDB, a CR ends a line unless it is quoted
            body = self._grammar.with_quotes(fields)
        if b"\n" in body:
            self._with_line_breaks.update(number for number, cell in enumerate(fields) if b"\n" in cell)
            body = body.replace(b"\n", _LINE_BREAK_BYTES)
        self._copy.change(body + line_end)

    def _reject(self, problem: str, raw: bytes) -> None:
        self.scan.records += 1
        self.scan.malformed += 1
        require_records(self.scan)
        self._on_malformed(Malformed(self.scan.records, problem, raw))
        self._copy.change(b"")


def is_utf8(block: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
