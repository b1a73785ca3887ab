"""The names of a file's columns: which of them are the contract's, in whatever spelling."""

import re
from collections.abc import Mapping, Sequence

from refi_assets.errors import SourceError


def trim(text: str) -> str:
    """A cell's text without surrounding white space."""
    return text.strip(" \t\r\n\u00a0\ufeff")


def normalized_name(name: str) -> str:
    """A column's name in lower case, without spaces, hyphens and underscores."""
    return re.sub(r"[\s\u00a0\ufeff_-]+", "", name).casefold()


def read_names(
    names: Sequence[str], file_names: Mapping[str, str] | None = None
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Our names of columns, in order, and a mapping of the file's other spellings to those that files should have.

    `file_names` are our names, each with the name that files have. A name that differs from either only in case,
    spaces, hyphens and underscores is read as ours; any other name is trimmed and case-folded. Raises SourceError if
    two columns have the same name; a name that is not ours is not quoted, since the line may be a person's row.
    """
    file_names = file_names or {}
    ours = {name: name for name in file_names} | {file_name: name for name, file_name in file_names.items()}
    by_fold = {name.casefold(): our_name for name, our_name in ours.items()}
    by_normal = {normalized_name(name): our_name for name, our_name in ours.items()}
    columns: list[str] = []
    respelled: dict[str, str] = {}
    for number, written in enumerate(map(trim, names)):
        folded = written.casefold()
        column = by_fold.get(folded) or by_normal.get(normalized_name(written), folded)
        if column and column in columns:
            first = columns.index(column)
            both = f"columns {first + 1} and {number + 1} of the header"
            if column in file_names:
                raise SourceError(
                    f"{both}, '{trim(names[first])}' and '{written}', are both {column}; keep one of them"
                )
            raise SourceError(f"{both} have the same name")
        columns.append(column)
        if column in file_names and file_names[column] != written:
            respelled[written] = file_names[column]
    return tuple(columns), respelled
