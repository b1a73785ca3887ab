"""A CSV reader by RFC 4180 and the project's rules, one character at a time: slow, short, obviously right.

The delimiter and the quote may be other bytes; without a quote, a CR within a record makes it malformed.

It uses nothing of refi_assets. Tests compare the fast reader with it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """A record after the header: its cells, or None if it is malformed; and its bytes without the line end."""

    cells: tuple[str, ...] | None
    raw: bytes


def read(data: bytes, delimiter: bytes = b",", quote: bytes = b'"') -> tuple[tuple[str, ...] | None, list[Record]]:
    """The header's cells (None without a line that is a header) and the records after it.

    A malformed record is one line long: the next line starts a new record even if a quote is open.
    """
    data = data.removeprefix("\ufeff".encode())
    records: list[Record] = []
    at = 0
    while at < len(data):
        line, after_line = _line(data, at)
        if line == b"":
            at = after_line
            continue
        parsed = _parse(data, at, delimiter, quote)
        if parsed is None:
            records.append(Record(None, line))
            at = after_line
            continue
        fields, end, after = parsed
        is_whole = bool(quote) or b"\r" not in b"".join(fields)
        records.append(Record(_decoded(fields) if is_whole else None, data[at:end]))
        at = after
    if not records or records[0].cells is None:
        return None, []
    width = len(records[0].cells)
    return records[0].cells, [
        record if record.cells is not None and len(record.cells) == width else Record(None, record.raw)
        for record in records[1:]
    ]


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    """The line that starts here, without LF or CRLF, and the start of the next. A final CR is not a line end."""
    line_feed = data.find(b"\n", at)
    if line_feed < 0:
        rest = data[at:]
        return (b"" if rest == b"\r" else rest), len(data)
    line = data[at:line_feed]
    return line.removesuffix(b"\r"), line_feed + 1


def _parse(data: bytes, at: int, delimiter: bytes, quote: bytes) -> tuple[list[bytes], int, int] | None:
    """The fields of the record that starts here, the end of its text, the start of the next; None: broken quoting."""
    fields: list[bytes] = []
    while True:
        begin = at
        if quote and data[at : at + 1] == quote:
            at += 1
            while data[at : at + 1] != quote or data[at + 1 : at + 2] == quote:
                if at >= len(data):
                    return None  # never closed
                at += 2 if data[at : at + 1] == quote else 1
            field = data[begin + 1 : at].replace(quote * 2, quote)
            at += 1
        else:
            while data[at : at + 1] not in (b"", delimiter, b"\n", quote) and data[at : at + 2] != b"\r\n":
                at += 1
            field = data[begin:at]
            if quote and data[at : at + 1] == quote:
                return None  # a quote in a field that is not quoted
            if at == len(data):
                field = field.removesuffix(b"\r")  # half a line end
                at = begin + len(field) if not quote else at
        fields.append(field)
        if data[at : at + 1] == delimiter:
            at += 1
        elif at == len(data) or data[at : at + 1] == b"\n":
            return fields, at, at + 1
        elif data[at : at + 2] == b"\r\n":
            return fields, at, at + 2
        elif data[at:] == b"\r":
            return fields, at, at + 1
        else:
            return None  # text after the closing quote


def _decoded(fields: list[bytes]) -> tuple[str, ...] | None:
    try:
        return tuple(field.decode() for field in fields)
    except UnicodeDecodeError:
        return None
