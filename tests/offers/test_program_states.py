"""The states: a sample that says so, and files that are refused."""

from decimal import Decimal
from pathlib import Path

import pytest

from refi_assets.errors import SettingError
from refi_assets.offers.states import STATES_FILE, load_states

ROW = "{licensed: true, max_apr_pct: 36, source: statute, as_of: 2026-01-01}"


def _file(folder: Path, text: str) -> Path:
    path = folder / "states.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_sample_has_every_state_at_36_pct_and_three_without_a_licence() -> None:
    laws = load_states().states.values()
    assert len(laws) == 51  # and the District of Columbia
    assert {law.max_apr_pct for law in laws} == {Decimal(36)}
    assert sum(not law.licensed for law in laws) == 3
    assert all(law.source and law.as_of for law in laws)


def test_the_sample_says_in_its_head_that_it_is_one_and_is_not_reviewed() -> None:
    assert STATES_FILE.read_text("utf-8").startswith("# SAMPLE, to be replaced and reviewed")
    assert not load_states().is_reviewed


@pytest.mark.parametrize(
    ("head", "is_reviewed"),
    [
        ("reviewed_by: A. Counsel\nreviewed_on: 2026-01-31\n", True),
        ("reviewed_by: A. Counsel\n", False),
        ("reviewed_on: 2026-01-31\n", False),
    ],
)
def test_a_review_has_a_name_and_a_day(tmp_path: Path, head: str, is_reviewed: bool) -> None:
    assert load_states(_file(tmp_path, f"{head}states:\n  NY: {ROW}\n")).is_reviewed == is_reviewed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "states.yaml, line 1, states: there is no state in it, so nobody could get an offer"),
        ("states:\n", "states.yaml, line 1, states: there is no state in it"),
        ("states: {}\n", "states.yaml, line 1, states: there is no state in it"),
        (f"states:\n  NY: {ROW.replace('true', 'false')}\n", "states.yaml, line 1, states: no state is licensed"),
        (f"states:\n  NY: {ROW}\n  NY: {ROW}\n", "states.yaml, line 3, states.NY: duplicate key; see line 2"),
        (f"states:\n  ny: {ROW}\n", "states.yaml, line 2, states.ny"),
        (f"states:\n  NY: {ROW.replace('36', 'none')}\n", "line 2, states.NY.max_apr_pct: should be a number"),
        (f"states:\n  NY: {ROW.replace('36', '-1')}\n", "line 2, states.NY.max_apr_pct: should be greater than"),
        (f"states:\n  NY: {ROW.replace('source', 'sourc')}\n", "states.NY.sourc: unknown key; did you mean source?"),
        (f"states:\n  NY: {ROW.replace(', as_of: 2026-01-01', '')}\n", "line 2, states.NY.as_of: this key is missing"),
        (f"states:\n  NY: {ROW.replace('2026-01-01', 'May')}\n", "line 2, states.NY.as_of"),
    ],
)
def test_a_file_without_a_usable_state_is_refused_with_line_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingError) as refused:
        load_states(_file(tmp_path, text))
    assert message in str(refused.value)
