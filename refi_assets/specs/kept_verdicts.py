"""A cache of contracts that conform to the standard, shared by processes.

Validating a contract takes longer than everything else that a start does with it. A verdict is an empty file whose name
is a hash of everything that decides it. Only positive verdicts are kept, and none without a writable cache folder.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path


def verdict_of(*parts: bytes | str) -> Path:
    """The file of a positive verdict on these parts: the contract, the standard, and the validating code."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part if isinstance(part, bytes) else part.encode()).digest())
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache, "refi_assets", "contracts", digest.hexdigest())


def is_kept(verdict: Path) -> bool:
    """Whether a positive verdict was kept before."""
    try:
        return verdict.is_file()
    except OSError:
        return False


def keep(verdict: Path) -> None:
    """Keep a positive verdict."""
    if not verdict.is_absolute():  # there is no home folder
        return
    with suppress(OSError):
        verdict.parent.mkdir(parents=True, exist_ok=True)
        verdict.touch()
