"""Contact with something that may go away: how long ago it last answered, and why it no longer does."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from refi_assets.errors import best_effort

_LOG = logging.getLogger(__name__)


class Contact:
    """The last answer of a registry or lake. `error`: why the newest attempt failed, or None if it did not."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.error: str | None = None
        self._answered: float | None = None

    @property
    def age_seconds(self) -> float | None:
        """Seconds since the last answer; None before the first."""
        return None if self._answered is None else time.monotonic() - self._answered

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """An attempt, which may fail: then the reason is kept."""
        failures: list[str] = []
        with best_effort(failures.append):
            yield
        self.report(failures[0] if failures else None)

    def report(self, failure: str | None) -> None:
        """An answer, or the reason why there is none. The same reason is logged only once."""
        if failure is None:
            self._answered = time.monotonic()
        elif failure != self.error:
            _LOG.warning("%s: %s", self.subject, failure)
        self.error = failure
