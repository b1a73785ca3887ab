"""Contracts that were found to keep to the standard, remembered from one process to the next.

To judge one takes longer than all else that a start does with contracts. A verdict is a file without content, whose
name is a hash of everything that decides it; only good ones are kept. Without a folder to write to, none is.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path


def verdict_of(*parts: bytes | str) -> Path:
    """The file that stands for a good verdict on these parts: the contract, the standard, and the code that judges."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part if isinstance(part, bytes) else part.encode()).digest())
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache, "refi_assets", "contracts", digest.hexdigest())


def is_kept(verdict: Path) -> bool:
    """Whether it was found good before."""
    try:
        return verdict.is_file()
    except OSError:
        return False


def keep(verdict: Path) -> None:
    """Remember that it was found good."""
    if not verdict.is_absolute():  # there is no home
        return
    with suppress(OSError):
        verdict.parent.mkdir(parents=True, exist_ok=True)
        verdict.touch()
