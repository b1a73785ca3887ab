"""Names of columns as words, however they are joined: MaritalStatus, marital_status, marital-status."""

import re
from itertools import combinations

from refi_assets.ml.policy import NamePatterns

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


def name_matches(name: str, patterns: NamePatterns) -> bool:
    """Whether a column's name is one of the patterns'."""
    words = [word.casefold() for word in _WORD.findall(name)]
    runs = {"".join(words[start:end]) for start, end in combinations(range(len(words) + 1), 2)}
    if not runs.isdisjoint(map(_joined, patterns.always)):
        return True
    if not runs.isdisjoint(map(_joined, patterns.unless)):
        return False
    return not runs.isdisjoint(map(_joined, patterns.words)) or _joined(name) in set(map(_joined, patterns.exactly))


def _joined(words: str) -> str:
    return "".join(_WORD.findall(words)).casefold()
