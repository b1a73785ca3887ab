"""Errors a user can act on: what is wrong, where, and what to do.

Their text is shown as it is, without a traceback, so it must never quote a borrower's data.
"""

from collections.abc import Collection, Iterator
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


@contextmanager
def needs_packages(what: str, packages: Collection[str], extra: str, make: str) -> Iterator[None]:
    """Turn a missing package of an extra into a message; `make` is what installs it. Raises SettingError."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in packages:
            raise
        raise SettingError(
            f"{what} needs the package {error.name}, of the extra `{extra}`. Install refi-assets[{extra}]; in the "
            f"project folder: {make}."
        ) from None
