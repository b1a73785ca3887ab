"""The lines of a block of a CSV file, as vectors: where they end, and which must be scanned one by one.

A block begins with a record, and has about a million bytes. A few vector operations prove that most lines are records
with the right number of cells, in UTF-8, and find the columns with padded cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

import numpy as np

from refi_assets.ingestion.records import BLOCK_BYTES, WIDE_SPACES

LF, CR, SPACE = 0x0A, 0x0D, 0x20

PLAIN_SHARE = 0.75  # of a block's lines; with fewer, it is faster to look closely at all lines
CLOSE_LOOKS = 16  # after a block with fewer

# The bytes that may follow a first byte in UTF-8, if not all from 80 to BF; after C0 and C1, none may.
_SECOND_BYTES = {0xC0: (1, 0), 0xC1: (1, 0), 0xE0: (0xA0, 0xBF), 0xED: (0, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0, 0x8F)}


def _empty() -> np.ndarray:
    return np.array([], int)


@dataclass(frozen=True)
class Lines:
    """The lines of a block: where each starts and ends (before its LF), and whether it is blank or suspect.

    A line that is neither is a record. If the block was proven as a whole, only the counts are set: of lines, line
    `breaks` (the last line may have none), `returns` (line breaks that are CRLF) and `blanks`. `padded` are the numbers
    of the columns with padded cells, see Scan.
    """

    count: int
    breaks: int
    returns: int
    blanks: int = 0
    starts: np.ndarray = field(default_factory=_empty)
    ends: np.ndarray = field(default_factory=_empty)
    is_blank: np.ndarray = field(default_factory=_empty)
    is_suspect: np.ndarray = field(default_factory=_empty)
    padded: frozenset[int] = frozenset()


class _Marks:
    """The bytes that separate and quote cells. `quote` is -1 if there is none."""

    def __init__(self, delimiter: bytes, quote: bytes) -> None:
        self.delimiter, self.quote = ord(delimiter), ord(quote) if quote else -1
        self.unremarkable = bytes(code for code in range(SPACE + 1, 0x80) if code not in (self.quote, self.delimiter))
        self.beside_cells = np.isin(np.arange(256), (self.quote, self.delimiter, LF, CR))
        self._quote = quote

    def has_quote(self, block: bytes) -> bool:
        """Whether a block has a quote."""
        return self._quote != b"" and self._quote in block


class LineShape:
    """The shape of a file's records: the number of cells, the line end, at most max_bytes, the delimiter, the quote."""

    def __init__(self, columns: int, line_end: bytes, max_bytes: int, delimiter: bytes, quote: bytes) -> None:
        self._columns, self._has_returns, self._max_bytes = columns, line_end == b"\r\n", max_bytes
        self._marks = _Marks(delimiter, quote)
        self._plain_marks = delimiter * (columns - 1) + line_end
        self._close_looks = 0  # until another block is tried as a whole

    def look_at(self, block: bytes) -> Lines:
        """The lines of a block. In most files, most are plain: ASCII without quotes, spaces and control characters."""
        self._close_looks -= 1
        is_whole = block.endswith(b"\n") and len(block) <= self._max_bytes
        if self._close_looks > 0 or not is_whole or self._columns == 1:  # a blank line of one column looks plain
            return self._look_closely_at(block)
        marks = block.translate(None, self._marks.unremarkable)
        count = len(marks) // len(self._plain_marks)
        if marks == self._plain_marks * count and not self._has_returns:
            return Lines(count, count, 0)
        is_plain = _are_plain(marks, self._plain_marks, self._marks.delimiter)
        if np.count_nonzero(is_plain) < PLAIN_SHARE * len(is_plain):
            self._close_looks = CLOSE_LOOKS
            return self._look_closely_at(block)
        codes = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(codes == LF)
        if self._has_returns:
            is_plain &= codes[ends - 1] == CR  # its one CR may be anywhere in a line
        chosen = np.flatnonzero(~is_plain)
        if not len(chosen):
            return Lines(count, count, count)
        starts = _after(ends)
        close = self._look_closely_at(_these_lines(block, starts, ends, chosen))
        is_blank, is_suspect = np.zeros(len(ends), bool), np.zeros(len(ends), bool)
        is_blank[chosen], is_suspect[chosen] = close.is_blank, close.is_suspect
        returns = close.returns + (len(ends) - len(chosen)) * self._has_returns
        return Lines(len(ends), len(ends), returns, close.blanks, starts, ends, is_blank, is_suspect, close.padded)

    def _look_closely_at(self, block: bytes) -> Lines:
        text = block if block.endswith(b"\n") else block + b"\n"
        codes = np.frombuffer(text, np.uint8)
        marks = np.flatnonzero((codes == self._marks.delimiter) | (codes == LF))
        at_ends = np.flatnonzero(codes[marks] == LF)
        ends = marks[at_ends]
        starts = _after(ends)
        lengths = ends - starts
        cells = np.diff(at_ends, prepend=-1)
        is_suspect = lengths > self._max_bytes
        quoted_lines = None
        if self._marks.has_quote(block):
            quoted = np.unique(np.searchsorted(ends, np.flatnonzero(codes == self._marks.quote)))
            quoted_lines = _QuotedLines(_these_lines(text, starts, ends, quoted), self._marks)
            cells[quoted] = quoted_lines.cells
            is_suspect[quoted] |= quoted_lines.is_broken
        is_suspect |= cells != self._columns
        returns = 0
        if b"\r" in block:
            in_end = (codes[ends - 1] == CR) & (lengths > 0)
            if np.count_nonzero(codes == CR) > np.count_nonzero(in_end):
                in_line = np.bincount(np.searchsorted(ends, np.flatnonzero(codes == CR)), minlength=len(ends))
                is_suspect |= in_line != in_end
            if text is not block and in_end[-1]:  # half a line end
                is_suspect[-1], in_end[-1] = True, False
            lengths = lengths - in_end
            returns = int(np.count_nonzero(in_end))
        if not block.isascii():
            is_suspect[np.searchsorted(ends, _not_utf8(text, codes))] = True
        is_blank = lengths == 0
        is_suspect &= ~is_blank
        is_proven = ~(is_suspect | is_blank)
        padded: set[int] = set()
        if quoted_lines:
            padded |= quoted_lines.padded(is_proven[quoted])
            is_proven[quoted] = False
        at = _padding(text, codes, len(ends) + returns, self._marks).starts
        if len(at):
            line = np.searchsorted(ends, at)
            column = np.searchsorted(marks, at) - _after(at_ends)[line]
            padded |= set(column[is_proven[line]].tolist())
        breaks, blanks = len(ends) - (text is not block), int(np.count_nonzero(is_blank))
        return Lines(len(ends), breaks, returns, blanks, starts, ends, is_blank, is_suspect, frozenset(padded))


def lines_at(stream: BinaryIO, numbers: np.ndarray) -> Iterator[bytes]:
    """The lines of a file with these numbers (from 0, in order), without their line ends."""
    first = at = 0  # the number of the first line of the block; the place of the next number
    rest = b""
    while at < len(numbers) and (more := stream.read(BLOCK_BYTES)):
        cut = more.rfind(b"\n") + 1
        block, rest = rest + more[:cut], more[cut:] if cut else rest + more
        after = first + block.count(b"\n")
        until = int(np.searchsorted(numbers, after))
        if at < until:
            ends = np.flatnonzero(np.frombuffer(block, np.uint8) == LF)
            chosen = numbers[at:until] - first
            for start, end in zip(_after(ends)[chosen].tolist(), ends[chosen].tolist(), strict=True):
                yield block[start:end].removesuffix(b"\r")
        first, at = after, until
    if at < len(numbers):
        yield rest.removesuffix(b"\r")


class _QuotedLines:
    """Whole lines with quotes: the number of cells in each, and whether a quote is misplaced or open at the end.

    Within a line, quotes open and close alternately. An opening quote is at the start of a cell, a closing one at its
    end; a doubled quote closes and opens again.
    """

    def __init__(self, text: bytes, file_marks: _Marks) -> None:
        self._text, self._codes, self._file_marks = text, np.frombuffer(text, np.uint8), file_marks
        codes, delimiter, quote = self._codes, file_marks.delimiter, file_marks.quote
        self._marks = marks = np.flatnonzero((codes == delimiter) | (codes == LF) | (codes == quote))
        kinds = codes[marks]
        at_ends = np.flatnonzero(kinds == LF)
        self._ends = marks[at_ends]
        is_quote = kinds == quote
        quotes = np.cumsum(is_quote, dtype=np.int32)  # up to and including each mark
        before_line = np.concatenate(([0], quotes[at_ends[:-1]]))
        is_open = (quotes - np.repeat(before_line, np.diff(at_ends, prepend=-1))) % 2 == 1
        opening, closing = marks[is_quote & is_open], marks[is_quote & ~is_open]
        starts_cell = np.isin(codes[opening - 1], (delimiter, LF, quote)) | (opening == 0)
        ends_cell = np.isin(codes[closing + 1], (delimiter, LF, CR, quote))
        self.is_broken: np.ndarray = is_open[at_ends]
        misplaced = np.concatenate((opening[~starts_cell], closing[~ends_cell]))
        self.is_broken[np.searchsorted(self._ends, misplaced)] = True
        self._is_inside = np.concatenate(([False], is_open & (kinds != LF)))  # of quotes, before each mark
        ends_a_cell = (kinds == LF) | ((kinds == delimiter) & ~is_open)
        self._delimiters_inside = marks[(kinds == delimiter) & is_open]
        self._cells = np.concatenate(([0], np.cumsum(ends_a_cell, dtype=np.int32)))  # that end before each mark
        self._cells_before = np.concatenate(([0], self._cells[at_ends + 1]))  # before each line
        self.cells = np.diff(self._cells_before)

    def padded(self, is_proven: np.ndarray) -> set[int]:
        """The columns with padded cells in proven lines; a quote in a cell counts as an end of the cell."""
        at, after, is_control = _padding(self._text, self._codes, len(self._ends), self._file_marks)
        if self._file_marks.delimiter < SPACE:
            inside = self._delimiters_inside
            at, after = np.concatenate((at, inside)), np.concatenate((after, inside + 1))
            is_control = np.concatenate((is_control, np.ones(len(inside), bool)))
        quote = self._file_marks.quote
        is_beside_quote = (self._codes[at - 1] == quote) | (self._codes[after] == quote)
        mark, line = np.searchsorted(self._marks, at), np.searchsorted(self._ends, at)
        chosen = is_proven[line] & (is_control | is_beside_quote | ~self._is_inside[mark])
        column = self._cells[mark] - self._cells_before[line]
        return set(column[chosen].tolist())


class _Padding(NamedTuple):
    """Characters: where each starts, where the next character starts, and whether it is a control character."""

    starts: np.ndarray
    afters: np.ndarray
    is_control: np.ndarray


def _padding(text: bytes, codes: np.ndarray, line_end_bytes: int, marks: _Marks) -> _Padding:
    """White space beside delimiters, quotes and line ends, and all control characters that are neither.

    A text with no more than line_end_bytes characters below SPACE has no such control characters.
    """
    controls = np.array([], int)
    is_low = (codes < SPACE) & (codes != marks.delimiter) if marks.delimiter < SPACE else codes < SPACE
    if np.count_nonzero(is_low) > line_end_bytes:
        controls = np.flatnonzero(is_low & (codes != LF))
        controls = controls[(codes[controls] != CR) | (codes[controls + 1] != LF)]
    spaces = np.flatnonzero(codes == SPACE)
    starts, afters = [spaces], [spaces + 1]
    for first, *further in (space.encode() for space in WIDE_SPACES):
        if bytes([first]) in text:
            at = np.flatnonzero(codes == first)
            for distance, code in enumerate(further, 1):
                at = at[codes[at + distance] == code]
            starts.append(at)
            afters.append(at + 1 + len(further))
    start, after = np.concatenate(starts), np.concatenate(afters)
    is_beside = marks.beside_cells[codes[start - 1]] | marks.beside_cells[codes[after]]  # index -1: the last LF
    start, after = start[is_beside], after[is_beside]
    is_control = np.repeat((False, True), (len(start), len(controls)))
    return _Padding(np.concatenate((start, controls)), np.concatenate((after, controls + 1)), is_control)


def _are_plain(marks: bytes, plain_marks: bytes, delimiter: int) -> np.ndarray:
    """For each line of marks, whether it is plain_marks, which end in LF or CRLF."""
    codes = np.frombuffer(marks, np.uint8)
    is_end = codes == LF
    ends = np.flatnonzero(is_end)
    is_plain: np.ndarray = np.diff(ends, prepend=-1) == len(plain_marks)
    if plain_marks.endswith(b"\r\n"):
        is_plain &= codes[ends - 1] == CR
        is_end[:-1] |= is_end[1:] & (codes[:-1] == CR)
    further_marks = np.flatnonzero(~is_end & (codes != delimiter))
    is_plain[np.searchsorted(ends, further_marks)] = False
    return is_plain


def _after(ends: np.ndarray) -> np.ndarray:
    """The starts of adjacent ranges with these ends."""
    return np.concatenate(([0], ends[:-1] + 1))


def _these_lines(text: bytes, starts: np.ndarray, ends: np.ndarray, chosen: np.ndarray) -> bytes:
    """The chosen lines of a text, each with its LF."""
    if len(chosen) == len(starts):
        return text
    places = zip(starts[chosen].tolist(), (ends[chosen] + 1).tolist(), strict=True)
    return b"".join([text[start:after] for start, after in places])


def _not_utf8(text: bytes, codes: np.ndarray) -> np.ndarray:
    """Positions of invalid bytes, at least one in every line that is not UTF-8. The text ends in LF."""
    is_next = (codes & 0xC0) == 0x80
    is_expected = np.zeros(len(codes), bool)
    is_expected[1:] = codes[:-1] >= 0xC0
    is_expected[2:] |= (codes[:-2] >= 0xE0) & is_next[1:-1]
    largest = int(codes.max())
    if largest >= 0xF0:
        is_expected[3:] |= (codes[:-3] >= 0xF0) & is_next[1:-2] & is_next[2:-1]
    is_wrong = is_next != is_expected
    if largest > 0xF4:
        is_wrong |= codes > 0xF4
    for first, (least, most) in _SECOND_BYTES.items():
        if bytes([first]) in text:
            at = np.flatnonzero(codes == first)
            second = codes[at + 1]
            is_wrong[at] |= (second < least) | (second > most)
    return np.flatnonzero(is_wrong)
