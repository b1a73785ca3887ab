"""The names of a file's columns: which of them are the contract's, in whatever spelling."""

import re
from collections.abc import Collection, Sequence

from refi_assets.errors import SourceError


def trim(text: str) -> str:
    """A cell's text without surrounding white space."""
    return text.strip(" \t\r\n\u00a0\ufeff")


def normalized_name(name: str) -> str:
    """A column's name in lower case, without spaces, hyphens and underscores."""
    return re.sub(r"[\s\u00a0\ufeff_-]+", "", name).casefold()


def read_names(names: Sequence[str], known_names: Collection[str] = ()) -> tuple[tuple[str, ...], dict[str, str]]:
    """The names of columns, in order, and a mapping of the file's other spellings to ours.

    A name that differs from a known one only in case, spaces, hyphens and underscores is read as that one; any other
    name is trimmed and case-folded. Raises SourceError if two columns have the same name; a name that is not ours is
    not quoted, since the line may be a person's row.
    """
    by_normal = {normalized_name(name): name for name in known_names}
    columns: list[str] = []
    respelled: dict[str, str] = {}
    for number, written in enumerate(map(trim, names)):
        folded = written.casefold()
        column = folded if folded in known_names else by_normal.get(normalized_name(written), folded)
        if column and column in columns:
            first = columns.index(column)
            both = f"columns {first + 1} and {number + 1} of the header"
            if column in known_names:
                raise SourceError(
                    f"{both}, '{trim(names[first])}' and '{written}', are both {column}; keep one of them"
                )
            raise SourceError(f"{both} have the same name")
        columns.append(column)
        if column in known_names and column != written:
            respelled[written] = column
    return tuple(columns), respelled
