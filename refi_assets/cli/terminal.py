"""The console of the command line: all of its text, tables and colors.

Text from a lender's file cannot control a terminal: control characters, escapes and characters that change the
direction of text are printed as \\x1b. JSON has its own escapes and is printed as it is.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Span, Text

# Control, format (bidi, zero width), surrogate, line and paragraph separators.
_SHOWN_ESCAPED = ("Cc", "Cf", "Cs", "Zl", "Zp")


class Terminal(Console):
    """A console that shows control characters instead of obeying them; line breaks stay."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """A text, escaped before Text silently drops some control characters."""
        return super().render_str(harmless(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable; the cells of tables and the branches of trees also pass through here."""
        return super().render(harmless_text(renderable) if isinstance(renderable, Text) else renderable, options)

    def say(self, text: str, *, style: str | None = None, end: str = "\n") -> None:
        """Print a text without markup, added line breaks, or colors other than the style's."""
        self.print(text, style=style, markup=False, emoji=False, highlight=False, soft_wrap=True, end=end)

    def warn(self, text: str) -> None:
        """Print a warning."""
        self.say(text, style="yellow")

    def table(self, names: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str | None = None) -> None:
        """Print rows under the names of their columns; columns of numbers, or of right-aligned Text, are right-aligned.

        In a terminal, long texts wrap between words; an id never wraps, nor does anything in a pipe.
        """
        table = Table(title=title, title_justify="left", box=box.SIMPLE, pad_edge=False)
        for number, name in enumerate(names):
            values = [row[number] for row in rows if row[number] not in (None, "")]
            is_number = bool(values) and all(map(_is_number, values))
            is_one_word = not any(" " in str(_cell(value)) for value in values)
            table.add_column(one_line(name), justify="right" if is_number else "left", no_wrap=is_one_word or not name)
        for row in rows:
            table.add_row(*map(_cell, row))
        widths = Measurement.get(self, self.options.update(max_width=10_000), table)
        width = max(self.width, widths.minimum) if self.is_terminal else widths.maximum
        Terminal(file=self.file, width=width, force_terminal=self.is_terminal).print(table, crop=False)


def harmless(text: str) -> str:
    """A text that cannot control a terminal; line breaks stay."""
    return "".join(map(_shown, text))


def one_line(text: str) -> str:
    """The same, with line breaks escaped as well, for text such as a file's name."""
    return harmless(text).replace("\n", "\\x0a")


def harmless_text(text: Text) -> Text:
    """The same for a styled text, with its styles in place."""
    shown = [_shown(character) for character in text.plain]
    if "".join(shown) == text.plain:
        return text
    places = [0, *accumulate(map(len, shown))]
    copy = text.blank_copy("".join(shown))
    copy.spans = [Span(places[span.start], places[span.end], span.style) for span in text.spans]
    return copy


def _cell(value: Any) -> str | Text:
    if isinstance(value, Text):
        return value
    return one_line("" if value is None else f"{value:,}" if type(value) is int else str(value))


def _is_number(value: Any) -> bool:
    return value.justify == "right" if isinstance(value, Text) else isinstance(value, int | Decimal)


def say(text: str) -> None:
    """Print a text to the standard output."""
    Terminal().say(text)


def _shown(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in _SHOWN_ESCAPED:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
