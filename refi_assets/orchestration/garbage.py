"""When Python looks for garbage, so that short processes do not wait for it.

Imports, definitions and Dagster's instance are half a million objects that stay. To look through them again and again,
as the collector does while they are made, takes a tenth of a small run, and to look through them once more at the end
of the process is of no use.
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage in here."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Collect garbage only after each half a million new objects in here, and none when the process ends."""
    before = gc.get_threshold()
    gc.set_threshold(500_000, *before[1:])
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def keep_what_is_there() -> None:
    """Let the collector never look at what is there now; once a process, so that nothing else piles up."""
    if not gc.get_freeze_count():
        gc.freeze()
