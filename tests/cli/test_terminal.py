"""Text in a lender's file cannot control a terminal."""

import io
import re

import pytest
from rich.table import Table
from rich.text import Text

from refi_assets.cli.terminal import Terminal, harmless, one_line


def printed(*renderables: object) -> str:
    stream = io.StringIO()
    console = Terminal(file=stream, width=200)
    for renderable in renderables:
        console.print(renderable, markup=False)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\rb\x08c\x00", r"a\x0db\x08c\x00"),
        ("a\tb", r"a\x09b"),
        ("\x7f\x9b31m", r"\x7f\x9b31m"),
        ("\u202egnp.exe\u2066", r"\u202egnp.exe\u2066"),
        ("\u200b\u2028", r"\u200b\u2028"),
        ("\U000e0041", r"\U000e0041"),
        ("\udcff", r"\udcff"),
        ("Zoë Łódź 東京 مريم", "Zoë Łódź 東京 مريم"),
        ("[bold]:smile:", "[bold]:smile:"),
    ],
)
def test_characters_that_a_terminal_would_obey_are_escaped(text: str, shown: str) -> None:
    assert harmless(text) == shown
    assert one_line(f"{text}\n") == rf"{shown}\x0a"


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0)])
def test_no_control_character_reaches_a_terminal_in_any_part_of_a_page(code: int) -> None:
    evil = f"<{chr(code)}>"
    table = Table(title=evil)
    table.add_column(evil)
    table.add_row(evil)
    table.add_row(Text(evil, "bold"))
    shown = printed(evil, Text(evil), table)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    if chr(code) != "\n":
        assert shown.count(rf"<\x{code:02x}>") >= 4


def test_a_styled_text_keeps_its_styles_in_their_places() -> None:
    stream = io.StringIO()
    Terminal(file=stream, force_terminal=True, color_system="standard").print(
        Text.assemble(("a\x1b", "bold"), "b", ("c", "red"))
    )
    assert stream.getvalue() == "\x1b[1ma\\x1b\x1b[0mb\x1b[31mc\x1b[0m\n"


RUN_ID = "10683293-adeb-4a2f-ad65-21a1cd3625a3"
ROWS = [("2026-02-20", RUN_ID, 237, None, "published, latest, and more words than fit beside an id")]


def table_lines(width: int, *, is_terminal: bool) -> list[str]:
    stream = io.StringIO()
    Terminal(file=stream, width=width, force_terminal=is_terminal, no_color=True).table(
        ("as of", "run", "unified", "why", "status"), ROWS
    )
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 40])
def test_an_id_is_whole_however_narrow_the_terminal_is(width: int) -> None:
    lines = table_lines(width, is_terminal=True)
    assert sum(RUN_ID in line for line in lines) == 1
    assert not any("published, latest, and more words than fit" in line for line in lines)


def test_in_a_pipe_nothing_is_folded() -> None:
    (line,) = [line for line in table_lines(40, is_terminal=False) if RUN_ID in line]
    assert ROWS[0][-1] in line
