"""The first bytes and lines of a file that is not what its name says: its real format, and what to do.

Messages never quote the file. Reading records belongs to records.py.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence

from refi_assets.errors import SourceError
from refi_assets.ingestion.headers import normalized_name
from refi_assets.specs.file_formats import CSV, SEPARATORS, FileFormat

AS_UTF8 = "save it as CSV in UTF-8 (in Excel: CSV UTF-8)"
HEADER_WITHIN = 10  # lines, one of which may be the header

# Binary formats: the beginning of a file, the name of the format, and what to do.
_FORMATS: list[tuple[bytes, str, str]] = [
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis", "an OpenDocument spreadsheet", AS_UTF8),
    (rb"PK\x03\x04(?=.*?PK\x03\x04.{26}xl/|.{26}xl/)", "an Excel workbook", AS_UTF8),
    (rb"PK[\x03\x05\x07]", "a zip archive", "unpack it"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook", AS_UTF8),
    (rb"\x1f\x8b", "compressed with gzip", "unpack it, or end its name in .csv.gz"),
    (rb"BZh[1-9]1AY&SY", "compressed with bzip2", "unpack it"),
    (rb"\xfd7zXZ\x00", "compressed with xz", "unpack it"),
    (rb"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (rb"PAR1[\x00-\x1f]", "a Parquet file", "end its name in .parquet"),
    (rb"Obj\x01", "an Avro file", "write it as CSV or Parquet"),
    (rb"ORC[\x00-\x1f]", "an ORC file", "write it as CSV or Parquet"),
    (rb"%PDF-", "a PDF", "ask for the data as CSV"),
    (rb"\xff\xfe\x00\x00|\x00\x00\xfe\xff|(?:[^\x00]\x00{3}){4}|(?:\x00{3}[^\x00]){4}", "UTF-32", AS_UTF8),
    (rb"\xff\xfe|\xfe\xff|(?:[^\x00]\x00){8}|(?:\x00[^\x00]){8}", "UTF-16", AS_UTF8),
]

_DATA = r"[-+]?[0-9][-0-9./: ]*|[A-Z]{1,3}-?[0-9]+|\S+@\S+"  # a number, a date, an id such as B12, an e-mail address


def format_of(start: bytes) -> tuple[str, str] | None:
    """The name of the binary format of a file with these first bytes, and what to do; None if it is not known here."""
    for beginning, name, to_do in _FORMATS:
        if re.match(beginning, start, re.DOTALL):
            return name, to_do
    return None


def require_text(start: bytes, file_format: FileFormat) -> None:
    """Raise SourceError if a file with these first bytes is of a binary format."""
    if binary_format := format_of(start):
        name, to_do = binary_format
        if file_format.is_plain:
            raise SourceError(f"not CSV in UTF-8, but {name}; {to_do}")
        raise SourceError(f"it is {name}; the contract declares text {file_format.description}")


def require_line_feeds(start: bytes, file_format: FileFormat) -> None:
    """Raise SourceError if the first line of a file with these first bytes has a CR that is not in a line end."""
    quote = re.escape(file_format.quote.encode()) or rb"(?!)"
    first_line = re.sub(rb"%b.*?(?:%b|\Z)" % (quote, quote), b"", start.lstrip(b"\r\n").split(b"\n", 1)[0])
    if b"\r" in first_line.rstrip(b"\r"):
        raise SourceError("its lines end in CR alone, as on old Macs; save it with LF or CRLF")


def require_header(
    text: bytes,
    line_number: int,
    names: Sequence[str] | None,
    known_names: Collection[str],
    file_format: FileFormat = CSV,
) -> None:
    """Raise SourceError if `names` are not those of a header, with the likely reason.

    `names` are the cells of the first line that is not empty, if it could be read; `text` begins with that line.
    """
    expected = {normalized_name(name) for name in known_names}
    lines = [line.decode(errors="replace") for line in text.split(b"\n", HEADER_WITHIN)[:HEADER_WITHIN]]
    declared = file_format.delimiter
    cells = {
        (number, separator): re.sub("[\"']", "", line).split(separator)
        for number, line in enumerate(lines)
        for separator in {**SEPARATORS, declared: ""}
    }
    if names is not None:
        cells[0, declared] = list(names)  # of a header that may have several lines
    matches = {place: len(expected.intersection(map(normalized_name, row))) for place, row in cells.items()}
    number, separator = best = max(matches, key=lambda place: matches[place])  # the first of equals
    if best != (0, declared) and matches[best] >= min(2, len(expected)):
        reasons = [f"its header is line {line_number + number}; remove what is above it"] if number else []
        to_do = "save it with commas" if file_format.is_plain else f"the contract declares {file_format.separator}"
        reasons += [f"its columns are separated by {SEPARATORS[separator]}; {to_do}"] * (separator != declared)
        raise SourceError(", and ".join(reasons))
    if matches[0, declared] == 0:
        format_declared = "" if file_format.is_plain else f", in text {file_format.description}"
        raise SourceError(f"{_no_header(lines[0])}; expected column names: {', '.join(known_names)}{format_declared}")


def require_no_header(names: Sequence[str], known_names: Collection[str]) -> None:
    """Raise SourceError if the cells of a first line are names of columns, although the contract declares no header."""
    expected = {normalized_name(name) for name in known_names}
    if len(expected.intersection(map(normalized_name, names))) >= min(2, len(expected)) > 0:
        raise SourceError("its first line has names of columns, but the contract declares no header; remove that line")


def _no_header(line: str) -> str:
    """A message for a first line without any of the column names."""
    if line.lstrip().startswith("<"):
        return "the file looks like HTML or XML, not CSV"
    if line.lstrip().startswith(("{", "[")):
        return "the file looks like JSON, not CSV"
    cells = [cell for separator in SEPARATORS for cell in line.replace('"', "").split(separator)]
    if any(re.fullmatch(_DATA, cell.strip()) for cell in cells):
        return "it has no header: its first line looks like a row of data"
    return "its first line has none of the column names; is it a header?"


def not_utf8(record: bytes) -> str:
    """A message for a record that is not UTF-8, and whether it is readable as Windows-1252, Excel's default."""
    is_mixed = any(character != "\ufffd" and not character.isascii() for character in record.decode(errors="replace"))
    try:
        text = record.decode("cp1252")
    except UnicodeDecodeError:
        return "not UTF-8"
    kinds = {unicodedata.category(character) for character in text if not character.isascii()}
    is_text = all(kind[0] in "LPZ" or kind == "Sc" for kind in kinds)  # letters, punctuation, no-break space, currency
    return "not UTF-8" if is_mixed or not is_text else "not UTF-8; reads as Windows-1252"
