"""The start of a run without the garbage collector.

Imports, definitions and Dagster's instance are a million objects that stay. To look through them again and again, as
the collector does while they are made, takes a tenth of a small run.
"""

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


def keep_what_is_there() -> None:
    """Let the collector never look at what is there now; once a process, so that nothing else piles up."""
    if not gc.get_freeze_count():
        gc.freeze()
