"""The grammar of a record by the delimiter and the quote of its file: RFC 4180's with other characters, or no quotes.

Bytes are UTF-8. Which bytes of a file are its records belongs to records.py, which has the grammar's states.
"""

import re
from collections.abc import Sequence
from functools import cache

from refi_assets.specs.file_formats import CSV, FileFormat


class RecordGrammar:
    """Patterns of a record: `record` (group 1 is its text), and `open_at_end`, whose last quote does not close."""

    def __init__(self, delimiter: bytes, quote: bytes) -> None:
        self.delimiter, self.quote = delimiter, quote
        d, q = re.escape(delimiter), re.escape(quote)
        inside = rb"(?:[^%b]++|%b%b)*+" % (q, q, q) if quote else b""
        field = rb"(?:%b%b%b|[^%b%b\n]*+)" % (q, inside, q, q, d) if quote else rb"[^%b\n]*+" % d
        self.record = re.compile(rb"(%b(?:%b%b)*+)\r?(?:\n|\Z)" % (field, d, field))
        self.open_at_end = re.compile(rb"(?:%b%b)*+%b%b\Z" % (field, d, q, inside) if quote else rb"(?!)")
        self._cell = re.compile(rb"(?:^|%b)(?:%b(%b)%b|([^%b%b]*+))" % (d, q, inside, q, q, d))

    def unquoted_cells(self, record: bytes) -> list[bytes]:
        """The unquoted fields of a well-formed record (without its line end)."""
        if not self.quote:
            return record.split(self.delimiter)
        return [
            match[2] if match[1] is None else match[1].replace(self.quote * 2, self.quote)
            for match in self._cell.finditer(record.rstrip(b"\r"))
        ]

    def with_quotes(self, cells: Sequence[bytes]) -> bytes:
        """A record of these cells, all of them quoted."""
        quote = self.quote
        return self.delimiter.join(quote + cell.replace(quote, quote * 2) + quote for cell in cells)


@cache
def grammar_of(file_format: FileFormat = CSV) -> RecordGrammar:
    """The grammar of a format's records."""
    return RecordGrammar(file_format.delimiter.encode(), file_format.quote.encode())


def unquoted_cells(record: bytes, file_format: FileFormat = CSV) -> list[bytes]:
    """The unquoted fields of a well-formed record (without its line end)."""
    return grammar_of(file_format).unquoted_cells(record)
