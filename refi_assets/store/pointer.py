"""The pointer of a program's store: current.json, which names the current week and the earlier ones that are kept.

It is the only file that changes what is read, and it changes by one rename. Files of weeks that it does not name were
left by a load that did not end, or are no longer needed.
"""

import json
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from refi_assets.errors import StoreError
from refi_assets.store.failures import READING, in_words
from refi_assets.store.protocol import Week

POINTER = "current.json"


@dataclass(frozen=True)
class KeptWeeks:
    """The weeks that the pointer names: the current one first, then the earlier ones, newest first."""

    weeks: tuple[Week, ...] = ()

    @property
    def current(self) -> Week | None:
        """The current week; None before the first."""
        return self.weeks[0] if self.weeks else None

    def __contains__(self, run_id: object) -> bool:
        return any(week.run_id == run_id for week in self.weeks)

    def with_current(self, week: Week) -> "KeptWeeks":
        """With a new current week.

        The one before it is kept for those who are reading its pages, and older ones while an offer of theirs, if
        displayed, would become firm.
        """
        earlier = (kept for place, kept in enumerate(self.weeks) if place == 0 or kept.last_expires_on >= week.as_of)
        return KeptWeeks((week, *earlier))


class Pointer:
    """Reads and moves the pointer in a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / POINTER
        self._kept = KeptWeeks()
        self._version: tuple[int, int] | None = None  # of the file that was read last

    def read(self) -> KeptWeeks:
        """The weeks, read again only if the pointer was moved. Raises StoreError if it is damaged."""
        with in_words(self.path, READING):
            try:
                status = os.stat(self.path)
                version = (status.st_ino, status.st_mtime_ns)
                if version != self._version:
                    self._kept, self._version = self._parsed(self.path.read_bytes()), version
            except FileNotFoundError:
                self._kept, self._version = KeptWeeks(), None
        return self._kept

    def move(self, kept: KeptWeeks) -> None:
        """Replace the pointer. Raises OSError; then it is unchanged."""
        weeks = [
            week._asdict() | {"as_of": str(week.as_of), "last_expires_on": str(week.last_expires_on)}
            for week in kept.weeks
        ]
        new = self.path.with_name(f"{POINTER}.new")
        with new.open("w", encoding="utf-8") as stream:
            json.dump({**weeks[0], "earlier": weeks[1:]}, stream, indent=2)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(new, self.path)
        sync_folder(self.path.parent)

    def _parsed(self, text: bytes) -> KeptWeeks:
        try:
            pointer = json.loads(text)
            weeks = [pointer, *pointer.pop("earlier")]
            return KeptWeeks(tuple(_week(week) for week in weeks))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StoreError(
                f"{self.path} is damaged. {READING}. Restore it from a backup, or remove it and run again: the firm "
                "offers are in events.sqlite and are carried into the new week."
            ) from None


def _week(fields: dict[str, str]) -> Week:
    days = {name: date.fromisoformat(fields[name]) for name in ("as_of", "last_expires_on")}
    return Week(**(fields | days))  # type: ignore[arg-type]


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
