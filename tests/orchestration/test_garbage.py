"""When Python looks for garbage."""

import gc
import subprocess
import sys

import pytest

from refi_assets.orchestration.garbage import keep_what_is_there, seldom_collected, uncollected
from refi_assets.settings import PROJECT_DIR


def test_the_collector_is_off_at_the_start_and_on_afterwards() -> None:
    with uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_turns_it_on_again() -> None:
    with pytest.raises(ZeroDivisionError), uncollected():
        _ = 1 / 0
    assert gc.isenabled()


def test_seldom_is_after_half_a_million_new_objects() -> None:
    before = gc.get_threshold()
    with seldom_collected():
        assert gc.get_threshold()[0] == 500_000
    with pytest.raises(ZeroDivisionError), seldom_collected():
        _ = 1 / 0
    assert gc.get_threshold() == before


@pytest.mark.parametrize(("form", "printed"), [("nullcontext", "collected\n"), ("seldom_collected", "")])
def test_nothing_is_collected_when_the_process_ends(form: str, printed: str) -> None:
    command = [sys.executable, "-c", _ENDS_WITH_GARBAGE.format(form)]
    assert subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT_DIR).stdout == printed


_ENDS_WITH_GARBAGE = """
from contextlib import nullcontext
from refi_assets.orchestration.garbage import seldom_collected

class Circle:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("collected", flush=True)

with {}():
    Circle()
"""


def test_what_is_there_is_kept_once_a_process() -> None:
    keep_what_is_there()
    kept = gc.get_freeze_count()
    assert kept > 0
    more: list[list[int]] = [[] for _ in range(1000)]
    keep_what_is_there()
    assert gc.get_freeze_count() <= kept, len(more)
