"""The start of a run, without the garbage collector."""

import gc

import pytest

from refi_assets.cli.start_up import keep_what_is_there, uncollected


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


def test_what_is_there_is_kept_once_a_process() -> None:
    keep_what_is_there()
    kept = gc.get_freeze_count()
    assert kept > 0
    more: list[list[int]] = [[] for _ in range(1000)]
    keep_what_is_there()
    assert gc.get_freeze_count() <= kept, len(more)
