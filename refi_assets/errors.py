"""Errors a user can act on: what is wrong, where, and what to do.

Their text is shown as it is, without a traceback, so it must never quote a borrower's data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class RefiError(Exception):
    """Something a user can mend. Base of every error this package raises on purpose."""


class SettingError(RefiError):
    """A setting, policy or contract is missing, absurd or contradicts another."""


class SourceError(RefiError):
    """A source file is missing, unreadable, empty or lacks a column."""


class LakeError(RefiError):
    """The lake does not hold, or must not take, what was asked of it."""


class EngineError(RefiError):
    """An engine refused a statement. The engine's own words are kept only where they cannot quote a file."""


class IdentityError(RefiError):
    """Who is who cannot be told: a matcher refused, failed or took too long."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a failure to write a file that the user named into a RefiError."""
    try:
        yield
    except OSError as error:
        raise RefiError(f"{path} cannot be written: {error.strerror}.") from None
