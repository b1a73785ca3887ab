"""Files in an encoding other than UTF-8, read as UTF-8. Only their contract says which encoding it is.

A byte that the encoding does not have becomes a surrogate, which is not valid UTF-8, so that its record is malformed;
from it, the original bytes can be restored.
"""

import io
from typing import BinaryIO

from refi_assets.errors import SourceError

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class Decoded(io.RawIOBase):
    """The text of a stream of single-byte characters, as UTF-8. A read may return more bytes than it asks for."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream, self._encoding, self._is_at_start = stream, encoding, True

    def read(self, size: int = -1) -> bytes:
        """About `size` bytes of text. Raises SourceError for a file in Unicode."""
        block = self._stream.read(size)
        if self._is_at_start and block.startswith(_BYTE_ORDER_MARKS):
            raise SourceError(
                f"it begins with a byte order mark of Unicode, but the contract declares {self._encoding}"
            )
        self._is_at_start = False
        if block.isascii():
            return block
        return block.decode(self._encoding, "surrogateescape").encode("utf-8", "surrogatepass")

    def close(self) -> None:
        """Close the original stream as well."""
        self._stream.close()
        super().close()


def encoded(text: bytes, encoding: str) -> bytes:
    """The original bytes of a text that was read in an encoding."""
    if encoding == "utf-8" or text.isascii():
        return text
    return text.decode("utf-8", "surrogatepass").encode(encoding, "surrogateescape")
