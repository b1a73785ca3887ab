"""What the name of a file says: its kind, which source it belongs to or seems to, and whether it is a copy's.

Names and endings are read in any case. What a file holds is not looked at here.
"""

import re
from collections.abc import Collection
from fnmatch import fnmatch

from refi_assets.lake.folder_store import is_hidden

SUFFIXES = (".csv", ".csv.gz", ".parquet")

# Files that come with sources and are none of them: a sample's truth, expected results, notes.
_SILENT = ("truth.json", "persons.csv", "readme*", "expected_*")

# 'tape (1)', 'tape(2)', 'tape - Copy', 'tape - Copy (2)', 'tape copy 2', 'Copy of tape'.
_COPY = re.compile(r"(?: ?\([0-9]+\)| - copy(?: \([0-9]+\))?| copy(?: [0-9]+)?)$|(?:(?<=/)|^)copy of ")


def suffix_of(name: str) -> str | None:
    """The ending of a file that can be read, in lower case; None for any other."""
    return next((suffix for suffix in SUFFIXES if name.casefold().endswith(suffix)), None)


def stem_of(name: str) -> str:
    """A file's name in lower case, without the ending of a file that can be read."""
    return name.casefold().removesuffix(suffix_of(name) or "")


def original_of(name: str) -> str | None:
    """The name that a file was copied from, in lower case, if its own is that of a copy: tape.csv of 'tape (1).csv'."""
    original, replaced = _COPY.subn("", stem_of(name), count=1)
    return original + (suffix_of(name) or "") if replaced else None


def is_silent(name: str) -> bool:
    """Whether a file is passed over without a word."""
    return any(fnmatch(name.casefold(), pattern) for pattern in _SILENT)


def is_passed_over(path: str) -> bool:
    """Whether a part of a source is passed over without a word: hidden files, and notes that cannot be read anyway."""
    return is_hidden(path) or (suffix_of(path) is None and is_silent(path.rsplit("/", 1)[-1]))


def seems_source(name: str, sources: Collection[str]) -> str | None:
    """The source whose name a file's name begins with, without case, copy number, date and separators; None if none."""
    letters = _letters(re.sub(r"^(?:copy of|[\W\d_]+)+", "", name.casefold()))
    fitting = [source for source in sources if letters.startswith(_letters(source.casefold()))]
    return max(fitting, key=len, default=None)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)
