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
    states = load_states()
    assert len(states.rows) == 51  # and the District of Columbia
    assert {cap for _, _, cap, _, _ in states.rows} == {Decimal(36)}
    assert sum(not licensed for _, licensed, _, _, _ in states.rows) == 3
    assert all(source and as_of for *_, source, as_of in states.rows)


def test_the_sample_says_in_its_head_that_it_is_one_and_warns() -> None:
    assert STATES_FILE.read_text("utf-8").startswith("# SAMPLE, to be replaced and reviewed")
    assert load_states().warnings == [
        "states.yaml: nobody has reviewed it; add reviewed_by and reviewed_on once counsel has."
    ]


def test_a_reviewed_file_does_not_warn(tmp_path: Path) -> None:
    states = load_states(_file(tmp_path, f"reviewed_by: 'A. Counsel'\nreviewed_on: 2026-01-31\nstates:\n  NY: {ROW}\n"))
    assert states.warnings == []
    assert states.reviewed_by == "A. Counsel"


def test_half_a_review_warns(tmp_path: Path) -> None:
    assert load_states(_file(tmp_path, f"reviewed_by: 'A. Counsel'\nstates:\n  NY: {ROW}\n")).warnings


def test_the_hash_is_that_of_the_values(tmp_path: Path) -> None:
    texts = (f"states:\n  NY: {ROW}\n", f"# a comment\nstates: {{NY: {ROW}}}\n", f"states:\n  NJ: {ROW}\n")
    hashes = []
    for number, text in enumerate(texts):
        (tmp_path / str(number)).mkdir()
        hashes.append(load_states(_file(tmp_path / str(number), text)).sha256)
    assert hashes[0] == hashes[1] != hashes[2]


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
