"""Garbage collection is off or rare where short processes would wait for it."""

import gc
import subprocess
import sys

import pytest

from refi_assets.orchestration.garbage import freeze_existing_objects, garbage_collection_off, rare_garbage_collection
from refi_assets.settings import PROJECT_DIR


def test_the_collector_is_off_inside_and_on_afterwards() -> None:
    with garbage_collection_off():
        with garbage_collection_off():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_turns_it_on_again() -> None:
    with pytest.raises(ZeroDivisionError), garbage_collection_off():
        _ = 1 / 0
    assert gc.isenabled()


def test_rare_means_once_per_half_a_million_new_objects() -> None:
    thresholds = gc.get_threshold()
    with rare_garbage_collection():
        assert gc.get_threshold()[0] == 500_000
    with pytest.raises(ZeroDivisionError), rare_garbage_collection():
        _ = 1 / 0
    assert gc.get_threshold() == thresholds


@pytest.mark.parametrize(("form", "printed"), [("nullcontext", "collected\n"), ("rare_garbage_collection", "")])
def test_nothing_is_collected_when_the_process_ends(form: str, printed: str) -> None:
    command = [sys.executable, "-c", _ENDS_WITH_GARBAGE.format(form)]
    assert subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT_DIR).stdout == printed


_ENDS_WITH_GARBAGE = """
from contextlib import nullcontext
from refi_assets.orchestration.garbage import rare_garbage_collection

class Circle:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("collected", flush=True)

with {}():
    Circle()
"""


def test_existing_objects_are_frozen_once_per_process() -> None:
    freeze_existing_objects()
    count = gc.get_freeze_count()
    assert count > 0
    new_objects: list[list[int]] = [[] for _ in range(1000)]
    freeze_existing_objects()
    assert gc.get_freeze_count() <= count, len(new_objects)
