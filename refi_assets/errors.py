"""Errors that a user can act on: what is wrong, where, and what to do.

Their text is shown without a traceback, so it must never quote a borrower's data.
"""

import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class RefiError(Exception):
    """Something that a user can fix. The base of every error that this package raises on purpose."""


class SettingError(RefiError):
    """A setting, policy or contract is missing, invalid, or contradicts another."""


class SourceError(RefiError):
    """A source file is missing, unreadable, empty or lacks a column."""


class LakeError(RefiError):
    """The lake failed, does not have a requested object, or must not store one."""


class EngineError(RefiError):
    """An engine refused a statement. The engine's own message is kept only if it cannot quote a file."""


class IdentityError(RefiError):
    """A matcher refused its input, failed, or took too long."""


class ModelError(RefiError):
    """A model, or what it is to be trained on or asked about, is missing, unsuitable or damaged."""


class StoreError(RefiError):
    """The store is full, locked, read-only, damaged or missing, or must not take what it was given."""


class WeekGoneError(StoreError):
    """The store no longer has the week of a cursor."""


@contextmanager
def best_effort(on_failure: Callable[[str], object]) -> Iterator[None]:
    """Run optional work, which may fail: `on_failure` gets the reason, without any borrower's data."""
    try:
        yield
    except RefiError as error:
        on_failure(str(error))
    except Exception as error:
        on_failure(f"{type_and_place(error)}.")


def type_and_place(error: BaseException) -> str:
    """An error's type and where this package raised it, without its message, which may quote a borrower."""
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    return at_place(type(error).__name__, frames)


def at_place(name: str, frames: Iterable[tuple[str, int | None]]) -> str:
    """An error's name, and the module and line of this package's innermost frame, if there is one."""
    package = Path(__file__).parent
    own = [(Path(file), line) for file, line in frames if package in Path(file).parents]
    if not own:
        return name
    path, line = own[-1]
    return f"{name} at {'.'.join(path.relative_to(package.parent).with_suffix('').parts)}:{line}"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a failure to write a file that the user chose into a RefiError."""
    try:
        yield
    except OSError as error:
        raise RefiError(f"{path} cannot be written: {error.strerror}.") from None


@contextmanager
def needs_packages(feature: str, packages: Collection[str], extra: str, make: str) -> Iterator[None]:
    """Turn a missing package of an extra into a SettingError; `make` is the command that installs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in packages:
            raise
        raise SettingError(
            f"{feature} needs the package {error.name}, of the extra `{extra}`. Install refi-assets[{extra}]; in the "
            f"project folder: {make}."
        ) from None
