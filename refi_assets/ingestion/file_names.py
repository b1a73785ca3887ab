"""Names of files: the kind, the source that a file belongs to or seems to belong to, and whether it is a copy.

Names and endings are read in any case. The contents of files are not read here.
"""

import re
from collections.abc import Collection
from fnmatch import fnmatch

from refi_assets.lake.folder_store import is_hidden
from refi_assets.specs.contracts import load_contracts

SUFFIXES = (".csv", ".csv.gz", ".parquet")

# Beside sources, but not sources: the truth of made-up files and their stream, expected results, notes.
_SILENT = ("truth.json", "persons.csv", "readme*", "expected_*", "messages", "replayed")

# 'tape (1)', 'tape(2)', 'tape - Copy', 'tape - Copy (2)', 'tape copy 2', 'Copy of tape'.
_COPY = re.compile(r"(?: ?\([0-9]+\)| - copy(?: \([0-9]+\))?| copy(?: [0-9]+)?)$|(?:(?<=/)|^)copy of ")


def names_of(source: str) -> tuple[str, ...]:
    """The further names of a source's files that its contract declares, in lower case, such as trans.asc."""
    contract = load_contracts().get(source)
    return contract.file_format.names if contract else ()


def endings_of(source: str) -> tuple[str, ...]:
    """The endings of a source's readable files, in lower case."""
    contract = load_contracts().get(source)
    return (*SUFFIXES, *(contract.file_format.endings if contract else ()))


def suffix_of(name: str, endings: Collection[str] = SUFFIXES) -> str | None:
    """The ending of a readable file, in lower case; None for any other."""
    return next((suffix for suffix in endings if name.casefold().endswith(suffix)), None)


def stem_of(name: str, endings: Collection[str] = SUFFIXES) -> str:
    """A file's name in lower case, without the ending of a readable file."""
    return name.casefold().removesuffix(suffix_of(name, endings) or "")


def original_of(name: str, endings: Collection[str] = SUFFIXES) -> str | None:
    """The name of the original, in lower case, if the name is that of a copy: tape.csv for 'tape (1).csv'."""
    original, replaced = _COPY.subn("", stem_of(name, endings), count=1)
    return original + (suffix_of(name, endings) or "") if replaced else None


def source_of(name: str, sources: Collection[str]) -> str | None:
    """The source whose file this is by its name: <source>.csv, or a name that its contract declares."""
    folded = name.casefold()
    for source in sources:
        ending = suffix_of(name, endings_of(source))
        if ending and (folded == source.casefold() + ending or folded.removesuffix(".gz") in names_of(source)):
            return source
    return None


def is_silent(name: str) -> bool:
    """Whether a file is ignored silently."""
    return any(fnmatch(name.casefold(), pattern) for pattern in _SILENT)


def is_passed_over(path: str, endings: Collection[str] = SUFFIXES) -> bool:
    """Whether a part of a source is ignored silently: hidden files, and notes of an unreadable kind."""
    return is_hidden(path) or (suffix_of(path, endings) is None and is_silent(path.rsplit("/", 1)[-1]))


def seems_source(name: str, sources: Collection[str]) -> str | None:
    """The source whose name begins a file's name, regardless of case, date and separators; None if there is none.

    A name that a contract declares, without its ending, must be followed by a character that is not a letter.
    """
    start = re.sub(r"^(?:copy of|[\W\d_]+)+", "", name.casefold())
    letters = _letters(start)
    candidates = [source for source in sources if letters.startswith(_letters(source.casefold()))]
    candidates = candidates or [
        source
        for source in sources
        for declared in names_of(source)
        if re.match(re.escape(declared.rpartition(".")[0]) + r"(?![^\W\d_])", start)
    ]
    return max(candidates, key=len, default=None)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)
