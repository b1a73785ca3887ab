"""Limits Python's garbage collection, so that short processes do not wait for it.

Imports, definitions and Dagster's instance are half a million objects that live until the process ends. The collector
scans them repeatedly while they are created, which takes a tenth of a small run, and once more at exit, to no use.
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def garbage_collection_off() -> Iterator[None]:
    """Collect no garbage inside this context."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """Collect garbage once per half a million new objects inside this context, and never when the process ends."""
    thresholds = gc.get_threshold()
    gc.set_threshold(500_000, *thresholds[1:])
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def freeze_existing_objects() -> None:
    """Exclude all existing objects from collection; once per process, so that garbage does not accumulate."""
    if not gc.get_freeze_count():
        gc.freeze()
