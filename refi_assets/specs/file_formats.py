"""The format of a source's files, as its contract declares it. Nothing is guessed from a file.

Without a declaration, files are CSV as RFC 4180 has it: commas, double quotes, UTF-8, and a header. Parquet files have
no such format. Reading files belongs to ingestion/.
"""

import codecs
import re
from dataclasses import dataclass
from typing import Any

from refi_assets.errors import SettingError

SEPARATORS = {
    ",": "commas",
    ";": "semicolons (;)",
    "|": "pipes (|)",
    "\t": "tabs",
    "^": "carets (^)",
    "~": "tildes (~)",
    ":": "colons (:)",
    "\x01": "the control character 1",
    "\x1f": "the control character 31",
}
_KEYS = {"names", "delimiter", "quote", "encoding", "header", "nullMarks"}


@dataclass(frozen=True)
class FileFormat:
    """The format of text files: `quote` is empty if cells are never quoted.

    `names` are further names of files, in lower case, such as trans.asc. Without a `header`, each column has its number
    in the file. A cell that equals a null mark, trimmed, reads as empty.
    """

    names: tuple[str, ...] = ()
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    null_marks: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether files are CSV as RFC 4180 has it, in UTF-8 and with a header."""
        return (self.delimiter, self.quote, self.encoding, self.header) == (",", '"', "utf-8", True)

    @property
    def separator(self) -> str:
        """The delimiter in words."""
        return SEPARATORS.get(self.delimiter, f"the character {self.delimiter}")

    @property
    def description(self) -> str:
        """The format in words, without names and null marks."""
        quotes = f"quoted by {self.quote}" if self.quote else "never quoted"
        header = "with" if self.header else "without"
        return f"separated by {self.separator}, {quotes}, in {self.encoding}, {header} a header"

    @property
    def endings(self) -> tuple[str, ...]:
        """The endings of the further names, in lower case, each also compressed."""
        endings = sorted({"." + name.rpartition(".")[2] for name in self.names})
        return tuple(ending + compressed for ending in endings for compressed in ("", ".gz"))


CSV = FileFormat()


def file_format_of(file: str, declared: Any) -> FileFormat:
    """The custom property fileFormat of a contract. Raises SettingError naming the contract's file and the key."""
    if not isinstance(declared, dict):
        raise SettingError(f"{file}: fileFormat must be a mapping of {', '.join(sorted(_KEYS))}.")
    if unknown := sorted(declared.keys() - _KEYS):
        raise SettingError(f"{file}: fileFormat has the unknown key {', '.join(unknown)}; it has {sorted(_KEYS)}.")
    names = tuple(_texts(file, "names", declared.get("names", [])))
    if wrong := [name for name in names if not re.fullmatch(r"[^/\\]+\.(?!gz$)[A-Za-z0-9]+", name)]:
        raise SettingError(
            f"{file}: fileFormat.names has {wrong[0]!r}, which is not a file's name with an ending; "
            "the ending .gz is added automatically."
        )
    delimiter, quote = declared.get("delimiter", ","), declared.get("quote", '"')
    is_character = isinstance(delimiter, str) and len(delimiter) == 1 and delimiter.isascii()
    if not is_character or delimiter in "\r\n\0 " or delimiter.isalnum():
        raise SettingError(
            f"{file}: fileFormat.delimiter is {delimiter!r}; it must be one ASCII character, not a letter, digit, "
            "space or line end."
        )
    if quote not in ("", '"', "'") or quote == delimiter:
        raise SettingError(f"{file}: fileFormat.quote is {quote!r}; it must be \", ' or empty, and no delimiter.")
    header = declared.get("header", True)
    if not isinstance(header, bool):
        raise SettingError(f"{file}: fileFormat.header is {header!r}; it must be true or false.")
    marks = tuple(_texts(file, "nullMarks", declared.get("nullMarks", [])))
    encoding = _encoding(file, declared.get("encoding", "utf-8"))
    return FileFormat(tuple(name.lower() for name in names), delimiter, quote, encoding, header, marks)


def _texts(file: str, key: str, texts: Any) -> list[str]:
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() == text != "" for text in texts):
        raise SettingError(f"{file}: fileFormat.{key} is {texts!r}; it must be a list of trimmed texts in quotes.")
    return texts


def _encoding(file: str, name: Any) -> str:
    """Python's name of UTF-8, or of an encoding of single bytes that extends ASCII and can be reversed."""
    ascii_bytes, every_byte = bytes(range(128)), bytes(range(256))
    try:
        encoding = codecs.lookup(str(name)).name
        text = every_byte.decode(encoding, "surrogateescape")
        is_reversible = text.encode(encoding, "surrogateescape") == every_byte
        if len(text) == len(every_byte) and is_reversible and text.startswith(ascii_bytes.decode("ascii")):
            return encoding
    except (LookupError, UnicodeError):
        pass
    raise SettingError(
        f"{file}: fileFormat.encoding is {name!r}; it must be utf-8 or an encoding of one byte a character that "
        "extends ASCII, such as cp1250 or latin-1."
    )
