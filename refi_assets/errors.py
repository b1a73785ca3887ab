"""Errors a user can act on: what is wrong, where, and what to do.

Their text is shown as it is, without a traceback, so it must never quote a borrower's data.
"""

import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
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
def not_needed(failed: Callable[[str], object]) -> Iterator[None]:
    """Let work fail that the answer does not need: `failed` gets the reason, in words that quote no borrower."""
    try:
        yield
    except RefiError as error:
        failed(str(error))
    except Exception as error:
        failed(f"{type_and_place(error)}.")


def type_and_place(error: BaseException) -> str:
    """The kind of an error and where this package raised it; never its words, which may quote a borrower."""
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    return at_place(type(error).__name__, frames)


def at_place(name: str, frames: Iterable[tuple[str, int | None]]) -> str:
    """An error's name and the module and line of this package's innermost frame, if one is among these."""
    package = Path(__file__).parent
    own = [(Path(file), line) for file, line in frames if package in Path(file).parents]
    if not own:
        return name
    path, line = own[-1]
    return f"{name} at {'.'.join(path.relative_to(package.parent).with_suffix('').parts)}:{line}"


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
