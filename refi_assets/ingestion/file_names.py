"""Names of files: the kind, the source that a file belongs to or seems to belong to, and whether it is a copy.

Names and endings are read in any case. The contents of files are not read here.
"""

import re
from collections.abc import Collection
from fnmatch import fnmatch

from refi_assets.lake.folder_store import is_hidden

SUFFIXES = (".csv", ".csv.gz", ".parquet")

# Files beside sources that are not sources: a sample's truth, expected results, notes.
_SILENT = ("truth.json", "persons.csv", "readme*", "expected_*")

# 'tape (1)', 'tape(2)', 'tape - Copy', 'tape - Copy (2)', 'tape copy 2', 'Copy of tape'.
_COPY = re.compile(r"(?: ?\([0-9]+\)| - copy(?: \([0-9]+\))?| copy(?: [0-9]+)?)$|(?:(?<=/)|^)copy of ")


def suffix_of(name: str) -> str | None:
    """The ending of a readable file, in lower case; None for any other."""
    return next((suffix for suffix in SUFFIXES if name.casefold().endswith(suffix)), None)


def stem_of(name: str) -> str:
    """A file's name in lower case, without the ending of a readable file."""
    return name.casefold().removesuffix(suffix_of(name) or "")


def original_of(name: str) -> str | None:
    """The name of the original, in lower case, if the name is that of a copy: tape.csv for 'tape (1).csv'."""
    original, replaced = _COPY.subn("", stem_of(name), count=1)
    return original + (suffix_of(name) or "") if replaced else None


def is_silent(name: str) -> bool:
    """Whether a file is ignored silently."""
    return any(fnmatch(name.casefold(), pattern) for pattern in _SILENT)


def is_passed_over(path: str) -> bool:
    """Whether a part of a source is ignored silently: hidden files, and notes of an unreadable kind."""
    return is_hidden(path) or (suffix_of(path) is None and is_silent(path.rsplit("/", 1)[-1]))


def seems_source(name: str, sources: Collection[str]) -> str | None:
    """The source whose name begins a file's name, regardless of case, date and separators; None if there is none."""
    letters = _letters(re.sub(r"^(?:copy of|[\W\d_]+)+", "", name.casefold()))
    candidates = [source for source in sources if letters.startswith(_letters(source.casefold()))]
    return max(candidates, key=len, default=None)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)
